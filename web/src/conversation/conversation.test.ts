import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { ConnectionLost, RequestError } from '../net/errors';
import { Conversation } from './conversation.svelte';

const place = { machineKey: 'm', projectId: 'p' };
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20);
let fake: FakeConnection;
let created: string[];
let conversation: Conversation;

function open(id?: string): void {
  created = [];
  conversation = new Conversation(fake.connection, place, id, (newId) => created.push(newId));
}
const texts = (): string[] => conversation.view.items.map((item) => ('text' in item ? item.text : item.kind));

beforeEach(() => {
  vi.useFakeTimers();
  fake = new FakeConnection();
  fake.when('agent_session_attach', () => ({ lastSeq: 0, state: 'idle' }));
});
afterEach(() => {
  conversation.dispose();
  vi.useRealTimers();
});

test('attaches when shown, and from the last good seq after each interruption', async () => {
  open('s');
  fake.register('cl1');
  conversation.show();
  await settle();
  expect(fake.asked).toEqual([{ type: 'agent_session_attach', payload: { agentSessionId: 's', afterSeq: 0 } }]);
  fake.event({ type: 'text', text: 'a', seq: 1 });
  fake.event({ type: 'text', text: 'b', seq: 2 });
  await settle();

  fake.register('cl2');
  await settle();
  expect(fake.asked.at(-1)?.payload).toEqual({ agentSessionId: 's', afterSeq: 2 });

  fake.tell('daemon_status', { machineKey: 'other', connected: true, label: '', lastSeenAt: null });
  fake.tell('daemon_status', { machineKey: 'm', connected: false, label: '', lastSeenAt: null });
  await settle();
  expect(fake.count('agent_session_attach')).toBe(2);
  fake.tell('daemon_status', { machineKey: 'm', connected: true, label: '', lastSeenAt: null });
  await settle();
  expect(fake.count('agent_session_attach')).toBe(3);
  expect(texts()).toEqual(['a', 'b']);
});

test('a token that is renewed on the same socket interrupts nothing', async () => {
  open('s');
  fake.register('cl1');
  conversation.show();
  await settle();
  fake.register('cl1');
  await settle();
  expect(fake.count('agent_session_attach')).toBe(1);
});

test('a jump in seq attaches again, and what was missed comes in order', async () => {
  open('s');
  conversation.show();
  await settle();
  fake.event({ type: 'text', text: 'a', seq: 1 });
  await settle();
  fake.when('agent_session_attach', () => {
    fake.event({ type: 'text', text: 'b', seq: 2 });
    fake.event({ type: 'text', text: 'c', seq: 3 });
    return { lastSeq: 3, state: 'idle' };
  });
  fake.event({ type: 'text', text: 'c', seq: 3 });
  await settle();
  expect(fake.asked.at(-1)?.payload).toEqual({ agentSessionId: 's', afterSeq: 1 });
  expect(texts()).toEqual(['a', 'b', 'c']);
});

test('a hole nobody can fill does not attach for ever', async () => {
  fake.when('agent_session_attach', () => {
    fake.event({ type: 'text', text: 'late', seq: 7 });
    return { lastSeq: 7, state: 'running' };
  });
  open('s');
  conversation.show();
  await settle();
  expect(fake.count('agent_session_attach')).toBe(1);
  expect(texts()).toEqual(['', 'late']);
  expect(conversation.view.activity).toBe('running');
});

test('a partial text that comes again whole after an interruption is not doubled', async () => {
  open('s');
  fake.register('cl1');
  conversation.show();
  await settle();
  fake.event({ type: 'text_delta', messageId: 'm', delta: 'Hello' });
  await settle();
  fake.when('agent_session_attach', () => {
    fake.event({ type: 'text_delta', messageId: 'm', delta: 'Hello wor' });
    return { lastSeq: 0, state: 'running' };
  });
  fake.register('cl2');
  await settle();
  fake.event({ type: 'text_delta', messageId: 'm', delta: 'ld' });
  await settle();
  expect(conversation.view.partial?.text).toBe('Hello world');
});

