import { readable } from 'svelte/store';
import { vi } from 'vitest';
import type { Connection } from '../src/net/connection';
import type { Welcome } from '../src/net/identity';
import type { Target } from '../src/net/link';
import type { AgentEvent, Events, Requests } from '../src/protocol.gen';

type Answer = (payload: never, target: Target) => unknown;

/** A connection that answers what a test says, and tells what it was asked. */
export class FakeConnection {
  readonly state = readable({ name: 'online', clientId: 'cl' });
  readonly registered = new Set<(welcome: Welcome) => void>();
  readonly asked: { type: string; payload: Record<string, unknown> }[] = [];
  readonly answers = new Map<string, Answer>();
  #listeners = new Map<string, Set<(payload: unknown, envelope: unknown) => void>>();

  request = vi.fn(async (type: string, payload: never, target: Target = {}) => {
    this.asked.push({ type, payload });
    const answer = this.answers.get(type);
    if (!answer) throw new Error(`nobody answers ${type}`);
    return answer(payload, target);
  });

  on(type: string, listener: (payload: unknown, envelope: unknown) => void): () => void {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type)!.add(listener);
    return () => this.#listeners.get(type)!.delete(listener);
  }
  when<T extends keyof Requests>(type: T, answer: (payload: Requests[T]['request'], target: Target) => Requests[T]['response'] | Promise<Requests[T]['response']>): void {
    this.answers.set(type, answer as Answer);
  }
  tell<T extends keyof Events>(type: T, payload: Events[T]): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(payload, { type, sessionId: 'p', machineKey: 'm' });
  }
  event(event: Record<string, unknown>): void {
    this.tell('agent_event', { agentSessionId: 's', at: '', ...event } as unknown as AgentEvent);
  }
  register(clientId: string): void {
    for (const listener of this.registered) listener({ user_id: 'u', clientId, machines: [] });
  }
  count(type: string): number {
    return this.asked.filter((asked) => asked.type === type).length;
  }
  get connection(): Connection {
    return this as unknown as Connection;
  }
}
