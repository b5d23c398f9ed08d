import { get, writable, type Readable } from 'svelte/store';
import type { Envelope, Events, Requests } from '../protocol.gen';
import { hasCode, NotConnected, NotPaired } from './errors';
import type { Identity, Welcome } from './identity';
import { Link, type Requester, type Socket } from './link';
import { backoff, FAREWELL_LIMIT, PENALTY, SETTLED_AFTER, WAKE_PONG_LIMIT } from './timing';

export type ConnectionState =
  | { name: 'starting' }
  | { name: 'unpaired'; revoked: boolean }
  /** The browser does not give out what it keeps, so nobody can say whether this device is paired; pairing it helps. */
  | { name: 'unreadable' }
  | { name: 'reconnecting'; since: number }
  | { name: 'online'; clientId: string };

type SignIn = (request: Requester) => Promise<Welcome>;

/** The device's one connection to the relay: comes back by itself, for as long as the device is paired. */
export class Connection {
  readonly state: Readable<ConnectionState>;
  /** Told each time the relay knows this device again, with the machines it has now. */
  readonly registered = new Set<(welcome: Welcome) => void>();
  #setState: (state: ConnectionState) => void;
  #openSocket: () => Socket;
  #identity: Identity;
  #random: () => number;
  #listeners = new Map<string, Set<(payload: never, envelope: Envelope) => void>>();
  #link: Link | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #onlineSince: number | undefined;
  #refusals = 0;
  #pairing = false;
  #lostAt: number | undefined;

  constructor(openSocket: () => Socket, identity: Identity, random: () => number = Math.random) {
    this.#openSocket = openSocket;
    this.#identity = identity;
    this.#random = random;
    const state = writable<ConnectionState>({ name: 'starting' });
    this.state = state;
    this.#setState = state.set;
  }

  /** Connects if this device is paired; says so if not, without touching the network. */
  async start(): Promise<void> {
    const paired = await this.#identity.isPaired().catch(() => undefined);
    if (paired) this.#connectAgain();
    else this.#setState(paired === undefined ? { name: 'unreadable' } : { name: 'unpaired', revoked: false });
  }

  /** Trades a pairing code, or what a sign-in gave, for an identity; the caller gets the reason when it is refused. */
  async pair(proof: Requests['auth_exchange']['request']): Promise<void> {
    this.#stop();
    this.#pairing = true;
    try {
      await this.#connect((request) => this.#identity.pair(request, proof));
    } catch (error) {
      this.#stop();
      void this.start(); // as before: a device that was paired still is
      throw error;
    } finally {
      this.#pairing = false;
    }
  }

  async forget(): Promise<void> {
    // Best effort: without a relay it is forgotten here all the same.
    if (this.#link) await withinLimit(this.#identity.revoke(this.#link.request), FAREWELL_LIMIT);
    this.#stop();
    await this.#identity.forget();
    this.#setState({ name: 'unpaired', revoked: false });
  }

  /** Another tab says that the pairing is gone: if so, what this one still has in memory is good no more. */
  async recheck(): Promise<void> {
    const paired = await this.#identity.isPaired().catch(() => true);
    if (paired || this.#pairing || get(this.state).name === 'unpaired') return;
    this.#identity.distrustAccessToken();
    this.#stop();
    this.#setState({ name: 'unpaired', revoked: true });
  }

  /** The network or the user came back: find out now instead of when the timer fires. */
  wake(): void {
    if (this.#retryTimer !== undefined) this.#connectAgain();
    else this.#link?.probe(WAKE_PONG_LIMIT);
  }

  request: Requester = (type, payload, target) =>
    this.#onlineSince !== undefined && this.#link
      ? this.#link.request(type, payload, target)
      : Promise.reject(new NotConnected());

  /** How long the way to the relay and back takes, in milliseconds. */
  ping(): Promise<number> {
    return this.#onlineSince !== undefined && this.#link ? this.#link.ping() : Promise.reject(new NotConnected());
  }

  on<T extends keyof Events>(type: T, listener: (payload: Events[T], envelope: Envelope) => void): () => void {
    let listeners = this.#listeners.get(type);
    if (!listeners) this.#listeners.set(type, (listeners = new Set()));
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #connectAgain(): void {
    this.#stop();
    this.#setState({ name: 'reconnecting', since: (this.#lostAt ??= Date.now()) });
    this.#connect((request) => this.#identity.signIn(request)).catch((error: unknown) => {
      if (error instanceof NotPaired) this.#setState({ name: 'unpaired', revoked: error.revoked });
    });
  }

  async #connect(signIn: SignIn): Promise<void> {
    const link: Link = new Link(this.#openSocket(), {
      event: (envelope) => this.#dispatch(link, envelope),
      closed: (code) => this.#lost(link, code),
    });
    this.#link = link;
    try {
      await link.opened;
      this.#welcome(link, await signIn(link.request));
    } catch (error) {
      // Refused for good, or while pairing: waiting and trying the same again would not help.
      if (error instanceof NotPaired || hasCode(error, 'UNAUTHORIZED')) this.#stop();
      else link.close();
      throw error;
    }
  }

  #welcome(link: Link, welcome: Welcome): void {
    if (link !== this.#link) return;
    this.#onlineSince ??= Date.now();
    this.#refusals = 0;
    this.#lostAt = undefined;
    this.#setState({ name: 'online', clientId: welcome.clientId });
    for (const listener of this.registered) listener(welcome);
  }

  #lost(link: Link, code: number): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    if (this.#onlineSince !== undefined && Date.now() - this.#onlineSince >= SETTLED_AFTER) this.#attempt = 0;
    this.#onlineSince = undefined;
    if (this.#pairing) return;
    if (code === 4401) {
      this.#identity.distrustAccessToken();
      if (++this.#refusals > 1) {
        void this.#identity.forget();
        this.#setState({ name: 'unpaired', revoked: true });
        return;
      }
    }
    const penalty = code === 4409 || code === 4429 ? PENALTY : 0;
    this.#setState({ name: 'reconnecting', since: (this.#lostAt ??= Date.now()) });
    this.#retryTimer = setTimeout(() => this.#connectAgain(), penalty + backoff(this.#attempt++, this.#random));
  }

  /** Ends the present link, and any plan to come back. */
  #stop(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    const link = this.#link;
    this.#link = undefined;
    this.#onlineSince = undefined;
    link?.close();
  }

  #dispatch(link: Link, envelope: Envelope): void {
    if (link !== this.#link) return;
    if (envelope.type === 'token_expiring') void this.#renew(link);
    for (const listener of this.#listeners.get(envelope.type) ?? []) listener((envelope.payload ?? {}) as never, envelope);
  }

  async #renew(link: Link): Promise<void> {
    try {
      this.#welcome(link, await this.#identity.renew(link.request));
    } catch (error) {
      if (!(error instanceof NotPaired) || link !== this.#link) return; // the close that follows brings a new attempt
      this.#stop();
      this.#setState({ name: 'unpaired', revoked: true });
    }
  }
}

/** Waits for the work, but no longer than this, and whatever comes of it. */
function withinLimit(work: Promise<void>, limit: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limit);
    void work.catch(() => {}).then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
