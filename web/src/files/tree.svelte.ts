import { SvelteMap } from 'svelte/reactivity';
import type { Place } from '../conversation/conversation.svelte';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode } from '../net/errors';
import type { FsEntry } from '../protocol.gen';
import { explain } from '../ui/explain';
import { followFiles } from './follow';
import { ancestors, isWithin, parentOf } from './paths';

/** One directory of the tree; listed when it is unfolded for the first time. */
export class Folder {
  readonly path: string;
  open = $state(false);
  children = $state.raw<FsEntry[]>();
  truncated = $state(false);
  problem = $state('');
  /** A listing is on its way; `again` when what it will say may be old already. */
  listing = false;
  again = false;

  constructor(path: string) {
    this.path = path;
  }
}

/** A project's files as far as they were unfolded, true to the disk for as long as it is followed. */
export class FileTree {
  #folders = new SvelteMap<string, Folder>();
  #connection: Connection;
  #place: Place;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
    this.#folders.set('', new Folder(''));
  }

  folder(path: string): Folder | undefined {
    return this.#folders.get(path);
  }

  follow(): () => void {
    const lookAgain = (): void => {
      for (const folder of this.#folders.values()) if (folder.open) void this.list(folder);
    };
    this.#folders.get('')!.open = true;
    lookAgain();
    return followFiles(this.#connection, this.#place, {
      lookAgain,
      changed: (changes) => {
        for (const { kind, path } of changes) if (kind === 'delete') this.#drop(path);
        for (const path of new Set(changes.flatMap((change) => [parentOf(change.path), change.path]))) {
          const folder = this.#folders.get(path);
          if (folder?.open) void this.list(folder);
        }
      },
    });
  }

  unfold(path: string): void {
    let folder = this.#folders.get(path);
    if (!folder) this.#folders.set(path, (folder = new Folder(path)));
    folder.open = true;
    void this.list(folder);
  }

  fold(path: string): void {
    const folder = this.#folders.get(path);
    if (folder) folder.open = false;
  }

  /** Unfolds what is above it, so that it can be seen. */
  reveal(path: string): void {
    for (const directory of ancestors(path)) if (!this.#folders.get(directory)?.open) this.unfold(directory);
  }

  async list(folder: Folder): Promise<void> {
    if (folder.listing) {
      folder.again = true;
      return;
    }
    folder.listing = true;
    do {
      folder.again = false;
      await this.#listOnce(folder);
    } while (folder.again);
    folder.listing = false;
  }

  async #listOnce(folder: Folder): Promise<void> {
    const { machineKey, projectId } = this.#place;
    try {
      const { children, truncated } = await this.#connection.request('fs_list', { path: folder.path }, { machineKey, sessionId: projectId });
      [folder.children, folder.truncated, folder.problem] = [children, truncated, ''];
    } catch (error) {
      if (error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE')) return; // listed again when it is back
      folder.problem = explain(error);
    }
  }

  #drop(path: string): void {
    for (const known of this.#folders.keys()) if (known !== '' && isWithin(known, path)) this.#folders.delete(known);
  }
}

const KEPT = 4;
const trees = new WeakMap<Connection, { place: Place; tree: FileTree }[]>();

/** The tree of a project as it was left; the last few are kept. */
export function treeOf(connection: Connection, place: Place): FileTree {
  const all = trees.get(connection) ?? [];
  const known = all.find((other) => other.place.machineKey === place.machineKey && other.place.projectId === place.projectId);
  const entry = known ?? { place, tree: new FileTree(connection, place) };
  trees.set(connection, [entry, ...all.filter((other) => other !== entry)].slice(0, KEPT));
  return entry.tree;
}
