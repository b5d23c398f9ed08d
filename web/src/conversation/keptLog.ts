import type { AgentEvent, AgentGap } from '../protocol.gen';
import { firstOf, lastOf, type EventCache, type KeptLog as Kept } from '../storage/eventCache';
import type { ConversationView } from './view';

/** A busy session tells many events a second; they go to the disk together. */
const SAVE_AFTER = 1_000;
/** A storage that does not answer must not keep the machine from being asked. */
const PATIENCE = 1_500;

/** One session's log on this device, behind what the screen shows. */
export class KeptLog {
  #cache: EventCache;
  #key: string;
  #due: () => void;
  #fresh = new Map<number, AgentEvent>();
  /** What the machine left out, by the last number of it. */
  #gaps = new Map<number, AgentGap>();
  #to = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `due` is told when there is something to save. */
  constructor(cache: EventCache, key: string, due: () => void) {
    this.#cache = cache;
    this.#key = key;
    this.#due = due;
  }

  async load(): Promise<Kept | undefined> {
    const kept = await Promise.race([this.#cache.load(this.#key), new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE))]);
    const last = kept?.events.at(-1);
    if (!kept || !last) return undefined;
    this.#to = lastOf(last);
    const from = firstOf(kept.events[0]);
    const events: AgentEvent[] = kept.cut ? [{ type: 'gap', agentSessionId: '', at: '', from: 1, to: from - 1, kept: true }, ...kept.events] : kept.events;
    return { ...kept, events };
  }

  add(events: readonly AgentEvent[]): void {
    for (const event of events) if (event.type === 'gap') this.#gaps.set(event.to, event);
    for (const event of events) if (event.seq !== undefined && event.seq > this.#to && !this.#isLeftOut(event.seq)) this.#fresh.set(event.seq, event);
    if (this.#fresh.size > 0) this.#timer ??= setTimeout(this.#due, SAVE_AFTER);
  }

  /** An open prompt is told again from before the part that came. */
  #isLeftOut(seq: number): boolean {
    return [...this.#gaps.values()].some(({ from, to }) => seq >= from && seq <= to);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#due = () => {};
  }

  /** Another log than the one that was kept: what is kept is replaced as a whole. */
  forget(): void {
    this.#fresh.clear();
    this.#gaps.clear();
    this.#to = 0;
    void this.#cache.remove(this.#key);
  }

  /** All that the view shows; what is missing before an event the machine does not have any more. */
  async save(epoch: string | undefined, title: string, { lastSeq }: ConversationView): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (epoch === undefined || this.#fresh.size === 0) return;
    const events: AgentEvent[] = [];
    for (const [seq, event] of [...this.#fresh].sort(([one], [other]) => one - other)) {
      if (seq > lastSeq) break;
      if (seq > this.#to + 1) events.push({ type: 'gap', agentSessionId: '', at: '', ...this.#gaps.get(seq - 1), from: this.#to + 1, to: seq - 1 });
      events.push(event);
      this.#to = seq;
      this.#fresh.delete(seq);
    }
    if (events.length > 0) await this.#cache.append(this.#key, epoch, title, events);
  }
}
