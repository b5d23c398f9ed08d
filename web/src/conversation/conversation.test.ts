import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { ConnectionLost, RequestError } from '../net/errors';
import type { AgentEvent } from '../protocol.gen';
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
  fake.when('agent_session_attach', () => ({ lastSeq: 0, state: 'idle', epoch: 'e1' }));
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
  expect(fake.asked).toEqual([{ type: 'agent_session_attach', payload: { agentSessionId: 's', afterSeq: 0, limit: 500, last: 200, epoch: undefined } }]);
  fake.event({ type: 'text', text: 'a', seq: 1 });
  fake.event({ type: 'text', text: 'b', seq: 2 });
  await settle();

  fake.register('cl2');
  await settle();
  expect(fake.asked.at(-1)?.payload).toEqual({ agentSessionId: 's', afterSeq: 2, limit: 500, epoch: 'e1' });

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
    return { lastSeq: 3, state: 'idle', epoch: 'e1' };
  });
  fake.event({ type: 'text', text: 'c', seq: 3 });
  await settle();
  expect(fake.asked.at(-1)?.payload).toEqual({ agentSessionId: 's', afterSeq: 1, limit: 500, epoch: 'e1' });
  expect(texts()).toEqual(['a', 'b', 'c']);
});

test('a hole nobody can fill does not attach for ever', async () => {
  fake.when('agent_session_attach', () => {
    fake.event({ type: 'text', text: 'late', seq: 7 });
    return { lastSeq: 7, state: 'running', epoch: 'e1' };
  });
  open('s');
  conversation.show();
  await settle();
  expect(fake.count('agent_session_attach')).toBe(1);
  expect(texts()).toEqual(['', 'late']);
  expect(conversation.view.activity).toBe('running');
});

/** A machine that has a long log and sends it in parts, as it is asked for. */
function keep(count: number, epoch = 'e1', kept = 0): void {
  fake.when('agent_session_attach', ({ afterSeq, limit, epoch: known }) => {
    if (known !== undefined && known !== epoch && afterSeq > 0) return { lastSeq: count, state: 'idle', epoch, resync: true };
    if (afterSeq < kept) fake.event({ type: 'gap', from: afterSeq + 1, to: kept });
    const from = Math.max(afterSeq, kept);
    const to = Math.min(count, from + limit!);
    for (let seq = from + 1; seq <= to; seq++) fake.event({ type: 'text', text: `${epoch} ${seq}`, seq });
    return { lastSeq: count, state: 'idle', epoch, ...(to < count && { more: true }) };
  });
}

test('a long log is asked for part after part, until nothing is left', async () => {
  keep(1_203);
  open('s');
  conversation.show();
  await settle();
  expect(fake.asked.map(({ payload }) => payload.afterSeq)).toEqual([0, 500, 1_000]);
  expect(fake.asked.map(({ payload }) => payload.epoch)).toEqual([undefined, 'e1', 'e1']);
  expect(texts()).toEqual(Array.from({ length: 1_203 }, (_, index) => `e1 ${index + 1}`));
  expect(conversation.loaded).toBe(true);
});

/** One that knows of the log's end, and gives what is before it when it is asked. */
function keepLong(count: number): void {
  const text = (seq: number) => ({ type: 'text' as const, text: `e1 ${seq}`, seq, agentSessionId: 's', at: '' });
  fake.when('agent_session_attach', ({ afterSeq, last }) => {
    const from = last === undefined ? afterSeq : Math.max(afterSeq, count - last);
    const carried: AgentEvent[] = [{ type: 'todo', items: [{ id: '1', content: 'rain', state: 'pending' }], seq: 1, agentSessionId: 's', at: '' }];
    if (from > afterSeq) fake.event({ type: 'gap', from: afterSeq + 1, to: from, kept: true, carried });
    for (let seq = from + 1; seq <= count; seq++) fake.event(text(seq));
    return { lastSeq: count, state: 'idle', epoch: 'e1' };
  });
  fake.when('agent_events', ({ beforeSeq, limit }) => {
    const from = Math.max(1, beforeSeq - limit!);
    return { events: Array.from({ length: beforeSeq - from }, (_, index) => text(from + index)), ...(from > 1 && { more: true }) };
  });
}

test('of a long log the end comes first, and what is before it when the reader gets there', async () => {
  keepLong(1_203);
  open('s');
  fake.event({ type: 'text', text: 'live', seq: 1_204 });
  await settle();
  conversation.show();
  await settle();
  expect(fake.count('agent_session_attach')).toBe(1);
  expect(conversation.loaded).toBe(true);
  expect(conversation.view.items[0].kind).toBe('earlier');
  expect(conversation.view.todo).toMatchObject([{ content: 'rain' }]);
  expect(texts().slice(1)).toEqual([...Array.from({ length: 200 }, (_, index) => `e1 ${1_004 + index}`), 'live']);

  fake.event({ type: 'text', text: 'later', seq: 1_205 });
  await conversation.loadEarlier();
  expect(conversation.view.items[0].kind).toBe('earlier');
  await Promise.all([conversation.loadEarlier(), conversation.loadEarlier()]);
  await conversation.loadEarlier();
  await conversation.loadEarlier();
  expect(fake.asked.filter(({ type }) => type === 'agent_events').map(({ payload }) => payload.beforeSeq)).toEqual([1_004, 504, 4]);
  expect(texts()).toEqual([...Array.from({ length: 1_203 }, (_, index) => `e1 ${index + 1}`), 'live', 'later']);
  expect(conversation.view).toMatchObject({ lastSeq: 1_205, activity: 'idle' });
  expect(conversation.view.earlier).toBeUndefined();
});

