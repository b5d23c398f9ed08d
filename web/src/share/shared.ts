import { openDB } from 'idb';

/** What another app gave to this one; nothing is done with it until the person says what. */
export interface Shared {
  text: string;
  images: Blob[];
  /** Images that are too many, too large or of another kind. */
  leftOut: number;
}

const STORE = 'shared';
const KEY = 'last';
const open = () => openDB('pocketcoder-share', 1, { upgrade: (db) => void db.createObjectStore(STORE) });

export async function keepShared(shared: Shared | undefined): Promise<void> {
  const db = await open();
  try {
    if (shared) await db.put(STORE, shared, KEY);
    else await db.delete(STORE, KEY);
  } finally {
    db.close();
  }
}

export async function loadShared(): Promise<Shared | undefined> {
  try {
    const db = await open();
    try {
      return (await db.get(STORE, KEY)) as Shared | undefined;
    } finally {
      db.close();
    }
  } catch {
    return undefined; // a browser that keeps nothing
  }
}
