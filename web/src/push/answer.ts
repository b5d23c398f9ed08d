import { deviceName } from '../app/deviceName';
import { hasCode } from '../net/errors';
import { Identity } from '../net/identity';
import { Link, type Socket } from '../net/link';
import { openSocket } from '../net/openSocket';
import { openTokenStore, type TokenStore } from '../net/tokenStore';
import type { PushNotice } from '../protocol.gen';

/** A browser ends a worker that takes long, and the person waits for a sign. */
const PATIENCE = 20_000;

/**
 * Answers a permission without a page: one short connection with the device's own token, which is kept where the page keeps it and is spent under the same lock.
 * False when nobody knows whether the answer arrived.
 */
export async function answerWithoutPage(
  notice: PushNotice, decision: 'allow' | 'deny', open: () => Socket = () => openSocket() as Socket, store: TokenStore = openTokenStore(), patience = PATIENCE,
): Promise<boolean> {
  const link = new Link(open(), { event: () => {}, closed: () => {} });
  const limit = setTimeout(() => link.close(), patience);
  try {
    await link.opened;
    await new Identity(store, deviceName(navigator.userAgent)).signIn(link.request);
    const { agentSessionId, promptId, machineKey, projectId } = notice;
    await link.request('agent_prompt_response', { agentSessionId: agentSessionId!, promptId: promptId!, decision }, { machineKey, sessionId: projectId });
    return true;
  } catch (error) {
    return hasCode(error, 'NOT_FOUND'); // answered elsewhere: nothing is left to do
  } finally {
    clearTimeout(limit);
    link.close();
  }
}