test('what is live already does not stop the parts that are still to come', async () => {
  keep(1_000);
  open('s');
  fake.event({ type: 'text', text: 'live', seq: 1_001 });
  conversation.show();
  await settle();
  expect(conversation.view.lastSeq).toBe(1_001);
  expect(texts().at(-1)).toBe('live');
  expect(texts()).toHaveLength(1_001);
});

test('what is not kept any more is one line, and the rest follows it', async () => {
  keep(130, 'e1', 120);
  open('s');
  conversation.show();
  await settle();
  expect(conversation.view.items.slice(0, 2)).toMatchObject([{ kind: 'gap' }, { text: 'e1 121' }]);
  expect(conversation.view.lastSeq).toBe(130);
  expect(fake.count('agent_session_attach')).toBe(1);
});

test('another log than the one that is known: everything anew, but what was written stays', async () => {
  keep(3);
  fake.when('agent_message', () => new Promise(() => {}));
  open('s');
  fake.register('cl1');
  conversation.show();
  await settle();
  conversation.draft = 'half written';
  conversation.outbox.send('on its way');
  keep(2, 'e2');
  fake.register('cl2');
  await settle();
  expect(fake.asked.filter(({ type }) => type === 'agent_session_attach').map(({ payload }) => [payload.afterSeq, payload.epoch])).toEqual([[0, undefined], [3, 'e1'], [0, 'e2']]);
  expect(texts()).toEqual(['e2 1', 'e2 2']);
  expect(conversation.draft).toBe('half written');
  expect(conversation.outbox.messages).toMatchObject([{ content: 'on its way' }]);
});

test('a session begun here learns after an interruption which log it is in', async () => {
  fake.when('agent_session_new', () => ({ agentSessionId: 's' }));
  open();
  fake.register('cl1');
  conversation.show();
  conversation.outbox.send('one');
  await settle();
  fake.event({ type: 'text', text: 'from before the restore', seq: 1 });
  await settle();
  keep(1, 'e2');
  fake.register('cl2');
  await settle();
  expect(texts()).toEqual(['e2 1']);
});

test('a machine that says "more" and sends nothing is not asked for ever', async () => {
  fake.when('agent_session_attach', () => ({ lastSeq: 9, state: 'idle', epoch: 'e1', more: true }));
  open('s');
  conversation.show();
  await settle();
  expect(fake.count('agent_session_attach')).toBe(1);
  expect(conversation.problem).not.toBe('');
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
    return { lastSeq: 0, state: 'running', epoch: 'e1' };
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

test('behind a message that waits for the machine, all wait', async () => {
  fake.when('agent_message', () => {
    throw new RequestError({ code: 'MACHINE_OFFLINE', message: 'The machine is offline.' });
  });
  open('s');
  conversation.outbox.send('one');
  conversation.outbox.send('two');
  await settle();
  conversation.outbox.send('three');
  expect(conversation.outbox.messages.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting']);
});

test('a message for the running turn says so, others do not', async () => {
  fake.when('agent_message', () => ({ queued: false, position: 0, steered: true }));
  open('s');
  conversation.outbox.send('now', true);
  conversation.outbox.send('later');
  await settle();
  expect(fake.asked.map(({ payload }) => [payload.content, payload.steer])).toEqual([['now', true], ['later', undefined]]);
});

test('a session that a terminal has is read only, until the terminal closes it', async () => {
  fake.when('agent_message', () => {
    throw new RequestError({ code: 'CONFLICT', message: 'A terminal has this session open.', details: { reason: 'in_terminal' } });
  });
  open('s');
  conversation.outbox.send('written on the way');
  await settle();
  expect(conversation.inTerminal).toBe(true);
  expect(conversation.outbox.messages).toMatchObject([{ content: 'written on the way', state: 'failed' }]);

  const changed = { agentSessionId: 's', state: 'idle' as const, title: 't', openPrompts: 0, lastSeq: 0, machineOpenPrompts: 0 };
  fake.tell('agent_session_changed', changed);
  expect(conversation.inTerminal).toBe(false);
  fake.tell('agent_session_changed', { ...changed, inTerminal: true });
  expect(conversation.inTerminal).toBe(true);

  fake.when('agent_session_take_over', () => ({ takenOver: true }));
  await conversation.takeOver();
  expect(conversation.inTerminal).toBe(false);
  fake.when('agent_session_fork', () => ({ agentSessionId: 'forked' }));
  expect(await conversation.fork()).toBe('forked');
});

test('a session open in a terminal is known as such from the start', async () => {
  fake.when('agent_session_attach', () => ({ lastSeq: 0, state: 'running', epoch: 'e1', inTerminal: true }));
  open('s');
  conversation.show();
  await settle();
  expect(conversation.inTerminal).toBe(true);
});

test('the chosen agent goes along with the first message', async () => {
  fake.when('agent_session_new', () => ({ agentSessionId: 's' }));
  open();
  conversation.agent = 'acp';
  conversation.outbox.send('one');
  await settle();
  expect(fake.asked[0].payload).toMatchObject({ agent: 'acp' });
});
