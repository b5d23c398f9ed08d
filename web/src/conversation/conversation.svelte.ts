import type { AgentCommand, AgentEvent, AgentPromptResponseRequest, PermissionMode } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode, RequestError } from '../net/errors';
import { explain } from '../ui/explain';
import { nextFrame } from '../ui/nextFrame';
import { Outbox } from './outbox.svelte';
import { forgetPartial, reduce, skipHole } from './reduce';
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

/** One agent session as this device sees it: follows its events, survives interruptions, and sends what the user says. */
export class Conversation {
  readonly place: Place;
  readonly outbox: Outbox;
  id = $state<string>();
  view = $state.raw<ConversationView>(emptyView);
  title = $state('');
  /** What is being written, kept while other screens are shown. */
  draft = $state('');
  /** Chosen by the user and not yet told by the agent. */
  chosenMode = $state<PermissionMode>();
  /** The agent that a new session shall have; the machine's own choice when absent. */
  agent = $state<string>();
  /** A terminal has the session open: it can only be read here. */
  inTerminal = $state(false);
  commands = $state.raw<readonly AgentCommand[]>([]);
  problem = $state('');
  loaded = $state(false);
  #connection: Connection;
  /** The log that the view was made from. */
  #epoch: string | undefined;
  #askedCommands = false;
  #events: AgentEvent[] = [];
  #frame = false;
  #shown = false;
  #attached = false;
  #attaching = false;
  #clientId = '';
  #forget: (() => void)[] = [];

  constructor(connection: Connection, place: Place, id: string | undefined, created: (id: string) => void) {
    this.#connection = connection;
    this.place = place;
    this.id = id;
    this.loaded = id === undefined;
    this.outbox = new Outbox(connection, this, (newId) => {
      this.id = newId;
      this.#attached = true; // agent_session_new attaches by itself
      created(newId);
    });
    this.#listen();
  }

  /** While it is on the screen it catches up after every interruption. */
  show(): () => void {
    this.#shown = true;
    void this.attach();
    return () => (this.#shown = false);
  }

  dispose(): void {
    for (const forget of this.#forget) forget();
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
    try {
      while (!this.#attached) await this.#attachOnce(this.id);
      this.problem = '';
      this.loaded = true;
    } catch (error) {
      if (hasCode(error, 'RELAY_TIMEOUT')) setTimeout(() => this.#shown && void this.attach(), TRY_AGAIN_AFTER);
      else if (!(error instanceof ConnectionLost) && !hasCode(error, 'MACHINE_OFFLINE')) this.problem = explain(error);
    } finally {
      this.#attaching = false;
    }
  }

  /** Asks for the next part of the log; when none is left, the session is followed live. */
  async #attachOnce(agentSessionId: string): Promise<void> {
    this.#flush();
    // A session that was begun here has told its events, but not yet which log they are of.
    if (this.#epoch === undefined && this.view.lastSeq > 0) this.#forgetView();
    const afterSeq = this.view.lastSeq;
    this.view = forgetPartial(this.view);
    const answer = await this.#request('agent_session_attach', { agentSessionId, afterSeq, limit: CHUNK, epoch: this.#epoch });
    const known = this.#epoch === answer.epoch;
    this.#epoch = answer.epoch;
    if (answer.resync && !known) return this.#forgetView();
    this.inTerminal = !!answer.inTerminal;
    this.#flush();
    const still = this.view.lastSeq === afterSeq;
    if (still) this.view = skipHole(this.view); // asked for and not there: it is gone for good
    if (answer.more) {
      if (still && this.view.lastSeq === afterSeq) throw new RequestError({ code: 'UNKNOWN_ERROR', message: 'The machine sent no events.' });
      return;
    }
    this.#attached = !hasHole(this.view);
    this.view = { ...this.view, activity: this.view.prompts.length > 0 ? 'waiting' : answer.state };
  }

  /** The machine's log is, or may be, another than the one that the view was made from. What was written here stays. */
  #forgetView(): void {
    this.#events = [];
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
        this.view = { ...this.view, background: changed.background ?? 0 };
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
    this.view = events.reduce(reduce, this.view);
    this.outbox.arrived(this.view);
    if (hasHole(this.view) && !this.#attaching) this.#interrupted();
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
