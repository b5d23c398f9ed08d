import { SvelteMap } from 'svelte/reactivity';
import type { AgentCommand, AgentEvent, AgentGap, AgentPromptResponseRequest, PermissionMode } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode, RequestError } from '../net/errors';
import { firstOf } from '../storage/eventCache';
import type { Storage } from '../storage/storage';
import { explain } from '../ui/explain';
import { nextFrame } from '../ui/nextFrame';
import { Draft } from './draft.svelte';
import { KeptLog } from './keptLog';
import { Outbox } from './outbox.svelte';
import { forgetPartial, reduceAll, skipHole } from './reduce';
import { emptyView, hasHole, type ConversationView } from './view';

export interface Place {
  machineKey: string;
  projectId: string;
}

export type PromptAnswer = Omit<AgentPromptResponseRequest, 'agentSessionId' | 'promptId'>;

/** After the relay gave up on an attach; the machine may only be busy. */
const TRY_AGAIN_AFTER = 2_000;
/** How much of a long log is asked for at once. */
const CHUNK = 500;
/** So many events of a log come when it is opened first; what is before them when the reader gets there. */
const LAST = 200;

/** One agent session as this device sees it: follows its events, survives interruptions, and sends what the user says. */
export class Conversation {
  readonly place: Place;
  readonly outbox: Outbox;
  id = $state<string>();
  title = $state('');
  /** What is being written. */
  readonly written: Draft;
  /** Chosen by the user and not yet told by the agent. */
  chosenMode = $state<PermissionMode>();
  chosenModel = $state<string>();
  /** The agent that a new session shall have; the machine's own choice when absent. */
  agent = $state<string>();
  /** A terminal has the session open: it can only be read here. */
  inTerminal = $state(false);
  commands = $state.raw<readonly AgentCommand[]>([]);
  problem = $state('');
  loaded = $state(false);
  /** What happened to the log's items on the screen: opened or closed by hand, by key. */
  readonly opened = new SvelteMap<string, boolean>();
  /** Made from all events that are here; the screen gets a long log when it is whole, not part after part. */
  #view: ConversationView = emptyView;
  #shownView = $state.raw<ConversationView>(emptyView);
  #connection: Connection;
  #kept: KeptLog | undefined;
  #ready: Promise<void> | undefined;
  /** The log that the view was made from. */
  #epoch: string | undefined;
  /** What the view was made from, as long as it is, or may be, the end of the log alone. */
  #log: AgentEvent[] | undefined = [];
  #earlier: Promise<void> | undefined;
  #askedCommands = false;
  #events: AgentEvent[] = [];
  #frame = false;
  #shown = false;
  #attached = false;
  #attaching = false;
  #clientId = '';
  #forget: (() => void)[] = [];

