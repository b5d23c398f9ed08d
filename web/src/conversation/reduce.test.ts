// @vitest-environment node
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../protocol.gen';
import { reduce, reduceAll, skipHole } from './reduce';
import { emptyView, hasHole, type ConversationView } from './view';

type Bare = AgentEvent extends infer Event ? (Event extends AgentEvent ? Omit<Event, 'agentSessionId' | 'seq' | 'at'> : never) : never;

const log = (...events: Bare[]): AgentEvent[] =>
  events.map((event, index) => ({ ...event, agentSessionId: 's', at: '', seq: index + 1 }) as AgentEvent);
const view = (...events: Bare[]): ConversationView => log(...events).reduce(reduce, emptyView);
const kinds = ({ items }: ConversationView): string[] => items.map((item) => item.kind);
const done: Bare = { type: 'done', cancelled: false, isError: false, durationMs: 1 };

/** Every kind of event, with few ids, so that they meet. */
const id = fc.constantFrom('a', 'b', 'c');
const anyEvent: fc.Arbitrary<Bare> = fc.oneof(
  fc.record({ type: fc.constant('init' as const), model: fc.string(), cwd: fc.string(), tools: fc.array(fc.string(), { maxLength: 1 }), permissionMode: fc.constantFrom('default', 'plan'), agentVersion: fc.string() }),
  fc.record({ type: fc.constant('user' as const), messageId: id, content: fc.string(), queued: fc.boolean() }),
  fc.record({ type: fc.constant('text' as const), text: fc.string(), messageId: id }),
  fc.record({ type: fc.constant('thinking' as const), text: fc.string() }),
  fc.record({ type: fc.constant('file_create' as const), toolUseId: id, path: fc.string(), content: fc.string() }),
  fc.record({ type: fc.constant('tool_use' as const), toolUseId: id, name: fc.string(), input: fc.jsonValue(), parentToolUseId: fc.option(id, { nil: undefined }) }),
  fc.record({ type: fc.constant('tool_result' as const), toolUseId: id, content: fc.string(), isError: fc.boolean() }),
  fc.record({ type: fc.constant('prompt' as const), promptId: id, kind: fc.constant('permission' as const), toolName: fc.string(), toolUseId: id, input: fc.constant({}), title: fc.string() }),
  fc.record({ type: fc.constant('prompt_resolved' as const), promptId: id, outcome: fc.constantFrom('allowed' as const, 'denied' as const) }),
  fc.record({ type: fc.constant('status' as const), state: fc.constantFrom('running' as const, 'retrying' as const, 'idle' as const) }),
  fc.record({ type: fc.constant('status' as const), state: fc.constant('running' as const), messageId: id }),
  fc.record({ type: fc.constant('todo' as const), items: fc.array(fc.record({ id, content: fc.string(), state: fc.constantFrom('pending' as const, 'completed' as const) }), { maxLength: 2 }) }),
  fc.record({ type: fc.constant('task' as const), taskId: id, kind: fc.constant('agent' as const), state: fc.constantFrom('running' as const, 'completed' as const), description: fc.string(), toolUseId: fc.option(id, { nil: undefined }) }),
  fc.record({ type: fc.constant('error' as const), code: fc.string(), message: fc.string() }),
  fc.constant(done),
  fc.record({ type: fc.constant('done' as const), cancelled: fc.boolean(), isError: fc.boolean(), durationMs: fc.constant(1), messageId: id, steered: fc.array(id, { maxLength: 1 }) }),
);
const anyLog = fc.array(anyEvent, { maxLength: 40 }).map((events) => log(...events));

