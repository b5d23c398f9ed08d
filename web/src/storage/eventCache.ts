import type { AgentEvent } from '../protocol.gen';
import type { Database, KeptChunk, KeptSession, Tabled } from './database';

const CHUNK = 500;
/** In characters of JSON; a phone keeps at least ten times as much for one site. */
export const LIMITS = { session: 16_000_000, all: 48_000_000, sessions: 40 };

export interface KeptLog {
  epoch: string;
  title: string;
  events: AgentEvent[];
  /** The log's beginning is not kept here: too long. */
  cut: boolean;
}

const chunksOf = (session: string): IDBKeyRange => IDBKeyRange.bound([session, 0], [session, Infinity]);
/** The numbers of the log that a kept event stands for: its own, or those of a gap. */
export const firstOf = (event: AgentEvent): number => (event.type === 'gap' ? event.from : event.seq!);
export const lastOf = (event: AgentEvent): number => (event.type === 'gap' ? event.to : event.seq!);

/** The logs of the sessions that were read last. The machine has them all: whatever is lost here is fetched again. */
export class EventCache {
  #database: Database;
  #limits: typeof LIMITS;

  constructor(database: Database, limits = LIMITS) {
    this.#database = database;
    this.#limits = limits;
  }

  load(session: string): Promise<KeptLog | undefined> {
    return this.#database.use(async (db) => {
      const kept = await db.get('sessions', session);
      if (!kept) return undefined;
      void db.put('sessions', { ...kept, readAt: Date.now() }, session).catch(() => {});
      const chunks = await db.getAll('chunks', chunksOf(session));
      return { epoch: kept.epoch, title: kept.title, cut: kept.from > 1, events: chunks.flatMap((chunk) => JSON.parse(chunk.json) as AgentEvent[]) };
    }, undefined);
  }

  /** Adds what follows on what is kept; anything else is left out, and fetched when it is read next. */
  async append(session: string, epoch: string, title: string, events: readonly AgentEvent[]): Promise<void> {
    const saved = await this.#database.use((db) => append(db, session, epoch, title, events, this.#limits.session), false);
    if (saved) await this.#makeRoom(this.#limits.sessions, this.#limits.all);
    else await this.#makeRoom(this.#limits.sessions / 2, this.#limits.all / 2);
  }

  /** Frees all of it, for something that cannot be fetched again. */
  clear(): Promise<void> {
    return this.#makeRoom(0, 0);
  }

  remove(session: string): Promise<void> {
    return this.#database.use((db) => remove(db, session), undefined);
  }

  async #makeRoom(sessions: number, characters: number): Promise<void> {
    await this.#database.use(async (db) => {
      const keys = await db.getAllKeys('sessions');
      const all = (await db.getAll('sessions')).map((kept, index) => ({ ...kept, key: keys[index] }));
      all.sort((one, other) => other.readAt - one.readAt);
      let sum = 0;
      for (const [index, kept] of all.entries()) {
        sum += kept.characters;
        if (index >= sessions || sum > characters) await remove(db, kept.key);
      }
    }, undefined);
  }
}

async function append(db: Tabled, session: string, epoch: string, title: string, events: readonly AgentEvent[], limit: number): Promise<boolean> {
  const transaction = db.transaction(['sessions', 'chunks'], 'readwrite');
  const sessions = transaction.objectStore('sessions');
  const chunks = transaction.objectStore('chunks');
  let kept: KeptSession | undefined = await sessions.get(session);
  if (kept && kept.epoch !== epoch) {
    await chunks.delete(chunksOf(session));
    kept = undefined;
  }
  kept ??= { epoch, title, from: 1, to: 0, characters: 0, readAt: 0 };
  const fresh = events.filter((event) => lastOf(event) > kept.to);
  if (fresh.length > 0 && firstOf(fresh[0]) === kept.to + 1) {
    let chunk: KeptChunk | undefined = (await chunks.openCursor(chunksOf(session), 'prev'))?.value;
    for (let rest = fresh; rest.length > 0; ) {
      if (!chunk || chunk.count >= CHUNK) chunk = { session, from: kept.to + 1, to: kept.to, count: 0, json: '[]' };
      const part = rest.slice(0, CHUNK - chunk.count);
      rest = rest.slice(part.length);
      const json = JSON.stringify(part);
      kept.characters += json.length - 1;
      kept.to = lastOf(part[part.length - 1]);
      chunk = { ...chunk, to: kept.to, count: chunk.count + part.length, json: chunk.count === 0 ? json : `${chunk.json.slice(0, -1)},${json.slice(1)}` };
      void chunks.put(chunk);
    }
  }
  for (let cursor = kept.characters > limit ? await chunks.openCursor(chunksOf(session)) : null; cursor && kept.characters > limit; cursor = await cursor.continue()) {
    if (cursor.value.to === kept.to) break; // the newest stays, however large
    kept.characters -= cursor.value.json.length;
    kept.from = cursor.value.to + 1;
    await cursor.delete();
  }
  void sessions.put({ ...kept, title, readAt: Date.now() }, session);
  await transaction.done;
  return true;
}

async function remove(db: Tabled, session: string): Promise<void> {
  const transaction = db.transaction(['sessions', 'chunks'], 'readwrite');
  void transaction.objectStore('sessions').delete(session);
  void transaction.objectStore('chunks').delete(chunksOf(session));
  await transaction.done;
}
