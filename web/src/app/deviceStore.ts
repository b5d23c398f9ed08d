import { openDB, type IDBPDatabase } from 'idb';

const DATABASE = 'pocketcoder-projects';
const STORE = 'kept';

/** Names what is kept: an area such as "unsaved", then machine, project and what it is of. */
export type Key = string[];

let database: Promise<IDBPDatabase> | undefined;
/** What IndexedDB refused (some private modes, a full disk) lives as long as the page. */
const memory = new Map<string, unknown>();

/** What this device keeps for the user between visits: text that is not saved yet, favourites. */
export const deviceStore = {
  async get<T>(key: Key): Promise<T | undefined> {
    const name = JSON.stringify(key);
    if (memory.has(name)) return memory.get(name) as T;
    return attempt((db) => db.get(STORE, key) as Promise<T | undefined>, undefined);
  },

  /** False where it is kept for as long as this page is open, and no longer. */
  async set(key: Key, value: unknown): Promise<boolean> {
    const name = JSON.stringify(key);
    memory.set(name, value);
    return attempt(async (db) => {
      await db.put(STORE, value, key);
      if (memory.get(name) === value) memory.delete(name);
      return true;
    }, false);
  },

  async delete(key: Key): Promise<void> {
    memory.delete(JSON.stringify(key));
    await attempt((db) => db.delete(STORE, key), undefined);
  },

  /** The keys that begin so. */
  async keys(prefix: Key): Promise<Key[]> {
    // An array sorts after every string, so this is "anything that goes on from here".
    const range = (): IDBKeyRange => IDBKeyRange.bound(prefix, [...prefix, []]);
    const kept = (await attempt((db) => db.getAllKeys(STORE, range()), [])) as Key[];
    const refused = [...memory.keys()].map((name) => JSON.parse(name) as Key).filter((key) => prefix.every((part, index) => key[index] === part));
    return [...kept, ...refused];
  },

  async forget(): Promise<void> {
    memory.clear();
    await attempt((db) => db.clear(STORE), undefined);
  },
};

async function attempt<T>(use: (db: IDBPDatabase) => Promise<T>, otherwise: T): Promise<T> {
  try {
    database ??= openDB(DATABASE, 1, { upgrade: (db) => void db.createObjectStore(STORE) });
    return await use(await database);
  } catch {
    return otherwise;
  }
}
