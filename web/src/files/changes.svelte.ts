import type { Place } from '../conversation/conversation.svelte';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode } from '../net/errors';
import type { Requests } from '../protocol.gen';
import { explain } from '../ui/explain';
import { text } from '../ui/text';

type Change = 'fs_write' | 'fs_create_directory' | 'fs_rename' | 'fs_delete';

/** What the user does to the files of a project: creates, renames, deletes. Each is true when it was done. */
export class Changes {
  problem = $state('');
  working = $state(false);
  #connection: Connection;
  #place: Place;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
  }

  /** Empty; never over one that is there. */
  createFile = (path: string): Promise<boolean> => this.#ask('fs_write', { path, content: '', expectedEtag: '', createDirectories: true });
  createFolder = (path: string): Promise<boolean> => this.#ask('fs_create_directory', { path, parents: true });
  rename = (path: string, newPath: string): Promise<boolean> => (path === newPath ? Promise.resolve(true) : this.#ask('fs_rename', { path, newPath }));
  delete = (path: string, recursive: boolean): Promise<boolean> => this.#ask('fs_delete', { path, recursive });

  async #ask<T extends Change>(type: T, payload: Requests[T]['request']): Promise<boolean> {
    [this.problem, this.working] = ['', true];
    try {
      await this.#connection.request(type, payload, { machineKey: this.#place.machineKey, sessionId: this.#place.projectId });
      return true;
    } catch (error) {
      if (error instanceof ConnectionLost) this.problem = text.files.unknownOutcome;
      else this.problem = type === 'fs_write' && hasCode(error, 'CONFLICT') ? text.files.nameTaken : explain(error);
      return false;
    } finally {
      this.working = false;
    }
  }
}
