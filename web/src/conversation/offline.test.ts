import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { ConnectionLost, RequestError } from '../net/errors';
import { LIMITS } from '../storage/eventCache';
import { Storage } from '../storage/storage';
import { Conversation } from './conversation.svelte';

const place = { machineKey: 'm', projectId: 'p' };
let database = 0;
let name: string;
let open: Conversation[] = [];

/** A visit to the app: what an earlier one kept is there, what it had in memory is not. */
function visit(fake: FakeConnection, id?: string, limits?: typeof LIMITS) {
  const storage = new Storage(name, limits);
  const conversation = new Conversation(fake.connection, place, id, () => {}, storage);
  open.push(conversation);
  return { storage, conversation };
}
const online = (): FakeConnection => {
  const fake = new FakeConnection();
  fake.when('agent_session_attach', ({ afterSeq }) => ({ lastSeq: afterSeq, state: 'idle', epoch: 'e1' }));
  return fake;
};
const away = (): FakeConnection => {
  const fake = new FakeConnection();
  for (const type of ['agent_session_attach', 'agent_session_new', 'agent_message'] as const) {
    fake.when(type, () => {
      throw new ConnectionLost();
    });
  }
  return fake;
};
const states = ({ outbox }: Conversation): [string, string][] => outbox.messages.map(({ content, state }) => [content, state]);
const texts = ({ view }: Conversation): string[] => view.items.map((item) => ('text' in item ? item.text : item.kind));

beforeEach(() => {
  name = `test-${database++}`;
});
afterEach(() => {
  for (const conversation of open) conversation.dispose();
  open = [];
  vi.unstubAllGlobals();
});

test('what was written without a connection is sent by the next visit, once, in order, under the same ids', async () => {
  const first = visit(away(), 's');
  first.conversation.outbox.send('one');
  first.conversation.outbox.send('two', true, [{ mediaType: 'image/png', data: 'AAAA' }]);
  await vi.waitFor(async () => expect(await first.storage.outbox.places()).toEqual([{ ...place, agentSessionId: 's' }]));
  await vi.waitFor(async () => expect(await first.storage.outbox.of({ ...place, agentSessionId: 's' })).toHaveLength(2));
  const ids = first.conversation.outbox.messages.map((message) => message.messageId);
  first.conversation.dispose();

  const fake = online();
  fake.when('agent_message', () => ({ queued: false, position: 0 }));
  const { conversation } = visit(fake, 's');
  await vi.waitFor(() => expect(states(conversation)).toEqual([['one', 'sent'], ['two', 'sent']]));
  expect(fake.asked.map(({ payload }) => [payload.messageId, payload.content, payload.steer, payload.images])).toEqual([
    [ids[0], 'one', undefined, undefined],
    [ids[1], 'two', true, [{ mediaType: 'image/png', data: 'AAAA' }]],
  ]);
});

test('a crash after the machine answered sends nothing again', async () => {
  const fake = online();
  fake.when('agent_message', () => ({ queued: false, position: 0 }));
  const first = visit(fake, 's');
  first.conversation.outbox.send('one');
  await vi.waitFor(() => expect(states(first.conversation)).toEqual([['one', 'sent']]));

  const second = visit(fake, 's');
  await vi.waitFor(() => expect(states(second.conversation)).toEqual([['one', 'sent']]));
  expect(fake.count('agent_message')).toBe(1);
  expect(await second.storage.outbox.places()).toEqual([]);
});

test('a session begun just before a crash takes the messages that waited for its name', async () => {
  const fake = online();
  fake.when('agent_session_new', () => ({ agentSessionId: 's' }));
  fake.when('agent_message', () => new Promise(() => {}));
  const first = visit(fake);
  await first.conversation.setMode('plan');
  first.conversation.outbox.send('one');
  first.conversation.outbox.send('two');
  await vi.waitFor(() => expect(fake.count('agent_message')).toBe(1));
  expect(fake.asked[0].payload).toMatchObject({ content: 'one', permissionMode: 'plan' });
  first.conversation.dispose();

  expect(await first.storage.outbox.places()).toEqual([{ ...place, agentSessionId: 's' }]);
  const next = online();
  next.when('agent_message', () => ({ queued: true, position: 1 }));
  const { conversation } = visit(next, 's');
  await vi.waitFor(() => expect(states(conversation)).toEqual([['one', 'sent'], ['two', 'sent']]));
  expect(next.asked.map(({ type, payload }) => [type, payload.content])).toEqual([['agent_message', 'two']]);
});

