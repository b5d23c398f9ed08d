import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { ImageData, PermissionMode } from '../protocol.gen';

/** A message that was written here, until the log repeats it. */
export interface KeptMessage {
  messageId: string;
  machineKey: string;
  projectId: string;
  /** Absent: it begins a session. */
  agentSessionId?: string;
  content: string;
  images: ImageData[];
  steer: boolean;
  permissionMode?: PermissionMode;
  model?: string;
  agent?: string;
  state: 'waiting' | 'sent' | 'failed';
  problem: string;
  /** When it was written; no two alike, so that it is also the order. */
  at: number;
}

/** What is being written in one place, and where its log was being read. */
export interface KeptDraft {
  content: string;
  images: ImageData[];
  reading?: { key: string; offset: number };
}

/** Which part of a session's log is kept here, and how much room it takes. */
export interface KeptSession {
  epoch: string;
  title: string;
  from: number;
  to: number;
  characters: number;
  readAt: number;
}

/** Some events of a session, in their order. */
export interface KeptChunk {
  session: string;
  from: number;
  to: number;
  count: number;
  json: string;
}

interface Tables extends DBSchema {
  outbox: { key: string; value: KeptMessage };
  drafts: { key: string; value: KeptDraft };
  sessions: { key: string; value: KeptSession };
  chunks: { key: [string, number]; value: KeptChunk };
  lists: { key: string; value: unknown };
}
export type Tabled = IDBPDatabase<Tables>;
export const TABLES = ['outbox', 'drafts', 'sessions', 'chunks', 'lists'] as const;

/** IndexedDB, which a browser may refuse (some private modes), fill up, or throw away while the page is open. */
export class Database {
  #name: string;
  #opening: Promise<Tabled> | undefined;

  constructor(name = 'pocketcoder-kept') {
    this.#name = name;
  }

  /** What the work gives; `otherwise` when the storage fails twice, the second time opened anew. */
  async use<T>(work: (db: Tabled) => Promise<T>, otherwise: T): Promise<T> {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        return await work(await (this.#opening ??= this.#open()));
      } catch {
        this.#opening = undefined;
      }
    }
    return otherwise;
  }

  #open(): Promise<Tabled> {
    const opening = openDB<Tables>(this.#name, 1, {
      upgrade(db) {
        db.createObjectStore('outbox', { keyPath: 'messageId' });
        db.createObjectStore('drafts');
        db.createObjectStore('sessions');
        db.createObjectStore('chunks', { keyPath: ['session', 'from'] });
        db.createObjectStore('lists');
      },
      // A newer version of the app in another tab, or the browser: whoever needs it next opens it again.
      blocking: (_present, _wanted, event) => {
        (event.target as IDBDatabase).close();
        this.#opening = undefined;
      },
      terminated: () => (this.#opening = undefined),
    });
    return opening;
  }
}
