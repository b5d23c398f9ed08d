import { openDB } from 'idb';
import type { PushWishes, VapidKey } from '../protocol.gen';

/** What page and worker both need to know; in a database of its own, so that neither waits for the other's. */
export interface PushKept {
  /** The device's own key pair, one for all machines: a browser has one subscription, and a subscription has one key. */
  vapid: VapidKey;
  /** Absent: notifications are off. */
  wishes: Pick<PushWishes, 'needsYou' | 'finished' | 'failed'> & { quiet?: { from: number; to: number } };
  /** Harmless permissions can be allowed in the notification itself. */
  allowThere: boolean;
  /** What needs the user, by machine, for the number on the app's icon. */
  counts: Record<string, number>;
}

const STORE = 'kept';
const open = () => openDB('pocketcoder-push', 1, { upgrade: (db) => void db.createObjectStore(STORE) });

/** Undefined where nothing is kept, or a browser keeps nothing. */
export async function readPush<K extends keyof PushKept>(key: K): Promise<PushKept[K] | undefined> {
  try {
    const db = await open();
    try {
      return (await db.get(STORE, key)) as PushKept[K] | undefined;
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}

export async function keepPush<K extends keyof PushKept>(key: K, value: PushKept[K] | undefined): Promise<void> {
  try {
    const db = await open();
    try {
      if (value === undefined) await db.delete(STORE, key);
      else await db.put(STORE, value, key);
    } finally {
      db.close();
    }
  } catch {
    // a browser that keeps nothing has no push either
  }
}
