import { get } from 'svelte/store';
import type { Requests } from '../protocol.gen';
import type { Connection } from './connection';
import { ConnectionLost, hasCode } from './errors';
import type { Target } from './link';

/** How long to wait for a sign that another attempt could succeed, before making one anyway. */
const PATIENCE = 15_000;

/** Requests that carry a messageId: asked again, the daemon answers the same and does nothing twice. */
type Repeatable = 'agent_message' | 'agent_session_new';

/** Asks until it is answered, through lost connections and an absent machine; only a real refusal ends it. */
export async function deliver<T extends Repeatable>(
  connection: Connection,
  type: T,
  payload: Requests[T]['request'],
  target: Target & { machineKey: string },
  onWaiting: () => void,
): Promise<Requests[T]['response']> {
  for (;;) {
    try {
      return await connection.request(type, payload, target);
    } catch (error) {
      const later = error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE', 'RELAY_TIMEOUT', 'RATE_LIMITED');
      if (!later || target.signal?.aborted) throw error;
      onWaiting();
      await nextChance(connection, target.machineKey, error instanceof ConnectionLost);
    }
  }
}

/** Until the relay knows us again or the machine is back; after a lost connection nothing else helps. */
function nextChance(connection: Connection, machineKey: string, lost: boolean): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      connection.registered.delete(done);
      forgetStatus();
      resolve();
    };
    const forgetStatus = connection.on('daemon_status', (status) => {
      if (status.machineKey === machineKey && status.connected) done();
    });
    const online = get(connection.state).name === 'online';
    const timer = setTimeout(done, lost && online ? 0 : PATIENCE);
    connection.registered.add(done);
  });
}
