import { openDB, type IDBPDatabase } from 'idb';

/** A refresh token, and under which name it is being spent: an answer that gets lost can be asked for again by it. */
export interface KeptToken {
  token: string;
  attempt?: string;
}

/** Where the refresh token lives between visits. */
export interface TokenStore {
  /** Fails where it cannot be told whether there is one. */
  load(): Promise<KeptToken | undefined>;
  save(kept: KeptToken): Promise<void>;
  clear(): Promise<void>;
}

const STORE = 'identity';
const KEY = 'refreshToken';

/** IndexedDB; where a browser refuses it (some private modes), memory for as long as the page lives. */
export function openTokenStore(): TokenStore {
  let memory: KeptToken | undefined;
  let opening: Promise<IDBPDatabase> | undefined;

  /** A browser may end what it opened (iOS does, in the background): whoever needs it next opens it again. */
  async function use<T>(work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
    const again = opening !== undefined;
    try {
      return await work(await (opening ??= openDB('pocketcoder', 1, { upgrade: (db) => void db.createObjectStore(STORE) })));
    } catch (error) {
      opening = undefined;
      if (again) return use(work);
      throw error;
    }
  }
  const attempt = (work: (db: IDBPDatabase) => Promise<void>): Promise<void> => use(work).catch(() => {}); // memory has it

  return {
    load: async () => memory ?? use((db) => db.get(STORE, KEY) as Promise<KeptToken | undefined>),
    async save(kept) {
      memory = kept;
      // "strict": a rotated token that is not on disk when the phone dies would cost the pairing.
      await attempt(async (db) => {
        const transaction = db.transaction(STORE, 'readwrite', { durability: 'strict' });
        await transaction.store.put(kept, KEY);
        await transaction.done;
        memory = undefined;
      });
    },
    async clear() {
      memory = undefined;
      await attempt((db) => db.delete(STORE, KEY));
    },
  };
}