  constructor(connection: Connection, place: Place, id: string | undefined, created: (id: string) => void, storage?: Storage) {
    this.#connection = connection;
    this.place = place;
    this.id = id;
    this.loaded = id === undefined;
    if (id === undefined) this.#log = undefined;
    const begun = (newId: string): void => {
      this.id = newId;
      this.#attached = true; // agent_session_new attaches by itself
      this.#keep(storage, newId);
      this.written.move(this.#key(newId));
      created(newId);
    };
    this.outbox = new Outbox(connection, this, begun, storage);
    this.written = new Draft(this.#key(id ?? 'new'), storage);
    if (id) this.#keep(storage, id);
    if (storage) this.#ready = this.#restore();
    this.#listen();
  }

  get view(): ConversationView {
    return this.#shownView;
  }

  set view(view: ConversationView) {
    this.#view = view;
    if (this.loaded || !this.#attaching) this.#shownView = view;
  }

  get draft(): string {
    return this.written.content;
  }

  set draft(content: string) {
    this.written.content = content;
  }

  /** While it is on the screen it catches up after every interruption. */
  show(): () => void {
    this.#shown = true;
    void this.attach();
    return () => (this.#shown = false);
  }

  dispose(): void {
    this.outbox.dispose();
    this.written.dispose();
    this.#kept?.dispose();
    for (const forget of this.#forget) forget();
  }

  /** Before the page may be gone. */
  async save(): Promise<void> {
    await Promise.all([this.written.save(), this.#kept?.save(this.#epoch, this.title, this.#view)]);
  }

  get mode(): string {
    return this.chosenMode ?? this.view.mode ?? 'default';
  }

  async cancel(): Promise<void> {
    if (this.id) await this.#try(() => this.#request('agent_cancel', { agentSessionId: this.id! }));
  }

  /** Ends what runs beside the turns. */
  async stopTasks(): Promise<void> {
    await this.#try(() => this.#request('agent_cancel', { agentSessionId: this.id!, background: true }));
  }

  /** What goes on with the session in a terminal of the machine; undefined when nothing does. */
  async resumeCommand(): Promise<string | undefined> {
    let command: string | undefined;
    await this.#try(async () => (command = (await this.#request('agent_session_resume_command', { agentSessionId: this.id! })).command));
    return command;
  }

  async setMode(permissionMode: PermissionMode): Promise<void> {
    this.chosenMode = permissionMode;
    if (!this.id) return; // goes along with the first message
    await this.#try(() => this.#request('agent_set_mode', { agentSessionId: this.id!, permissionMode }));
    this.#flush(); // the event that tells the mode came before the answer
    this.chosenMode = undefined;
  }

  async setModel(model: string): Promise<void> {
    this.chosenModel = model;
    if (!this.id) return; // goes along with the first message
    const told = await this.#try(() => this.#request('agent_set_mode', { agentSessionId: this.id!, model }));
    if (!told) this.chosenModel = undefined; // as before
  }

  /** True when the answer was taken, or was no longer needed. */
  answer(promptId: string, answer: PromptAnswer): Promise<boolean> {
    return this.#try(async () => {
      try {
        await this.#request('agent_prompt_response', { ...answer, agentSessionId: this.id!, promptId });
      } catch (error) {
        if (!hasCode(error, 'NOT_FOUND')) throw error; // answered elsewhere: prompt_resolved tells
      }
    });
  }

  /** Asked for when somebody begins to write one; a machine that cannot tell offers none. */
  async loadCommands(): Promise<void> {
    if (this.#askedCommands) return;
    this.#askedCommands = true;
    try {
      this.commands = (await this.#request('agent_commands', { agent: this.agent })).commands;
    } catch {
      this.#askedCommands = false;
    }
  }

  /** Ends the terminal's session, so that this one goes on here. */
  async takeOver(): Promise<void> {
    const taken = await this.#try(() => this.#request('agent_session_take_over', { agentSessionId: this.id! }));
    if (taken) this.inTerminal = false;
  }

  /** The id of a new session that begins with all that this one knows. */
  async fork(): Promise<string | undefined> {
    let id: string | undefined;
    await this.#try(async () => (id = (await this.#request('agent_session_fork', { agentSessionId: this.id! })).agentSessionId));
    return id;
  }

  async attach(): Promise<void> {
    if (!this.id || this.#attached || this.#attaching) return;
    this.#attaching = true;
    const since = Date.now();
    try {
      if (this.#ready) await this.#ready;
      while (!this.#attached) await this.#attachOnce(this.id);
      this.problem = '';
      this.loaded = true;
      await this.#lookBack(since);
      this.outbox.missing(since, this.#view);
    } catch (error) {
      if (hasCode(error, 'RELAY_TIMEOUT')) setTimeout(() => this.#shown && void this.attach(), TRY_AGAIN_AFTER);
      else if (!(error instanceof ConnectionLost) && !hasCode(error, 'MACHINE_OFFLINE')) this.problem = explain(error);
    } finally {
      this.#attaching = false;
      this.#shownView = this.#view;
    }
  }

  /** Adds a part of what is before the end of the log that is here; whoever asks meanwhile waits for the same. */
  loadEarlier(): Promise<void> {
    return (this.#earlier ??= this.#loadEarlier().finally(() => (this.#earlier = undefined)));
  }

  async #loadEarlier(): Promise<void> {
    const beforeSeq = this.#view.earlier;
    const gap = this.#log?.find((event): event is AgentGap => event.type === 'gap' && !!event.kept);
    if (beforeSeq === undefined || !gap || !this.id) return;
    const { events, more } = await this.#request('agent_events', { agentSessionId: this.id, beforeSeq, limit: CHUNK });
    this.#flush();
    if (this.#view.earlier !== beforeSeq || !this.#log) return; // another log by now
    const to = events.length > 0 ? firstOf(events[0]) - 1 : gap.to;
    this.#log = [...(to > 0 ? [{ ...gap, from: 1, to, kept: more }] : []), ...events, ...this.#log.filter((event) => event !== gap)];
    const { activity, partial, background } = this.#view;
    this.view = { ...reduceAll(emptyView, this.#log), activity, partial, background };
    if (this.#view.earlier === undefined) this.#log = undefined;
    this.outbox.arrived(this.#view);
  }

  /** A message that was sent and is not at the log's end stands before it, or nowhere. */
  async #lookBack(since: number): Promise<void> {
    for (let { earlier } = this.#view; earlier !== undefined && this.outbox.awaits(since); ) {
      await this.loadEarlier();
      if (this.#view.earlier === earlier) return;
      earlier = this.#view.earlier;
    }
  }

  /** Shows what this device has of it, before the machine is asked for the rest. */
  async #restore(): Promise<void> {
    const [kept] = await Promise.all([this.#kept?.load(), this.outbox.restore(), this.written.restore()]);
    if (!kept || this.#view.lastSeq > 0) return;
    this.#epoch = kept.epoch;
    this.title ||= kept.title;
    const view = reduceAll(emptyView, kept.events);
    this.#log = view.earlier === undefined ? undefined : [...kept.events];
    // How it stands by now only the machine can say.
    this.view = { ...view, activity: view.prompts.length > 0 ? 'waiting' : 'idle' };
    this.loaded = true;
    this.outbox.arrived(this.view);
  }

  #key = (id: string): string => `${this.place.machineKey} ${this.place.projectId} ${id}`;

  #keep(storage: Storage | undefined, id: string): void {
    if (storage) this.#kept = new KeptLog(storage.events, this.#key(id), () => void this.#saveLog());
  }

  /** The log of a session that was begun here gets its name only when it is asked for. */
  async #saveLog(): Promise<void> {
    if (this.#epoch === undefined && this.#attached && this.id) {
      const clientId = this.#clientId;
      try {
        const { epoch, resync } = await this.#request('agent_session_attach', { agentSessionId: this.id, afterSeq: this.#view.lastSeq, limit: CHUNK });
        if (clientId === this.#clientId && !resync) this.#epoch ??= epoch;
      } catch {
        return; // asked again with the next event
      }
    }
    await this.#kept?.save(this.#epoch, this.title, this.#view);
  }

  /** Asks for the next part of the log; when none is left, the session is followed live. */
  async #attachOnce(agentSessionId: string): Promise<void> {
    this.#flush();
    // A session that was begun here has told its events, but not yet which log they are of.
    if (this.#epoch === undefined && this.#view.lastSeq > 0) this.#forgetView();
    const afterSeq = this.#view.lastSeq;
    if (afterSeq === 0) this.#log ??= [];
    this.view = forgetPartial(this.#view);
    const answer = await this.#request('agent_session_attach', { agentSessionId, afterSeq, limit: CHUNK, epoch: this.#epoch, last: afterSeq === 0 ? LAST : undefined });
    const known = this.#epoch === answer.epoch;
    this.#epoch = answer.epoch;
    if (answer.resync && !known) return this.#forgetView();
    this.inTerminal = !!answer.inTerminal;
    this.#flush();
    const still = this.#view.lastSeq === afterSeq;
    if (still && hasHole(this.#view)) {
      this.view = skipHole(this.#view); // asked for and not there: it is gone for good
      this.#log?.push({ type: 'gap', agentSessionId, at: '', from: afterSeq + 1, to: this.#view.goneTo });
    }
    if (answer.more) {
      if (still && this.#view.lastSeq === afterSeq) throw new RequestError({ code: 'UNKNOWN_ERROR', message: 'The machine sent no events.' });
      return;
    }
    this.#attached = !hasHole(this.#view);
    if (this.#attached && this.#view.earlier === undefined) this.#log = undefined; // all of it is here
    this.view = { ...this.#view, activity: this.#view.prompts.length > 0 ? 'waiting' : answer.state, background: answer.background ?? this.#view.background };
  }

  /** The machine's log is, or may be, another than the one that the view was made from. What was written here stays. */
  #forgetView(): void {
    this.#events = [];
    this.#log = [];
    this.#kept?.forget();
    this.view = emptyView;
    this.loaded = false;
  }

  #request: Connection['request'] = (type, payload) =>
    this.#connection.request(type, payload, { machineKey: this.place.machineKey, sessionId: this.place.projectId });

  #listen(): void {
    const welcome = ({ clientId }: { clientId: string }): void => {
      if (clientId === this.#clientId) return; // only the token is new
      this.#clientId = clientId;
      this.#interrupted();
    };
    this.#connection.registered.add(welcome);
    this.#forget.push(
      () => this.#connection.registered.delete(welcome),
      this.#connection.on('daemon_status', (status) => {
        if (status.machineKey === this.place.machineKey && status.connected) this.#interrupted();
      }),
      this.#connection.on('agent_session_changed', (changed) => {
        if (changed.agentSessionId !== this.id) return;
        this.title = changed.title;
        this.inTerminal = !!changed.inTerminal;
        this.#flush(); // what came before this
        this.view = { ...this.#view, background: changed.background ?? 0 };
      }),
      this.#connection.on('agent_event', (event) => {
        if (event.agentSessionId !== this.id) return;
        this.#events.push(event);
        if (this.#frame) return;
        this.#frame = true;
        nextFrame(() => this.#flush());
      }),
    );
  }

  #interrupted(): void {
    this.#attached = false;
    if (this.#shown) void this.attach();
  }

  /** Takes in what arrived since the last frame, so that a fast stream costs one rendering a frame. */
  #flush(): void {
    this.#frame = false;
    const events = this.#events;
    this.#events = [];
    if (events.length === 0) return;
    this.view = reduceAll(this.#view, events);
    this.#log?.push(...events.filter(({ type }) => type !== 'text_delta'));
    if (events.some(({ type }) => type === 'init')) this.chosenModel = undefined; // what it really is was told
    this.outbox.arrived(this.#view);
    this.#kept?.add(events);
    if (hasHole(this.#view) && !this.#attaching) this.#interrupted();
  }

  async #try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      this.problem = '';
      return true;
    } catch (error) {
      this.problem = explain(error);
      return false;
    }
  }
}