test('a session that was to be begun offline begins as it was chosen then', async () => {
  const first = visit(away());
  await first.conversation.setMode('plan');
  first.conversation.outbox.send('one');
  await vi.waitFor(async () => expect(await first.storage.outbox.of(place)).toHaveLength(1));
  first.conversation.dispose();
  const fake = online();
  fake.when('agent_session_new', () => ({ agentSessionId: 's' }));
  visit(fake);
  await vi.waitFor(() => expect(fake.asked[0]?.payload).toMatchObject({ content: 'one', permissionMode: 'plan' }));
});

test('two tabs with the same message: one sends it, the other learns of it', async () => {
  const held = new Map<string, Promise<unknown>>();
  const request = (lock: string, _: unknown, work: () => Promise<unknown>): Promise<unknown> => {
    const turn = (held.get(lock) ?? Promise.resolve()).then(work);
    held.set(lock, turn.catch(() => {}));
    return turn;
  };
  vi.stubGlobal('navigator', Object.create(navigator, { locks: { value: { request } } }));
  const written = visit(away());
  written.conversation.outbox.send('one');
  await vi.waitFor(async () => expect(await written.storage.outbox.of(place)).toHaveLength(1));
  written.conversation.dispose();

  const fakes = [online(), online()];
  for (const fake of fakes) fake.when('agent_session_new', () => ({ agentSessionId: 's' }));
  const tabs = fakes.map((fake) => visit(fake).conversation);
  await vi.waitFor(() => expect(tabs.map((tab) => tab.id)).toEqual(['s', 's']));
  expect(fakes[0].count('agent_session_new') + fakes[1].count('agent_session_new')).toBe(1);
});

test('a refusal is kept with its reason, to be tried again; what is taken back is gone', async () => {
  const fake = online();
  fake.when('agent_message', () => {
    throw new RequestError({ code: 'INVALID_REQUEST', message: 'Too long.' });
  });
  const first = visit(fake, 's');
  first.conversation.outbox.send('one');
  await vi.waitFor(async () => expect(await first.storage.outbox.of({ ...place, agentSessionId: 's' })).toMatchObject([{ state: 'failed' }]));
  first.conversation.dispose();
  const { conversation, storage } = visit(fake, 's');
  await vi.waitFor(() => expect(conversation.outbox.messages).toMatchObject([{ content: 'one', state: 'failed', problem: 'Too long.' }]));
  conversation.outbox.discard(conversation.outbox.messages[0]);
  await vi.waitFor(async () => expect(await storage.outbox.of({ ...place, agentSessionId: 's' })).toEqual([]));
  expect(fake.count('agent_message')).toBe(1);
});

test('a message that is taken back while it waits is not sent', async () => {
  const fake = online();
  fake.when('agent_message', () => {
    throw new RequestError({ code: 'MACHINE_OFFLINE', message: 'Away.' });
  });
  const { conversation } = visit(fake, 's');
  conversation.outbox.send('one');
  await vi.waitFor(() => expect(states(conversation)).toEqual([['one', 'waiting']]));
  conversation.outbox.discard(conversation.outbox.messages[0]);
  fake.tell('daemon_status', { machineKey: 'm', connected: true, label: '', lastSeenAt: null });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(fake.count('agent_message')).toBe(1);
  expect(states(conversation)).toEqual([]);
});

test('what the machine has lost, because an older copy of its log was put back, can be sent again', async () => {
  const fake = online();
  fake.when('agent_message', () => ({ queued: false, position: 0 }));
  const first = visit(fake, 's');
  first.conversation.outbox.send('one');
  await vi.waitFor(() => expect(states(first.conversation)).toEqual([['one', 'sent']]));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { conversation } = visit(fake, 's');
  conversation.show();
  await vi.waitFor(() => expect(conversation.outbox.messages).toMatchObject([{ state: 'failed', problem: 'The machine does not know this message any more.' }]));
});

test('what arrives while the log is asked for is not lost', async () => {
  const fake = online();
  let answer = (): void => {};
  fake.when('agent_session_attach', () => new Promise((resolve) => (answer = () => resolve({ lastSeq: 0, state: 'idle', epoch: 'e1' }))));
  fake.when('agent_message', () => ({ queued: false, position: 0 }));
  const { conversation } = visit(fake, 's');
  conversation.outbox.send('one');
  conversation.show();
  await vi.waitFor(() => expect(states(conversation)).toEqual([['one', 'sent']]));
  answer();
  await vi.waitFor(() => expect(conversation.loaded).toBe(true));
  expect(states(conversation)).toEqual([['one', 'sent']]);
});

