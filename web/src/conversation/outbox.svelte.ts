import type { ImageData, PermissionMode } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { deliver } from '../net/deliver';
import { newId } from '../net/ids';
import { hasCode, RequestError } from '../net/errors';
import type { KeptMessage } from '../storage/database';
import { oneTab } from '../storage/oneTab';
import type { Storage } from '../storage/storage';
import { explain } from '../ui/explain';
import { text } from '../ui/text';
import type { ConversationView } from './view';

export interface Outgoing {
  messageId: string;
  content: string;
  images: ImageData[];
  /** Not to wait for the end of the turn that runs. */
  steer: boolean;
  state: 'sending' | 'waiting' | 'sent' | 'failed';
  problem: string;
  at: number;
  /** When the machine said that it has it; 0 when an earlier visit was told. */
  sentAt: number;
  /** How a session that it begins shall be. */
  begin: Begin;
}

type Begin = Pick<KeptMessage, 'permissionMode' | 'model' | 'agent'>;

export interface OutboxSession {
  readonly place: { machineKey: string; projectId: string };
  id?: string;
  chosenMode?: PermissionMode;
  chosenModel?: string;
  readonly agent?: string;
  inTerminal: boolean;
}

/**
 * What the user said and the agent has not repeated yet: on disk before it is sent, sent in order, each until it is answered.
 * Each runs once, because the machine knows a messageId again; after a reload, or from another tab, it is sent under the same.
 */
export class Outbox {
  messages = $state<Outgoing[]>([]);
  #connection: Connection;
  #session: OutboxSession;
  #created: (id: string) => void;
  #storage: Storage | undefined;
  #last: Promise<void> = Promise.resolve();
  #taken = new Map<string, AbortController>();

