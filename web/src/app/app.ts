import { Conversation, type Place } from '../conversation/conversation.svelte';
import { Attention } from '../machines/attention.svelte';
import { Machines } from '../machines/machines.svelte';
import { Connection } from '../net/connection';
import { Identity } from '../net/identity';
import type { Socket } from '../net/link';
import { openSocket } from '../net/openSocket';
import { openTokenStore } from '../net/tokenStore';
import { deviceName } from './deviceName';
import { Router } from './router.svelte';

/** Conversations kept in memory, so that going back to one shows it at once. */
const KEPT = 8;

/** What the screens share. */
export class App {
  readonly router = new Router();
  readonly connection = new Connection(() => openSocket() as Socket, new Identity(openTokenStore(), deviceName(navigator.userAgent)));
  readonly machines = new Machines(this.connection);
  readonly attention = new Attention(this.connection);
  #conversations: Conversation[] = [];

  /** The session's conversation; without an id the one that is being begun, with what was written for it. */
  conversation(place: Place, id?: string): Conversation {
    const known = this.#conversations.find(
      (other) => other.id === id && other.place.machineKey === place.machineKey && other.place.projectId === place.projectId,
    );
    const conversation = known ?? new Conversation(this.connection, place, id, (created) => this.#created(place, created));
    this.#conversations = [conversation, ...this.#conversations.filter((other) => other !== conversation)];
    const unneeded = this.#conversations.slice(KEPT).filter((other) => other.outbox.messages.length === 0 && other.draft === '');
    for (const other of unneeded) other.dispose();
    this.#conversations = this.#conversations.filter((other) => !unneeded.includes(other));
    return conversation;
  }

  #created(place: Place, agentSessionId: string): void {
    const { route } = this.router;
    const here = route.name === 'new' && route.machineKey === place.machineKey && route.projectId === place.projectId;
    if (here) this.router.replace({ name: 'session', ...place, agentSessionId });
  }
}