test('a draft is there again, and where the log was being read', async () => {
  const first = visit(online(), 's');
  first.conversation.draft = 'half a thou';
  first.conversation.written.attach([{ mediaType: 'image/png', data: 'AAAA' }]);
  first.conversation.written.read({ key: 'e7', offset: -12 });
  await first.conversation.save();
  first.conversation.dispose();
  const { conversation } = visit(online(), 's');
  await vi.waitFor(() => expect(conversation.draft).toBe('half a thou'));
  expect(conversation.written.images).toHaveLength(1);
  expect(conversation.written.reading).toEqual({ key: 'e7', offset: -12 });
  expect(visit(online(), 'other').conversation.draft).toBe('');
});

/** Reads a session of so many events while there is a connection. */
async function read(count: number, limits?: typeof LIMITS): Promise<void> {
  const fake = new FakeConnection();
  fake.when('agent_session_attach', ({ afterSeq, limit = 500 }) => {
    const to = Math.min(count, afterSeq + limit);
    for (let seq = afterSeq + 1; seq <= to; seq++) fake.event({ type: 'text', text: `block ${seq}`, seq });
    return { lastSeq: count, state: 'idle', epoch: 'e1', more: to < count || undefined };
  });
  const { conversation } = visit(fake, 's', limits);
  conversation.show();
  await vi.waitFor(() => expect(conversation.view.lastSeq).toBe(count));
  await conversation.save();
  conversation.dispose();
}

test('a session that was read is there without a connection, and is brought up to date from where it was', async () => {
  await read(1_203);
  const offline = visit(away(), 's').conversation;
  await vi.waitFor(() => expect(offline.loaded).toBe(true));
  expect(texts(offline)).toHaveLength(1_203);
  expect(texts(offline).at(-1)).toBe('block 1203');

  const fake = online();
  fake.when('agent_session_attach', () => {
    fake.event({ type: 'text', text: 'new', seq: 1_204 });
    return { lastSeq: 1_204, state: 'running', epoch: 'e1' };
  });
  const { conversation } = visit(fake, 's');
  conversation.show();
  await vi.waitFor(() => expect(texts(conversation).at(-1)).toBe('new'));
  expect(fake.asked.map(({ payload }) => [payload.afterSeq, payload.epoch])).toEqual([[1_203, 'e1']]);
  expect(conversation.view.activity).toBe('running');
});

test('another log on the machine takes the place of the kept one', async () => {
  await read(3);
  const fake = new FakeConnection();
  fake.when('agent_session_attach', ({ epoch, afterSeq }) => {
    if (epoch !== 'e2' && afterSeq > 0) return { lastSeq: 1, state: 'idle', epoch: 'e2', resync: true };
    fake.event({ type: 'text', text: 'other', seq: 1 });
    return { lastSeq: 1, state: 'idle', epoch: 'e2' };
  });
  const { conversation } = visit(fake, 's');
  conversation.show();
  await vi.waitFor(() => expect(texts(conversation)).toEqual(['other']));
  await conversation.save();
  const offline = visit(away(), 's').conversation;
  await vi.waitFor(() => expect(texts(offline)).toEqual(['other']));
});

test('of a log too long to keep the end is there, and goes on with a connection; what is before it comes when it is read', async () => {
  await read(1_200, { ...LIMITS, session: 60_000 });
  const offline = visit(away(), 's').conversation;
  await vi.waitFor(() => expect(offline.loaded).toBe(true));
  expect(offline.view.items[0].kind).toBe('earlier');
  expect(offline.view.items.length).toBeLessThan(1_000);
  expect(texts(offline).at(-1)).toBe('block 1200');

  const fake = online();
  const { conversation } = visit(fake, 's');
  conversation.show();
  await vi.waitFor(() => expect(fake.asked[0]?.payload.afterSeq).toBe(1_200));
  fake.when('agent_events', ({ beforeSeq }) => ({ events: [{ type: 'text', text: 'before', seq: beforeSeq - 1, agentSessionId: 's', at: '' }] }));
  await conversation.loadEarlier();
  expect(conversation.view.items[0].kind).toBe('gap');
  expect(texts(conversation)[1]).toBe('before');
  expect(texts(conversation).at(-1)).toBe('block 1200');
});

