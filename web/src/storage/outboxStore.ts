import type { Database, KeptMessage } from './database';

/** After so long nobody waits for a sent message to turn up in its log any more. */
const SENT_KEPT_FOR = 7 * 86_400_000;

export interface Whereabouts {
  machineKey: string;
  projectId: string;
  agentSessionId?: string;
}

const isAt = (message: KeptMessage, { machineKey, projectId, agentSessionId }: Whereabouts): boolean =>
  message.machineKey === machineKey && message.projectId === projectId && message.agentSessionId === agentSessionId;

/** The messages of all sessions that are on their way, on disk. Tabs tell each other what is settled. */
export class OutboxStore {
  /** Told which messages are no longer on their way, by another tab. */
  readonly settled = new Set<(messageIds: string[]) => void>();
  #database: Database;
  #tabs: BroadcastChannel | undefined;

  constructor(database: Database) {
    this.#database = database;
    if (typeof BroadcastChannel === 'undefined') return;
    this.#tabs = new BroadcastChannel('pocketcoder-outbox');
    this.#tabs.onmessage = ({ data }: MessageEvent<string[]>) => {
      for (const listener of this.settled) listener(data);
    };
  }

  /** In one transaction, "strict": said to be kept means on disk. False: this browser keeps nothing. */
  save(...messages: KeptMessage[]): Promise<boolean> {
    return this.#database.use(async (db) => {
      const transaction = db.transaction('outbox', 'readwrite', { durability: 'strict' });
      for (const message of messages) void transaction.store.put(message);
      transaction.commit(); // also when the page is gone before the requests are done
      await transaction.done;
      return true;
    }, false);
  }

  get(messageId: string): Promise<KeptMessage | undefined> {
    return this.#database.use((db) => db.get('outbox', messageId), undefined);
  }

  async remove(...messageIds: string[]): Promise<void> {
    await this.#database.use(async (db) => {
      const transaction = db.transaction('outbox', 'readwrite');
      for (const messageId of messageIds) void transaction.store.delete(messageId);
      await transaction.done;
    }, undefined);
    this.#tabs?.postMessage(messageIds);
  }

  async of(place: Whereabouts): Promise<KeptMessage[]> {
    return (await this.#all()).filter((message) => isAt(message, place));
  }

  /** Where messages wait to be sent. */
  async places(now = Date.now()): Promise<Whereabouts[]> {
    const all = await this.#all();
    const old = all.filter((message) => message.state === 'sent' && now - message.at > SENT_KEPT_FOR);
    if (old.length > 0) await this.remove(...old.map((message) => message.messageId));
    const unsent = all.filter((message) => message.state !== 'sent');
    return unsent
      .filter((message, index) => unsent.findIndex((other) => isAt(other, message)) === index)
      .map(({ machineKey, projectId, agentSessionId }) => ({ machineKey, projectId, agentSessionId }));
  }

  async #all(): Promise<KeptMessage[]> {
    const all = await this.#database.use((db) => db.getAll('outbox'), []);
    return all.sort((one, other) => one.at - other.at);
  }
}