describe('whatever happens on the way, the same log ends in the same view', () => {
  test('repeated events change nothing', () => {
    fc.assert(
      fc.property(anyLog, fc.infiniteStream(fc.nat({ max: 3 })), (events, repeats) => {
        const repeated = events.flatMap((event, index) => [event, ...events.slice(Math.max(0, index - (repeats.next().value ?? 0)), index + 1)]);
        expect(repeated.reduce(reduce, emptyView)).toEqual(events.reduce(reduce, emptyView));
      }),
    );
  });

  test('many at once, and no view that was made before changes', () => {
    fc.assert(
      fc.property(anyLog, anyLog, (events, more) => {
        const before = events.reduce(reduce, emptyView);
        const copy = structuredClone(before);
        const rest = more.map((event) => ({ ...event, seq: event.seq! + events.length }));
        expect(reduceAll(before, rest)).toEqual(rest.reduce(reduce, before));
        expect(before).toEqual(copy);
      }),
    );
  });

  test('cut off anywhere and attached again from the last good seq', () => {
    fc.assert(
      fc.property(anyLog, fc.array(fc.nat({ max: 40 }), { maxLength: 5 }), (events, cuts) => {
        let now = emptyView;
        for (const cut of cuts) {
          const { lastSeq } = now;
          now = events.filter((event) => event.seq! > lastSeq).slice(0, cut).reduce(reduce, now);
        }
        const { lastSeq } = now;
        now = events.filter((event) => event.seq! > lastSeq).reduce(reduce, now);
        expect(now).toEqual(events.reduce(reduce, emptyView));
      }),
    );
  });

  test('in any order, with losses, once all was sent again', () => {
    fc.assert(
      fc.property(
        anyLog.chain((events) => fc.tuple(fc.constant(events), fc.shuffledSubarray(events))),
        ([events, arrived]) => {
          const now = [...arrived, ...events].reduce(reduce, emptyView);
          expect(now).toEqual(events.reduce(reduce, emptyView));
          expect(hasHole(now)).toBe(false);
          expect(now.lastSeq).toBe(events.length);
        },
      ),
    );
  });

  test('partial text leaves no trace', () => {
    fc.assert(
      fc.property(anyLog, fc.string(), (events, delta) => {
        const streamed = events.flatMap((event) => [{ type: 'text_delta', messageId: 'a', delta, agentSessionId: 's', at: '' } as AgentEvent, event]);
        const now = streamed.reduce(reduce, emptyView);
        expect({ ...now, partial: undefined }).toEqual({ ...events.reduce(reduce, emptyView), partial: undefined });
      }),
    );
  });

  test('keys are unique, so no element is mistaken for another', () => {
    fc.assert(
      fc.property(anyLog, (events) => {
        const keys = events.reduce(reduce, emptyView).items.map((item) => item.key);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  test('no view is ever changed in place', () => {
    fc.assert(
      fc.property(anyLog, (events) => {
        let now: ConversationView = emptyView;
        for (const event of events) {
          const before = structuredClone(now);
          const next = reduce(now, event);
          expect(now).toEqual(before);
          now = next;
        }
      }),
    );
  });
});

describe('streaming', () => {
  const delta = (messageId: string, text: string): AgentEvent => ({ type: 'text_delta', messageId, delta: text, agentSessionId: 's', at: '' });

  test('deltas grow one text, the block replaces it', () => {
    const streaming = [delta('m1', 'Hel'), delta('m1', 'lo')].reduce(reduce, emptyView);
    expect(streaming.partial).toEqual({ messageId: 'm1', text: 'Hello' });
    const finished = log({ type: 'text', text: 'Hello!', messageId: 'm1' }).reduce(reduce, streaming);
    expect(finished.partial).toBeUndefined();
    expect(finished.items).toMatchObject([{ kind: 'text', text: 'Hello!' }]);
  });

  test('another message begins anew', () => {
    const now = [delta('m1', 'old'), delta('m2', 'new')].reduce(reduce, emptyView);
    expect(now.partial).toEqual({ messageId: 'm2', text: 'new' });
  });

  test('the text so far, told again to who asks in mid-answer, is not there twice', () => {
    const now = [delta('m1', 'Hel'), { ...delta('m1', 'Hello'), whole: true } as AgentEvent, delta('m1', ' you')].reduce(reduce, emptyView);
    expect(now.partial).toEqual({ messageId: 'm1', text: 'Hello you' });
  });

  test('the end of a turn leaves nothing half said', () => {
    expect(log(done).reduce(reduce, reduce(emptyView, delta('m1', 'half'))).partial).toBeUndefined();
  });
});

describe('tools', () => {
  const write: Bare = { type: 'file_create', toolUseId: 't', path: 'a.txt', content: 'x' };
  const prompt: Bare = { type: 'prompt', promptId: 'p', kind: 'permission', toolName: 'Write', toolUseId: 't', input: {}, title: 'Write a.txt' };
  const resolved = (outcome: 'allowed' | 'denied'): Bare => ({ type: 'prompt_resolved', promptId: 'p', outcome });
  const result = (isError: boolean): Bare => ({ type: 'tool_result', toolUseId: 't', content: 'r', isError });

  test.each([
    ['running', [write]],
    ['done', [write, result(false)]],
    ['failed', [write, result(true)]],
    ['denied', [write, prompt, resolved('denied'), result(true)]],
    ['done', [write, prompt, resolved('allowed'), result(false)]],
    ['stopped', [write, done]],
  ])('%s', (state, events) => {
    expect(view(...events).items[0]).toMatchObject({ kind: 'tool', name: 'Write', state });
  });

  test('a prompt is open until it is resolved, and leaves one line', () => {
    expect(view(write, prompt)).toMatchObject({ activity: 'waiting', prompts: [{ promptId: 'p' }] });
    const after = view(write, prompt, resolved('allowed'));
    expect(after).toMatchObject({ activity: 'running', prompts: [] });
    expect(after.items.at(-1)).toMatchObject({ kind: 'outcome', outcome: 'allowed', title: 'Write a.txt' });
  });

  test('sub-agents indent, theirs once more', () => {
    const use = (toolUseId: string, parentToolUseId?: string): Bare => ({ type: 'tool_use', toolUseId, name: 'Task', input: {}, parentToolUseId });
    expect(view(use('1'), use('2', '1'), use('3', '2'), use('4', 'unknown')).items).toMatchObject([{ depth: 0 }, { depth: 1 }, { depth: 2 }, { depth: 1 }]);
  });
});

describe('messages that wait', () => {
  const user = (messageId: string, queued?: boolean): Bare => ({ type: 'user', messageId, content: messageId, queued });
  const init: Bare = { type: 'init', model: 'm', cwd: '', tools: [], permissionMode: 'default', agentVersion: '' };

  test('move to where they are answered when the next turn begins', () => {
    const now = view(user('1'), init, user('2', true), user('3', true), { type: 'text', text: 'one' }, done, init);
    expect(kinds(now)).toEqual(['user', 'user', 'text', 'done', 'user']);
    expect(now.items.at(-1)).toMatchObject({ content: '2', queued: false });
    expect(now.items[1]).toMatchObject({ content: '3', queued: true });
  });

  test('are there once when they are told again', () => {
    const now = view(user('1'), init, user('2', true), done, user('2'), init);
    expect(kinds(now)).toEqual(['user', 'done', 'user']);
    expect(now.items.at(-1)).toMatchObject({ content: '2', queued: false });
  });
});

test('attempts to reach the API replace each other', () => {
  const retry = (detail: string): Bare => ({ type: 'status', state: 'retrying', detail });
  expect(view(retry('1'), retry('2')).items).toMatchObject([{ kind: 'retry', text: '2' }]);
});

describe('receipts', () => {
  const user = (messageId: string, queued?: boolean): Bare => ({ type: 'user', messageId, content: messageId, queued });
  const given = (messageId: string): Bare => ({ type: 'status', state: 'running', messageId });
  const ended = (messageId: string, more: Partial<Extract<Bare, { type: 'done' }>> = {}): Bare => ({ ...done, messageId, ...more }) as Bare;
  const receipts = (...events: Bare[]): string[] => view(...events).items.flatMap((item) => (item.kind === 'user' ? [`${item.messageId} ${item.receipt}`] : []));

  test.each<[string[], Bare[]]>([
    [['1 received'], [user('1')]],
    [['1 queued'], [user('1', true)]],
    [['1 given'], [user('1'), given('1')]],
    [['1 done'], [user('1'), given('1'), ended('1')]],
    [['1 cancelled'], [user('1'), given('1'), ended('1', { cancelled: true })]],
    [['1 interrupted'], [user('1'), given('1'), ended('1', { interrupted: true, isError: true })]],
    [['1 failed'], [user('1'), given('1'), ended('1', { isError: true })]],
    [['1 done', '2 given'], [user('1'), given('1'), user('2', true), ended('1'), user('2'), given('2')]],
    [['1 done', '2 given'], [user('1'), given('1'), user('2', true), ended('1'), given('2')]],
    [['1 done', '2 done', '3 queued'], [user('1'), given('1'), user('2'), given('2'), user('3', true), ended('1', { steered: ['2'] })]],
    [['2 interrupted'], [user('2', true), ended('2', { interrupted: true })]],
  ])('%j', (expected, events) => {
    expect(receipts(...events)).toEqual(expected);
  });

  test('an end that names no message, as older logs have it, is the end of all that did not wait', () => {
    expect(receipts(user('1'), user('2', true), done)).toEqual(['1 done', '2 queued']);
  });

  test('a message given into the running turn stands where it was given', () => {
    const now = view(user('1'), given('1'), user('2', true), { type: 'text', text: 'so far' }, given('2'), { type: 'text', text: 'then' });
    expect(now.items.map((item) => ('content' in item ? item.content : 'text' in item ? item.text : ''))).toEqual(['1', 'so far', '2', 'then']);
  });
});

describe('tasks and lists', () => {
  const agent: Bare = { type: 'tool_use', toolUseId: 't', name: 'Agent', input: {} };
  const task = (state: 'running' | 'completed' | 'failed' | 'stopped', summary?: string): Bare => ({ type: 'task', taskId: 'k', kind: 'agent', state, description: 'Look around', toolUseId: 't', summary });

  test('a task stands below the call that began it and changes in place', () => {
    const now = view(agent, { type: 'text', text: 'meanwhile' }, task('running'), task('completed', 'Two files.'));
    expect(kinds(now)).toEqual(['tool', 'task', 'text']);
    expect(now.items[1]).toMatchObject({ state: 'completed', summary: 'Two files.', depth: 1 });
  });

  test('one whose call is not known stands by itself', () => {
    expect(kinds(view({ type: 'text', text: 'a' }, { ...task('running'), toolUseId: undefined } as Bare))).toEqual(['text', 'task']);
  });

  test('what runs on after the turn is counted, until it ends or the machine says so', () => {
    expect(view(agent, task('running'), done).background).toBe(1);
    expect(view(agent, task('running'), done, task('stopped')).background).toBe(0);
    expect(view(agent, task('running'), done, { type: 'status', state: 'idle', background: 0 }).background).toBe(0);
  });

  test('a list replaces the one before', () => {
    const todo = (content: string): Bare => ({ type: 'todo', items: [{ id: '1', content, state: 'pending' }] });
    expect(view(todo('old'), todo('new')).todo).toEqual([{ id: '1', content: 'new', state: 'pending' }]);
  });
});

describe('what is not kept any more', () => {
  const gap = (from: number, to: number): AgentEvent => ({ type: 'gap', from, to, agentSessionId: 's', at: '' });
  const text = (seq: number): AgentEvent => ({ type: 'text', text: `${seq}`, seq, agentSessionId: 's', at: '' });
  const prompt = (seq: number): AgentEvent => ({ type: 'prompt', promptId: 'p', kind: 'permission', toolName: 'Write', toolUseId: 't', input: {}, title: '', seq, agentSessionId: 's', at: '' });

  test('leaves one line, and the log goes on behind it', () => {
    const now = [gap(1, 5), text(6), gap(1, 5), text(7)].reduce(reduce, emptyView);
    expect(kinds(now)).toEqual(['gap', 'text', 'text']);
    expect(now.lastSeq).toBe(7);
  });

  test('lets in what came too early', () => {
    const now = [text(4), text(7), gap(1, 6)].reduce(reduce, emptyView);
    expect(now.items.map((item) => item.kind)).toEqual(['gap', 'text']);
    expect([now.lastSeq, hasHole(now)]).toEqual([7, false]);
  });

  test('is not believed when something before it is missing here', () => {
    expect(reduce(emptyView, gap(3, 5))).toEqual(emptyView);
  });

  test('may hold the answer to a prompt: one that is still open is told again', () => {
    const asked = [prompt(1), gap(2, 9)].reduce(reduce, emptyView);
    expect(asked.prompts).toEqual([]);
    expect([prompt(1), prompt(1)].reduce(reduce, asked).prompts).toHaveLength(1);
  });
});

test('a hole that cannot be filled is shown and passed', () => {
  const [first, , third] = log({ type: 'text', text: 'a' }, { type: 'text', text: 'b' }, { type: 'text', text: 'c' });
  const stuck = [first, third].reduce(reduce, emptyView);
  expect(stuck.lastSeq).toBe(1);
  const now = skipHole(stuck);
  expect(kinds(now)).toEqual(['text', 'gap', 'text']);
  expect(now.lastSeq).toBe(3);
});