test('an open prompt from before the end is asked, and the kept log goes on to what is before it', async () => {
  const text = (seq: number) => ({ type: 'text' as const, text: `block ${seq}`, seq, agentSessionId: 's', at: '' });
  const prompt = { type: 'prompt', promptId: 'p1', kind: 'permission', toolName: 'Write', toolUseId: 't', input: {}, title: 'Write?', seq: 90 };
  const machine = (): FakeConnection => {
    const fake = new FakeConnection();
    fake.when('agent_session_attach', ({ afterSeq }) => {
      if (afterSeq === 0) fake.event({ type: 'gap', from: 1, to: 100, kept: true });
      for (let seq = Math.max(100, afterSeq) + 1; seq <= 120; seq++) fake.event(text(seq));
      fake.event(prompt);
      return { lastSeq: 120, state: 'waiting', epoch: 'e1' };
    });
    fake.when('agent_events', ({ beforeSeq }) => ({ events: Array.from({ length: beforeSeq - 1 }, (_, index) => (index + 1 === 90 ? { ...prompt, agentSessionId: 's', at: '' } : text(index + 1)) as never) }));
    return fake;
  };
  const first = visit(machine(), 's').conversation;
  first.show();
  await vi.waitFor(() => expect(first.view.prompts).toHaveLength(1));
  await first.save();

  const offline = visit(away(), 's').conversation;
  await vi.waitFor(() => expect(offline.loaded).toBe(true));
  expect(offline.view.items.map(({ kind }) => kind).filter((kind) => kind !== 'text')).toEqual(['earlier']);

  const { conversation } = visit(machine(), 's');
  conversation.show();
  await vi.waitFor(() => expect(conversation.view.prompts).toHaveLength(1));
  await conversation.loadEarlier();
  expect(texts(conversation)).toEqual(Array.from({ length: 120 }, (_, index) => `block ${index + 1}`).filter((words) => words !== 'block 90'));
  expect(conversation.view.prompts).toHaveLength(1);
});

test('what was sent and stands before the end is found there, and what stands nowhere has failed', async () => {
  const fake = new FakeConnection();
  const said = { type: 'user' as const, content: 'one', seq: 1, agentSessionId: 's', at: '' };
  let messageId = '';
  fake.when('agent_message', (message) => {
    messageId ||= message.messageId;
    return { queued: false, position: 0 };
  });
  fake.when('agent_session_attach', ({ afterSeq }) => {
    if (messageId && afterSeq === 0) {
      fake.event({ type: 'gap', from: 1, to: 1, kept: true });
      fake.event({ type: 'text', text: 'the end', seq: 2 });
    }
    return { lastSeq: messageId ? 2 : 0, state: 'idle', epoch: 'e1' };
  });
  fake.when('agent_events', () => ({ events: [{ ...said, messageId }] }));
  const { conversation } = visit(fake, 's');
  conversation.show();
  await vi.waitFor(() => expect(conversation.loaded).toBe(true));
  conversation.outbox.send('one');
  conversation.outbox.send('two');
  await vi.waitFor(() => expect(conversation.outbox.messages.map(({ state }) => state)).toEqual(['sent', 'sent']));
  await new Promise((resolve) => setTimeout(resolve, 5));
  fake.register('another connection');
  await vi.waitFor(() => expect(conversation.outbox.messages.map(({ content, state }) => [content, state])).toEqual([['two', 'failed']]));
  expect(conversation.view.items.map(({ kind }) => kind)).toEqual(['user', 'text']);
});

test('a session begun here is kept too: it asks once for the name of its log', async () => {
  const fake = online();
  fake.when('agent_session_new', () => ({ agentSessionId: 's' }));
  const { conversation } = visit(fake);
  conversation.outbox.send('one');
  await vi.waitFor(() => expect(conversation.id).toBe('s'));
  fake.event({ type: 'text', text: 'a', seq: 1 });
  await vi.waitFor(() => expect(fake.count('agent_session_attach')).toBe(1), 3_000);
  await vi.waitFor(async () => expect((await new Storage(name).events.load('m p s'))?.events).toHaveLength(1));
});

test('a storage that was thrown away, or was never given, costs nothing but itself', async () => {
  await read(3);
  indexedDB.deleteDatabase(name);
  const fake = online();
  fake.when('agent_message', () => ({ queued: false, position: 0 }));
  const evicted = visit(fake, 's').conversation;
  evicted.show();
  await vi.waitFor(() => expect(evicted.loaded).toBe(true));
  expect(fake.asked[0].payload.afterSeq).toBe(0);

  vi.stubGlobal('indexedDB', undefined);
  name = `refused-${name}`;
  const { conversation } = visit(fake, 's');
  conversation.show();
  conversation.draft = 'x';
  conversation.outbox.send('one');
  await conversation.save();
  await vi.waitFor(() => expect(states(conversation)).toEqual([['one', 'sent']]));
  expect(conversation.loaded).toBe(true);
});

test('who signs out leaves nothing here', async () => {
  await read(3);
  const { storage, conversation } = visit(away(), 's');
  conversation.draft = 'x';
  conversation.outbox.send('one');
  await conversation.save();
  await storage.saveList('sessions m p', []);
  conversation.dispose();
  await storage.clear();
  const next = new Storage(name);
  expect(await next.events.load('m p s')).toBeUndefined();
  expect(await next.draft('m p s')).toBeUndefined();
  expect(await next.outbox.places()).toEqual([]);
  expect(await next.list('sessions m p')).toBeUndefined();
});
