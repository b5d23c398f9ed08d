import { beforeEach, expect, test, vi } from 'vitest';
import { FakeSocket, FakeStore, tokens } from '../../tests/fakeRelay';
import type { PushNotice } from '../protocol.gen';
import { answerWithoutPage } from './answer';

const notice = { kind: 'needs_you', machineKey: 'm', projectId: 'p', agentSessionId: 's', promptId: 'pr', tag: 'pr' } as PushNotice;
let socket: FakeSocket;
let store: FakeStore;
const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  socket = new FakeSocket();
  store = new FakeStore('refresh0');
});

async function signIn(): Promise<void> {
  socket.open();
  await settle();
  socket.answer('token_refresh', tokens(1));
  await settle();
  socket.answer('client_register', { user_id: 'u', clientId: 'c', machines: [] });
  await settle();
}

test('signs in with the kept token, answers its own prompt and hangs up', async () => {
  const answered = answerWithoutPage(notice, 'allow', () => socket, store);
  await signIn();
  const asked = socket.asked('agent_prompt_response');
  expect(asked).toMatchObject({ machineKey: 'm', sessionId: 'p', payload: { agentSessionId: 's', promptId: 'pr', decision: 'allow' } });
  expect(store.kept).toEqual({ token: 'refresh1' });
  socket.answer('agent_prompt_response', { accepted: true });
  expect(await answered).toBe(true);
  expect(socket.closed).toBe(true);
});

test('answered elsewhere is answered', async () => {
  const answered = answerWithoutPage(notice, 'deny', () => socket, store);
  await signIn();
  socket.refuse('agent_prompt_response', 'NOT_FOUND');
  expect(await answered).toBe(true);
});

test.each<[string, () => Promise<void>]>([
  ['the relay is not there', async () => socket.drop()],
  ['the machine is not there', async () => (await signIn(), socket.refuse('agent_prompt_response', 'MACHINE_OFFLINE'))],
  ['the connection breaks before the answer', async () => (await signIn(), socket.drop())],
  ['the device is revoked', async () => (socket.open(), await settle(), socket.refuse('token_refresh'))],
])('%s: it says that nobody knows', async (_, trouble) => {
  const answered = answerWithoutPage(notice, 'allow', () => socket, store);
  await trouble();
  expect(await answered).toBe(false);
  expect(socket.closed).toBe(true);
});

test('it does not wait for ever', async () => {
  vi.useFakeTimers();
  const answered = answerWithoutPage(notice, 'allow', () => socket, store, 5_000);
  await vi.advanceTimersByTimeAsync(5_000);
  vi.useRealTimers();
  expect(await answered).toBe(false);
});

test('a device that is not paired any more opens nothing it could use', async () => {
  const answered = answerWithoutPage(notice, 'allow', () => socket, new FakeStore());
  socket.open();
  expect(await answered).toBe(false);
  expect(socket.sent).toEqual([]);
});
