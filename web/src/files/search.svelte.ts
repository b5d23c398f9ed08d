import type { Place } from '../conversation/conversation.svelte';
import type { Connection } from '../net/connection';
import { ConnectionLost } from '../net/errors';
import type { FsMatch, FsSearchKind, FsSearchMatches } from '../protocol.gen';
import { explain } from '../ui/explain';
import { text } from '../ui/text';

/** More than a phone can be read through. */
const LIMIT = 300;

/** One search at a time: a new one ends the one before, on the machine too. */
export class FileSearch {
  matches = $state.raw<FsMatch[]>([]);
  running = $state(false);
  done = $state(false);
  truncated = $state(false);
  problem = $state('');
  #connection: Connection;
  #place: Place;
  #abort: AbortController | undefined;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.matches = [];
    this.problem = '';
    this.running = this.done = this.truncated = false;
  }

  async run(query: string, kind: FsSearchKind): Promise<void> {
    this.stop();
    const { signal } = (this.#abort = new AbortController());
    const target = { machineKey: this.#place.machineKey, sessionId: this.#place.projectId };
    this.running = true;
    try {
      const { truncated } = await this.#connection.request('fs_search', { query, kind, limit: LIMIT }, {
        ...target,
        signal,
        onSent: (requestId) => signal.addEventListener('abort', () => this.#cancel(requestId, target)),
        onEvent: ({ type, payload }) => {
          if (type === 'fs_search_matches' && !signal.aborted) this.matches = [...this.matches, ...(payload as FsSearchMatches).matches];
        },
      });
      [this.truncated, this.done] = [truncated, true];
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof ConnectionLost ? text.files.searchBroken : explain(error);
    }
    if (this.#abort?.signal === signal) this.#abort = undefined; // it is over: nothing to end any more
    this.running = false;
  }

  #cancel(requestId: string, target: { machineKey: string; sessionId: string }): void {
    this.#connection.request('fs_search_cancel', { requestId }, target).catch(() => {}); // over already, or the connection is
  }
}
