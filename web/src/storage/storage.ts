import { Database, TABLES, type KeptDraft } from './database';
import { EventCache, type LIMITS } from './eventCache';
import { OutboxStore } from './outboxStore';

/** What this device keeps between visits: messages on their way, drafts, and what was read last. */
export class Storage {
  readonly outbox: OutboxStore;
  readonly events: EventCache;
  #database: Database;

  constructor(name?: string, limits?: typeof LIMITS) {
    this.#database = new Database(name);
    this.outbox = new OutboxStore(this.#database);
    this.events = new EventCache(this.#database, limits);
  }

  draft(place: string): Promise<KeptDraft | undefined> {
    return this.#database.use((db) => db.get('drafts', place), undefined);
  }

  /** A draft of nothing is none. */
  async saveDraft(place: string, draft: KeptDraft | undefined): Promise<void> {
    await this.#database.use(async (db) => {
      const transaction = db.transaction('drafts', 'readwrite');
      void (draft ? transaction.store.put(draft, place) : transaction.store.delete(place));
      transaction.commit(); // a page that goes does not live to see its request done, which would commit it otherwise
      await transaction.done;
    }, undefined);
  }

  /** A list as it was last told, such as a project's sessions. */
  async list<T>(name: string): Promise<T | undefined> {
    return (await this.#database.use((db) => db.get('lists', name), undefined)) as T | undefined;
  }

  async saveList(name: string, list: unknown): Promise<void> {
    await this.#database.use<unknown>((db) => db.put('lists', list, name), undefined);
  }

  /** Whoever has this device next finds nothing. */
  async clear(): Promise<void> {
    await this.#database.use(async (db) => {
      const transaction = db.transaction(TABLES, 'readwrite', { durability: 'strict' });
      for (const table of TABLES) void transaction.objectStore(table).clear();
      await transaction.done;
    }, undefined);
  }
}
