import type { Requests } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode, RequestError } from '../net/errors';
import { explain } from '../ui/explain';
import type { Place } from '../conversation/conversation.svelte';

type Readable = 'fs_list' | 'fs_read';

/** Something of the project that is only looked at: loaded for as long as it is shown, again when the machine is back. */
export class Remote<T extends Readable> {
  answer = $state.raw<Requests[T]['response']>();
  failure = $state.raw<RequestError>();
  problem = $state('');
  #connection: Connection;
  #place: Place;
  #type: T;
  #payload: Requests[T]['request'] | undefined;
  #abort: AbortController | undefined;

  constructor(connection: Connection, place: Place, type: T) {
    this.#connection = connection;
    this.#place = place;
    this.#type = type;
  }

  follow(payload: Requests[T]['request']): () => void {
    this.#payload = payload;
    this.answer = undefined;
    const reload = (): void => void this.load();
    reload();
    this.#connection.registered.add(reload);
    const forget = this.#connection.on('daemon_status', (status) => {
      if (status.machineKey === this.#place.machineKey && status.connected) reload();
    });
    return () => {
      this.#abort?.abort();
      this.#connection.registered.delete(reload);
      forget();
    };
  }

  async load(): Promise<void> {
    if (!this.#payload) return;
    this.#abort?.abort();
    const { signal } = (this.#abort = new AbortController());
    this.failure = undefined;
    this.problem = '';
    try {
      const target = { machineKey: this.#place.machineKey, sessionId: this.#place.projectId, signal };
      this.answer = await this.#connection.request(this.#type, this.#payload, target);
    } catch (error) {
      if (signal.aborted || error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE')) return; // loads again by itself
      this.failure = error instanceof RequestError ? error : undefined;
      this.problem = explain(error);
    }
  }
}
