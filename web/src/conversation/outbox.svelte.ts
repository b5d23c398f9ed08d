import type { PermissionMode } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { deliver } from '../net/deliver';
import { newId } from '../net/ids';
import { hasCode, RequestError } from '../net/errors';
import { explain } from '../ui/explain';
import type { ConversationView } from './view';

export interface Outgoing {
  messageId: string;
  content: string;
  /** Not to wait for the end of the turn that runs. */
  steer: boolean;
  state: 'sending' | 'waiting' | 'sent' | 'failed';
  problem: string;
}

interface Session {
  readonly place: { machineKey: string; projectId: string };
  id?: string;
  chosenMode?: PermissionMode;
  readonly agent?: string;
  inTerminal: boolean;
}

/** What the user said and the agent has not repeated yet: sent in order, each until it is answered, each once. */
export class Outbox {
  messages = $state<Outgoing[]>([]);
  #connection: Connection;
  #session: Session;
  #created: (id: string) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(connection: Connection, session: Session, created: (id: string) => void) {
    this.#connection = connection;
    this.#session = session;
    this.#created = created;
  }

  send(content: string, steer = false): void {
    // Behind one that waits, all wait.
    const state = this.messages.some((other) => other.state === 'waiting') ? ('waiting' as const) : ('sending' as const);
    this.messages.push({ messageId: newId(), content, steer, state, problem: '' });
    this.#queue(this.messages[this.messages.length - 1]);
  }

  retry(message: Outgoing): void {
    message.state = 'sending';
    message.problem = '';
    this.#queue(message);
  }

  discard(message: Outgoing): void {
    this.messages = this.messages.filter((other) => other.messageId !== message.messageId);
  }

  /** The view repeats what has arrived; from there on it is the view's. */
  arrived(view: ConversationView): void {
    if (this.messages.length === 0) return;
    const there = new Set(view.items.map((item) => (item.kind === 'user' ? item.messageId : undefined)));
    if (this.messages.some((message) => there.has(message.messageId))) {
      this.messages = this.messages.filter((message) => !there.has(message.messageId));
    }
  }

  #queue(message: Outgoing): void {
    this.#last = this.#last.then(() => this.#deliver(message));
  }

  async #deliver(message: Outgoing): Promise<void> {
    const { place, id, agent, chosenMode: permissionMode } = this.#session;
    const { messageId, content } = message;
    const steer = message.steer || undefined;
    const target = { machineKey: place.machineKey, sessionId: place.projectId };
    const waiting = (): void => {
      for (const other of this.messages) if (other.state === 'sending') other.state = 'waiting';
    };
    try {
      if (id) {
        await deliver(this.#connection, 'agent_message', { agentSessionId: id, messageId, content, steer }, target, waiting);
      } else {
        const answer = await deliver(this.#connection, 'agent_session_new', { messageId, content, permissionMode, agent }, target, waiting);
        this.#created(answer.agentSessionId);
        this.#session.chosenMode = undefined;
      }
      message.state = 'sent';
    } catch (error) {
      message.state = 'failed';
      message.problem = explain(error);
      if (hasCode(error, 'CONFLICT') && (error as RequestError).details?.reason === 'in_terminal') this.#session.inTerminal = true;
    }
  }
}
