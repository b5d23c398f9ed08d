// @vitest-environment node
import { expect, test } from 'vitest';
import { reduce } from '../conversation/reduce';
import { emptyView } from '../conversation/view';
import type { AgentEvent } from '../protocol.gen';
import { changesByEnd, turnsOf } from './turns';

const viewOf = (...events: Record<string, unknown>[]) =>
  events.map((event, index) => ({ agentSessionId: 's', at: '', seq: index + 1, ...event }) as unknown as AgentEvent).reduce(reduce, emptyView).items;
const user = (content: string) => ({ type: 'user', messageId: content, content });
const edited = (toolUseId: string, path: string) => ({ type: 'file_edit', toolUseId, path, edits: [{ oldText: 'a', newText: 'b' }] });
const result = (toolUseId: string, more = {}) => ({ type: 'tool_result', toolUseId, content: '', isError: false, ...more });
const done = { type: 'done', cancelled: false, isError: false, durationMs: 1 };

test('a turn is what lies between two ends, the latest first, and each file once', () => {
  const turns = turnsOf(viewOf(
    user('first'), edited('1', 'x.ts'), result('1'), edited('2', 'x.ts'), result('2', { patch: '@@ -1 +1,2 @@\n-b\n+c\n+d\n' }), done,
    user('only words'), done,
    user('second'), { type: 'file_create', toolUseId: '3', path: 'y.ts', content: 'one\ntwo\n' }, result('3'),
    { type: 'tool_use', toolUseId: '4', name: 'Bash', input: {} }, result('4'),
  ));
  expect(turns.map(({ title, end, commands }) => [title, end === undefined, commands])).toEqual([['second', true, 1], ['first', false, 0]]);
  expect(turns[1].files).toMatchObject([{ path: 'x.ts', added: 3, removed: 2 }]);
  expect(turns[1].files[0].steps).toHaveLength(2);
  expect(turns[0].files).toMatchObject([{ path: 'y.ts', added: 2, removed: 0, outside: false }]);
});

test('the end of a turn knows how many files it changed', () => {
  const items = viewOf(
    user('first'), edited('1', 'x.ts'), result('1'), edited('2', 'x.ts'), result('2'), edited('3', 'y.ts'), result('3'), done,
    user('only words'), done, user('failed'), edited('4', 'z.ts'), result('4', { isError: true }), done, user('running'), edited('5', 'x.ts'), result('5'),
  );
  const [end, ...others] = items.filter((item) => item.kind === 'done').map((item) => item.key);
  expect([...changesByEnd(items)]).toEqual([[end, 2]]);
  expect(turnsOf(items).at(-1)!.end).toBe(end);
  expect(others).toHaveLength(2);
});

test('what was refused, failed or is not done yet has changed nothing', () => {
  const prompt = { type: 'prompt', promptId: 'p', kind: 'permission', toolName: 'Edit', toolUseId: '2', input: {}, title: 't' };
  const turns = turnsOf(viewOf(
    user('do it'), edited('1', 'a'), result('1', { isError: true }), edited('2', 'b'), prompt, { type: 'prompt_resolved', promptId: 'p', outcome: 'denied' }, result('2'), edited('3', 'c'),
  ));
  expect(turns).toEqual([]);
});

test('a file outside the project is told as such', () => {
  const [turn] = turnsOf(viewOf(user('x'), edited('1', '/etc/hosts'), result('1'), done));
  expect(turn.files[0].outside).toBe(true);
});
