import { openDB, type IDBPDatabase } from 'idb';

/** A refresh token, and under which name it is being spent: an answer that gets lost can be asked for again by it. */
export interface KeptToken {
  token: string;
  attempt?: string;
}

/** Where the refresh token lives between visits. */
export interface TokenStore {
  load(): Promise<KeptToken | undefined>;
  save(kept: KeptToken): Promise<void>;
  clear(): Promise<void>;
}

const STORE = 'identity';
const KEY = 'refreshToken';

/** IndexedDB; where a browser refuses it (some private modes), memory for as long as the page lives. */
export function openTokenStore(): TokenStore {
  let memory: KeptToken | undefined;
  const database = openDB('pocketcoder', 1, { upgrade: (db) => void db.createObjectStore(STORE) });

  async function attempt<T>(use: (db: IDBPDatabase) => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await use(await database);
    } catch {
      return otherwise;
    }
  }

  return {
    load: async () => (await attempt((db) => db.get(STORE, KEY) as Promise<KeptToken | undefined>, undefined)) ?? memory,
    async save(kept) {
      memory = kept;
      // "strict": a rotated token that is not on disk when the phone dies would cost the pairing.
      await attempt(async (db) => {
        const transaction = db.transaction(STORE, 'readwrite', { durability: 'strict' });
        await transaction.store.put(kept, KEY);
        await transaction.done;
        memory = undefined;
      }, undefined);
    },
    async clear() {
      memory = undefined;
      await attempt((db) => db.delete(STORE, KEY), undefined);
    },
  };
}