  constructor(connection: Connection, session: OutboxSession, created: (id: string) => void, storage?: Storage) {
    this.#connection = connection;
    this.#session = session;
    this.#created = created;
    this.#storage = storage;
    storage?.outbox.settled.add(this.#settled);
  }

  dispose(): void {
    this.#storage?.outbox.settled.delete(this.#settled);
  }

  /** Something has yet to reach the machine, or the user has yet to say what becomes of it. */
  get unsettled(): boolean {
    return this.messages.some((message) => message.state !== 'sent');
  }

  send(content: string, steer = false, images: ImageData[] = []): void {
    // Behind one that waits, all wait.
    const state = this.messages.some((other) => other.state === 'waiting') ? ('waiting' as const) : ('sending' as const);
    const at = Math.max(Date.now(), (this.messages.at(-1)?.at ?? 0) + 1);
    this.messages.push({ messageId: newId(), content, images, steer, state, problem: '', at, sentAt: 0, begin: this.#chosen({}) });
    const message = this.messages[this.messages.length - 1];
    this.#queue(message, this.#save(message));
  }

  retry(message: Outgoing): void {
    message.state = 'sending';
    message.problem = '';
    this.#queue(message, this.#save(message));
  }

  /** Not to be sent (again). One that got through unnoticed shows up in the log all the same. */
  discard(message: Outgoing): void {
    this.#taken.get(message.messageId)?.abort();
    this.#drop([message.messageId]);
    void this.#storage?.outbox.remove(message.messageId);
  }

  /** Takes up what an earlier visit, or a tab that is gone, left here. */
  async restore(): Promise<void> {
    const { place, id } = this.#session;
    const kept = (await this.#storage?.outbox.of({ ...place, agentSessionId: id })) ?? [];
    for (const { messageId, content, images, steer, state, problem, at, permissionMode, model, agent } of kept) {
      if (this.messages.some((other) => other.messageId === messageId)) continue;
      this.messages.push({ messageId, content, images, steer, state, problem, at, sentAt: 0, begin: { permissionMode, model, agent } });
      if (state === 'waiting') this.#queue(this.messages[this.messages.length - 1]);
    }
  }

  /** The view repeats what has arrived; from there on it is the view's. */
  arrived(view: ConversationView): void {
    if (this.messages.length === 0) return;
    const there = new Set(view.items.map((item) => (item.kind === 'user' ? item.messageId : undefined)));
    const ids = this.messages.filter((message) => there.has(message.messageId)).map((message) => message.messageId);
    if (ids.length === 0) return;
    this.#drop(ids);
    void this.#storage?.outbox.remove(...ids);
  }

  /** Something was sent before the log was asked for, and has not been seen in it. */
  awaits(since: number): boolean {
    return this.#unseen(since).length > 0;
  }

  /** The whole log is here: what was sent before it was asked for, and is not in it, the machine has lost. */
  missing(since: number, view: ConversationView): void {
    for (const message of this.#unseen(since)) {
      if (view.goneTo > 0) {
        this.discard(message); // or it is so old that the log does not go back to it
        continue;
      }
      Object.assign(message, { state: 'failed', problem: text.conversation.lost });
      void this.#save(message);
    }
  }

  #unseen = (since: number): Outgoing[] => this.messages.filter(({ state, sentAt }) => state === 'sent' && sentAt < since);

  #drop(messageIds: readonly string[]): void {
    this.messages = this.messages.filter((other) => !messageIds.includes(other.messageId));
  }

  #settled = (messageIds: string[]): void => {
    if (!this.messages.some((message) => messageIds.includes(message.messageId))) return;
    for (const messageId of messageIds) this.#taken.get(messageId)?.abort();
    this.#drop(messageIds);
  };

  /** What is chosen now goes before what was chosen when it was written. */
  #chosen({ permissionMode, model, agent }: Begin): Begin {
    const { chosenMode, chosenModel, agent: chosenAgent } = this.#session;
    return { permissionMode: chosenMode ?? permissionMode, model: chosenModel ?? model, agent: chosenAgent ?? agent };
  }

  #row(message: Outgoing, agentSessionId = this.#session.id): KeptMessage {
    const { begin, sentAt: _, ...rest } = $state.snapshot(message);
    return { ...this.#session.place, ...rest, ...begin, agentSessionId, state: rest.state === 'sending' ? 'waiting' : rest.state };
  }

  /** Where the disk is full, what can be fetched again makes room for what cannot. */
  async #save(...messages: Outgoing[]): Promise<void> {
    if (!this.#storage) return;
    const rows = messages.map((message) => this.#row(message));
    if (await this.#storage.outbox.save(...rows)) return;
    await this.#storage.events.clear();
    await this.#storage.outbox.save(...rows);
  }

  #queue(message: Outgoing, kept?: Promise<void>): void {
    const taken = new AbortController();
    this.#taken.set(message.messageId, taken);
    this.#last = this.#last.then(() => kept).then(() => this.#deliver(message, taken.signal));
  }

  async #deliver(message: Outgoing, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const waiting = (): void => {
      for (const other of this.messages) if (other.state === 'sending') other.state = 'waiting';
    };
    try {
      const begun = await deliver(this.#connection, { machineKey: this.#session.place.machineKey, attempt: () => this.#attempt(message), waiting, signal });
      Object.assign(message, { state: 'sent', sentAt: Date.now() });
      if (begun !== undefined && this.#session.id === undefined) {
        this.#created(begun);
        this.#session.chosenMode = this.#session.chosenModel = undefined;
      }
    } catch (error) {
      if (signal.aborted) return;
      message.state = 'failed';
      message.problem = explain(error);
      void this.#save(message);
      if (hasCode(error, 'CONFLICT') && (error as RequestError).details?.reason === 'in_terminal') this.#session.inTerminal = true;
    } finally {
      this.#taken.delete(message.messageId);
    }
  }

  /** Gives the session that the message is in. */
  #attempt(message: Outgoing): Promise<string | undefined> {
    const storage = this.#storage?.outbox;
    if (!storage) return this.#ask(message);
    return oneTab(`pocketcoder-message ${message.messageId}`, async () => {
      const kept = await storage.get(message.messageId);
      if (kept?.state === 'sent') return kept.agentSessionId; // by another tab
      const id = await this.#ask(message);
      // With it all that wait for the session to have a name: in one transaction, so that no crash makes two sessions of it.
      const others = this.messages.filter((other) => other !== message && other.state !== 'sent');
      await storage.save({ ...this.#row(message, id), state: 'sent' }, ...(this.#session.id === undefined ? others.map((other) => this.#row(other, id)) : []));
      return id;
    });
  }

  async #ask({ messageId, content, images, steer, begin }: Outgoing): Promise<string | undefined> {
    const { place, id: agentSessionId } = this.#session;
    const target = { machineKey: place.machineKey, sessionId: place.projectId };
    const message = { messageId, content, images: images.length > 0 ? images : undefined };
    if (agentSessionId === undefined) return (await this.#connection.request('agent_session_new', { ...message, ...this.#chosen(begin) }, target)).agentSessionId;
    await this.#connection.request('agent_message', { ...message, agentSessionId, steer: steer || undefined }, target);
    return agentSessionId;
  }
}