test('a fast stream costs one rendering a frame', async () => {
  open('s');
  conversation.show();
  await settle();
  let renderings = 0;
  let last = conversation.view;
  for (let step = 0; step < 1_000; step++) {
    fake.event({ type: 'text_delta', messageId: 'm', delta: 'x' });
    if (conversation.view !== last) renderings++;
    last = conversation.view;
    if (step % 100 === 99) await settle();
  }
  await settle();
  expect(renderings).toBeLessThanOrEqual(11);
  expect(conversation.view.partial?.text).toHaveLength(1_000);
});

test('the first message begins the session, the next ones go to it, each once', async () => {
  fake.when('agent_session_new', () => ({ agentSessionId: 's' }));
  fake.when('agent_message', () => ({ queued: true, position: 1 }));
  open();
  conversation.show();
  await conversation.setMode('plan');
  conversation.outbox.send('one');
  conversation.outbox.send('two');
  await settle();
  expect(created).toEqual(['s']);
  expect(fake.asked.map(({ type }) => type)).toEqual(['agent_session_new', 'agent_message']);
  expect(fake.asked[0].payload).toMatchObject({ content: 'one', permissionMode: 'plan' });
  expect(fake.asked[1].payload).toMatchObject({ content: 'two', agentSessionId: 's' });
  expect(conversation.outbox.messages).toHaveLength(2);
  fake.event({ type: 'user', content: 'one', messageId: fake.asked[0].payload.messageId, seq: 1 });
  await settle();
  expect(conversation.outbox.messages.map((message) => message.content)).toEqual(['two']);
});

test('the mode is what the events tell, in their order, not what was asked for', async () => {
  open('s');
  fake.when('agent_set_mode', async () => {
    fake.event({ type: 'status', state: 'running', permissionMode: 'acceptEdits', seq: 1 });
    fake.event({ type: 'status', state: 'running', permissionMode: 'plan', seq: 2 });
    await settle();
    return { permissionMode: 'acceptEdits', model: null };
  });
  await conversation.setMode('acceptEdits');
  expect(conversation.mode).toBe('plan');

  fake.when('agent_set_mode', () => {
    fake.event({ type: 'status', state: 'running', permissionMode: 'default', seq: 3 });
    fake.event({ type: 'status', state: 'running', permissionMode: 'acceptEdits', seq: 4 });
    return { permissionMode: 'acceptEdits', model: null };
  });
  await conversation.setMode('acceptEdits');
  expect(conversation.mode).toBe('acceptEdits');
});

test('a refused message stays, says why, and goes out again under the same id', async () => {
  fake.when('agent_session_new', () => {
    throw new RequestError({ code: 'AGENT_UNAVAILABLE', message: 'Claude Code is not installed.', details: { reason: 'not_installed', action: 'Install it.' } });
  });
  open();
  conversation.outbox.send('one');
  await settle();
  const message = conversation.outbox.messages[0];
  expect(message).toMatchObject({ state: 'failed', problem: 'Claude Code is not installed. Install it.' });
  fake.when('agent_session_new', () => ({ agentSessionId: 's' }));
  conversation.outbox.retry(message);
  await settle();
  expect(fake.asked[1].payload.messageId).toBe(fake.asked[0].payload.messageId);
  expect(created).toEqual(['s']);
});

test('an answer given elsewhere already is no failure, a lost one is', async () => {
  open('s');
  fake.when('agent_prompt_response', () => {
    throw new RequestError({ code: 'NOT_FOUND', message: 'There is no such prompt.' });
  });
  expect(await conversation.answer('p', { decision: 'allow' })).toBe(true);
  fake.when('agent_prompt_response', () => {
    throw new ConnectionLost();
  });
  expect(await conversation.answer('p', { decision: 'allow' })).toBe(false);
  expect(conversation.problem).not.toBe('');
});
