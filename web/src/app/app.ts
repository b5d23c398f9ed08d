import { Conversation, type Place } from '../conversation/conversation.svelte';
import { Attention } from '../machines/attention.svelte';
import { forgetMachines, keepMachines } from '../machines/keepMachines.svelte';
import { Machines } from '../machines/machines.svelte';
import { Connection } from '../net/connection';
import { Identity } from '../net/identity';
import type { Socket } from '../net/link';
import { openSocket } from '../net/openSocket';
import { openTokenStore } from '../net/tokenStore';
import { Storage } from '../storage/storage';
import { deviceName } from './deviceName';
import { deviceStore } from './deviceStore';
import { expectedUser, expectUser, whenForgotten } from './firstSight';
import { Router } from './router.svelte';

/** Conversations kept in memory, so that going back to one shows it at once. */
const KEPT = 8;

/** What the screens share. */
export class App {
  readonly router = new Router();
  readonly connection = this.#connect();
  readonly machines = new Machines(this.connection);
  readonly attention = new Attention(this.connection);
  readonly storage = new Storage();
  #conversations: Conversation[] = [];

  constructor() {
    keepMachines(this.machines);
    this.connection.registered.add(() => void this.#sendWhatWaits());
    this.connection.state.subscribe(({ name }) => {
      if (name !== 'unpaired') return;
      void this.#forget();
      expectUser(undefined);
    });
    whenForgotten(() => void this.connection.recheck());
    // The last moments a phone gives an app before it may end it.
    const save = (): void => void this.#conversations.forEach((conversation) => conversation.save());
    addEventListener('pagehide', save);
    document.addEventListener('visibilitychange', () => document.hidden && save());
  }

  /** The session's conversation; without an id the one that is being begun, with what was written for it. */
  conversation(place: Place, id?: string): Conversation {
    const conversation = this.#find(place, id) ?? new Conversation(this.connection, place, id, (created) => this.#created(place, created), this.storage);
    this.#conversations = [conversation, ...this.#conversations.filter((other) => other !== conversation)];
    const unneeded = this.#conversations.slice(KEPT).filter((other) => !other.outbox.unsettled);
    for (const other of unneeded) void other.save().then(() => other.dispose());
    this.#conversations = this.#conversations.filter((other) => !unneeded.includes(other));
    return conversation;
  }

  #find(place: Place, id: string | undefined): Conversation | undefined {
    return this.#conversations.find((other) => other.id === id && other.place.machineKey === place.machineKey && other.place.projectId === place.projectId);
  }

  /** Messages of earlier visits, and of tabs that are gone. */
  async #sendWhatWaits(): Promise<void> {
    for (const { agentSessionId, ...place } of await this.storage.outbox.places()) {
      const known = this.#find(place, agentSessionId);
      if (known) await known.outbox.restore();
      else this.conversation(place, agentSessionId);
    }
  }

  #connect(): Connection {
    const connection = new Connection(() => openSocket() as Socket, new Identity(openTokenStore(), deviceName(navigator.userAgent)));
    // Before whoever asks for what the user has.
    connection.registered.add(({ user_id }) => this.#welcome(user_id));
    return connection;
  }

  /** A link may have paired this device anew, with somebody else's machines. */
  #welcome(user: string): void {
    const before = expectedUser();
    if (before !== undefined && before !== user) void this.#forget();
    expectUser(user);
  }

  async #forget(): Promise<void> {
    for (const conversation of this.#conversations) conversation.dispose();
    this.#conversations = [];
    forgetMachines(this.machines);
    this.attention.forget();
    await Promise.all([this.storage.clear(), deviceStore.forget()]);
  }

  #created(place: Place, agentSessionId: string): void {
    const { route } = this.router;
    const here = route.name === 'new' && route.machineKey === place.machineKey && route.projectId === place.projectId;
    if (here) this.router.replace({ name: 'session', ...place, agentSessionId });
  }
}
