import { get } from 'svelte/store';
import type { Connection } from './connection';
import { ConnectionLost, hasCode } from './errors';

/** How long to wait for a sign that another attempt could succeed, before making one anyway. */
const PATIENCE = 15_000;

/** It says nothing of what was asked for: asked again later, that may be answered. */
export const passes = (error: unknown): boolean => error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE', 'RELAY_TIMEOUT', 'RATE_LIMITED');

export interface Delivery<T> {
  machineKey: string;
  /** A request that carries a messageId or a key: made again, the daemon answers the same and does nothing twice. */
  attempt(): Promise<T>;
  /** It did not get through; it is tried again when that could help. */
  waiting(): void;
  /** Ends it; nobody knows then whether an attempt got through. */
  signal?: AbortSignal;
}

/** Asks until it is answered, through lost connections and an absent machine; only a real refusal ends it. */
export async function deliver<T>(connection: Connection, { machineKey, attempt, waiting, signal }: Delivery<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!passes(error) || signal?.aborted) throw error;
      waiting();
      await nextChance(connection, machineKey, error instanceof ConnectionLost, signal);
      signal?.throwIfAborted();
    }
  }
}

/** Until the relay knows us again or the machine is back; after a lost connection nothing else helps. */
function nextChance(connection: Connection, machineKey: string, lost: boolean, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      connection.registered.delete(done);
      signal?.removeEventListener('abort', done);
      forgetStatus();
      resolve();
    };
    const forgetStatus = connection.on('daemon_status', (status) => {
      if (status.machineKey === machineKey && status.connected) done();
    });
    const online = get(connection.state).name === 'online';
    const timer = setTimeout(done, lost && online ? 0 : PATIENCE);
    connection.registered.add(done);
    signal?.addEventListener('abort', done);
  });
}
