// A phone: it is paired, connects, works for a while, and goes, with a goodbye, in a cut or into a tunnel; what it did not hear the answer of it asks again.
import { randomUUID } from 'node:crypto';
import { Followed } from './followed.mjs';
import { Link, Lost, Refused } from './link.mjs';
import { Wire } from './wire.mjs';

const UNTIMED = new Set(['command_exec', 'command_attach']);

export class Phone {
  sessions = new Map();
  #tokens;
  #attempt;
  #lastFsSeq = 0;
  #heardFsSeq;

  constructor(name, world, { wire, onEvent = () => {}, onChanges = () => {} }) {
    Object.assign(this, { name, world, wire, onEvent, onChanges });
  }

  static async create(name, world, relayPort, listeners = {}) {
    return new Phone(name, world, { wire: await Wire.to(relayPort), ...listeners });
  }

  /** Connects, registers, and catches up with these sessions. */
  async connect(sessions) {
    this.#heardFsSeq = undefined;
    this.link = await Link.connect(this.wire.port, (message) => this.#hear(message));
    try {
      if (!this.#tokens) await this.#pair();
      else if (this.#tokens.expires_at * 1000 < Date.now() + 90_000) await this.#refresh();
      await this.#register();
      this.world.connections++;
      for (const session of this.sessions.values()) session.follows = false;
      for (const id of sessions) await this.followed(id).attach(this);
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  leave() {
    this.link.close();
  }

  /** This device is given up; the next connection pairs a new one. */
  async retire() {
    await this.ask('token_revoke', { refresh_token: this.#tokens.refresh_token });
    this.#tokens = undefined;
    await this.link.closed;
  }

  followed(id) {
    if (!this.sessions.has(id)) this.sessions.set(id, new Followed(id, this.world));
    return this.sessions.get(id);
  }

  /** Follows a session, catching up first where needed. */
  async follow(id) {
    const session = this.followed(id);
    if (!session.follows) await session.attach(this);
  }

  async ask(type, payload, more = {}) {
    const { world, wire } = this;
    const [since, disturbed] = [performance.now(), wire.disturbed];
    try {
      const answer = await this.link.ask(type, payload, { about: world.about, ...more });
      if (!UNTIMED.has(type) && wire.disturbed === disturbed) world.timed(type, performance.now() - since);
      return answer;
    } catch (error) {
      if (error instanceof Refused) world.refused(error);
      throw error;
    }
  }

  async #pair() {
    this.#tokens = await this.link.ask('auth_exchange', { code: await this.world.pair() });
    this.world.phones++;
  }

  // The answer may be lost on the way: the same attempt is answered alike.
  async #refresh() {
    this.#attempt ??= randomUUID();
    this.#tokens = await this.link.ask('token_refresh', { refresh_token: this.#tokens.refresh_token, attempt: this.#attempt });
    this.#attempt = undefined;
  }

  async #register() {
    await this.link.ask('client_register', { token: this.#tokens.access_token, device: { name: this.name } });
  }

  #hear({ type, payload }) {
    if (type === 'agent_event') {
      this.followed(payload.agentSessionId).hear(payload);
      this.onEvent(payload, this);
    } else if (type === 'fs_changed') {
      this.#hearChanges(payload);
    } else if (type === 'token_expiring') {
      const renew = this.#refresh().then(() => this.#register());
      renew.catch((error) => error instanceof Lost || this.world.fault('wrong', `tokens could not be renewed: ${error.message}`));
    }
  }

  // Numbers follow one another while a connection stays, and never go back.
  #hearChanges(payload) {
    const { seq } = payload;
    if (this.#heardFsSeq !== undefined && seq > this.#heardFsSeq + 1) this.world.fault('lost', `fs_changed ${seq} came after ${this.#heardFsSeq}`, seq - this.#heardFsSeq - 1);
    if (seq <= this.#lastFsSeq) this.world.fault('doubled', `fs_changed ${seq} came to a phone that had ${this.#lastFsSeq}`);
    this.#heardFsSeq = this.#lastFsSeq = seq;
    this.onChanges(payload);
  }
}
