import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeSocket, FakeStore, tokens } from '../../tests/fakeRelay';
import { Connection } from './connection';
import { deliver } from './deliver';
import { RequestError } from './errors';
import { Identity } from './identity';

const PAYLOAD = { agentSessionId: 's', messageId: '00000000-0000-4000-8000-000000000001', content: 'hello' };
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
let sockets: FakeSocket[];
let connection: Connection;
const socket = (): FakeSocket => sockets[sockets.length - 1];

async function register(): Promise<void> {
  socket().open();
  await settle();
  if (socket().count('token_refresh') > 0) socket().answer('token_refresh', tokens(1));
  await settle();
  socket().answer('client_register', { user_id: 'u', clientId: `cl${sockets.length}`, machines: [] });
  await settle();
}

beforeEach(async () => {
  vi.useFakeTimers();
  sockets = [];
  const open = (): FakeSocket => {
    sockets.push(new FakeSocket());
    return socket();
  };
  connection = new Connection(open, new Identity(new FakeStore('refresh0'), 'Test'), () => 0.5);
  await connection.start();
  await register();
});
afterEach(() => void vi.useRealTimers());

const send = (waiting = vi.fn(), signal?: AbortSignal) =>
  deliver(connection, { machineKey: 'm', attempt: () => connection.request('agent_message', PAYLOAD, { machineKey: 'm', sessionId: 'p' }), waiting, signal });

test('the same message is sent again after each lost connection, until it is answered', async () => {
  const waiting = vi.fn();
  const answer = send(waiting);
  for (let round = 0; round < 3; round++) {
    expect(socket().asked('agent_message').payload).toEqual(PAYLOAD);
    socket().drop();
    await vi.advanceTimersByTimeAsync(10_000);
    await register();
  }
  expect(sockets).toHaveLength(4);
  expect(socket().count('agent_message')).toBe(1);
  socket().answer('agent_message', { queued: false, position: 0 });
  await expect(answer).resolves.toEqual({ queued: false, position: 0 });
  expect(waiting).toHaveBeenCalledTimes(3);
});

test('a message written while the connection is away goes out when it is back', async () => {
  socket().drop();
  const answer = send();
  await vi.advanceTimersByTimeAsync(1_000);
  await register();
  expect(socket().asked('agent_message').payload).toEqual(PAYLOAD);
  socket().answer('agent_message', { queued: false, position: 0 });
  await answer;
});

test('an absent machine is waited for', async () => {
  const answer = send();
  await settle();
  socket().refuse('agent_message', 'MACHINE_OFFLINE');
  await settle();
  expect(socket().count('agent_message')).toBe(1);
  socket().say({ type: 'daemon_status', payload: { machineKey: 'other', connected: true, label: 'x', lastSeenAt: null } });
  await settle();
  expect(socket().count('agent_message')).toBe(1);
  socket().say({ type: 'daemon_status', payload: { machineKey: 'm', connected: true, label: 'm', lastSeenAt: null } });
  await settle();
  expect(socket().count('agent_message')).toBe(2);
  socket().answer('agent_message', { queued: false, position: 0 });
  await answer;
});

test('a refusal is final', async () => {
  const answer = send();
  const failure = expect(answer).rejects.toBeInstanceOf(RequestError);
  await settle();
  socket().refuse('agent_message', 'AGENT_UNAVAILABLE');
  await failure;
});

test('what is taken back while it waits is not sent when the machine is back', async () => {
  const taken = new AbortController();
  const answer = send(vi.fn(), taken.signal);
  const failure = expect(answer).rejects.toThrow();
  await settle();
  socket().refuse('agent_message', 'MACHINE_OFFLINE');
  await settle();
  taken.abort();
  await failure;
  socket().say({ type: 'daemon_status', payload: { machineKey: 'm', connected: true, label: 'm', lastSeenAt: null } });
  await settle();
  expect(socket().count('agent_message')).toBe(1);
});
