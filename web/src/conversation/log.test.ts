import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { expect, test } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import type { AgentEvent } from '../protocol.gen';
import { Conversation } from './conversation.svelte';
import Log from './Log.svelte';
import { reduce } from './reduce';

function open() {
  const conversation = new Conversation(new FakeConnection().connection, { machineKey: 'm', projectId: 'p' }, 's', () => {});
  conversation.loaded = true;
  render(Log, { conversation });
  const tell = (event: Record<string, unknown>): void => {
    conversation.view = reduce(conversation.view, { agentSessionId: 's', at: '', ...event } as unknown as AgentEvent);
    flushSync();
  };
  return { conversation, tell, log: within(screen.getByRole('log', { name: 'Conversation' })) };
}

test('an empty conversation says what to do', () => {
  open().log.getByText('What shall Claude do?');
});

test('a streamed answer keeps its element when it is complete', () => {
  const { tell, log } = open();
  tell({ type: 'user', content: 'hi', messageId: '1', seq: 1 });
  tell({ type: 'text_delta', messageId: 'm', delta: 'First.\n\nSec' });
  const article = log.getByRole('article', { name: 'Claude' });
  const paragraph = article.querySelector('p');
  expect(article.getAttribute('aria-busy')).toBe('true');
  tell({ type: 'text_delta', messageId: 'm', delta: 'ond.' });
  expect(article.querySelector('p')).toBe(paragraph);
  tell({ type: 'text', messageId: 'm', text: 'First.\n\nSecond.', seq: 2 });
  expect(log.getByRole('article', { name: 'Claude' })).toBe(article);
  expect(article.querySelector('p')).toBe(paragraph);
  expect(article.hasAttribute('aria-busy')).toBe(false);
  expect(article.textContent).toContain('Second.');
});

test('what waits for its turn stands below the answer in the making', () => {
  const { tell, log } = open();
  tell({ type: 'user', content: 'one', messageId: '1', seq: 1 });
  tell({ type: 'user', content: 'two', messageId: '2', queued: true, seq: 2 });
  tell({ type: 'text_delta', messageId: 'm', delta: 'answer' });
  expect(log.getAllByRole('article').map((article) => article.textContent?.trim().split(/\s/)[0])).toEqual(['one', 'answer', 'two']);
  log.getByText('waits for its turn');
});

test('a long history is laid out from its end', () => {
  const { conversation } = open();
  const events = Array.from({ length: 5_000 }, (_, index) => ({ type: 'text', text: `block ${index}`, seq: index + 1, agentSessionId: 's', at: '' }) as AgentEvent);
  conversation.view = events.reduce(reduce, conversation.view);
  flushSync();
  const shown = screen.getAllByRole('article');
  expect(shown.length).toBeLessThanOrEqual(64);
  expect(shown.at(-1)?.textContent).toContain('block 4999');
});

test.each([
  [{ cancelled: true }, 'Stopped'],
  [{ interrupted: true, isError: true, result: 'The daemon stopped.' }, 'Interrupted'],
  [{ isError: true, result: 'Too much.' }, 'Too much.'],
  [{ durationMs: 61_000 }, '1 min 1 s'],
  [{ costUsd: 0.5 }, '$0.50'],
  [{ totalCostUsd: 1.25 }, '$1.25 in all'],
  [{ contextTokens: 30_000, contextWindow: 200_000 }, 'context 15 %'],
  [{ contextTokens: 160_000, contextWindow: 200_000 }, 'context 80 % full'],
])('the end of a turn: %j', (done, shown) => {
  const { tell, log } = open();
  tell({ type: 'done', cancelled: false, isError: false, durationMs: 0, seq: 1, ...done });
  log.getByText(shown);
});

test('the last end of a turn says how the session stands, those before it do not', () => {
  const { tell, log } = open();
  const done = { type: 'done', cancelled: false, isError: false, durationMs: 0, contextWindow: 100 };
  tell({ ...done, totalCostUsd: 1, contextTokens: 10, seq: 1 });
  tell({ ...done, totalCostUsd: 2, contextTokens: 20, seq: 2 });
  log.getByText('$2.00 in all');
  log.getByText('context 20 %');
  expect(log.queryByText('$1.00 in all')).toBeNull();
});

test('a receipt has words while it matters, and is a sign with words for who cannot see it after that', () => {
  const { tell, log } = open();
  const words = () => log.getAllByRole('article', { name: 'You' }).map((article) => article.querySelector('[data-stage] span')!);
  tell({ type: 'user', content: 'one', messageId: '1', seq: 1 });
  log.getByText('received');
  tell({ type: 'status', state: 'running', messageId: '1', seq: 2 });
  log.getByText('given to Claude');
  tell({ type: 'done', cancelled: false, isError: false, durationMs: 1, messageId: '1', seq: 3 });
  expect(words().map((word) => [word.textContent, word.className.includes('visually-hidden')])).toEqual([['done', false]]);
  tell({ type: 'user', content: 'two', messageId: '2', seq: 4 });
  expect(words().map((word) => [word.textContent, word.className.includes('visually-hidden')])).toEqual([['done', true], ['received', false]]);
});

test('what was said in a terminal has no receipt', () => {
  const { tell } = open();
  tell({ type: 'user', content: 'one', seq: 1 });
  expect(document.querySelector('[data-stage]')).toBeNull();
});

test('a limit says when it ends in local time, and what to do', () => {
  const { tell, log } = open();
  const resetsAt = new Date();
  resetsAt.setHours(23, 5, 0, 0);
  tell({ type: 'error', code: 'rate_limit', message: 'The limit is reached.\u202e', resetsAt: resetsAt.toISOString(), action: 'Wait.', seq: 1 });
  expect(log.getByRole('alert').textContent?.replace(/\s+/g, ' ').trim()).toBe('The limit is reached.⟨U+202E⟩ The limit resets at 23:05. Wait.');
});

test('a task is a line of its own, with its state', () => {
  const { tell, log } = open();
  const task = { type: 'task', taskId: 'k', kind: 'command', description: 'npm run dev\u202e', state: 'running' };
  tell({ ...task, seq: 1 });
  log.getByText('npm run dev⟨U+202E⟩');
  tell({ ...task, state: 'failed', summary: 'Port taken', seq: 2 });
  const line = log.getByRole('article', { name: 'In the background' });
  expect(within(line).getByText('failed')).toBeTruthy();
  within(line).getByText('Port taken');
});

test('what parallel sub-agents do stands with each of them, and is folded away when they are done', async () => {
  const { tell, log } = open();
  const call = (toolUseId: string, parentToolUseId?: string, name = 'Read') => ({ type: 'tool_use', toolUseId, name, input: { file_path: toolUseId }, parentToolUseId });
  tell({ ...call('A', undefined, 'Task'), seq: 1 });
  tell({ ...call('B', undefined, 'Task'), seq: 2 });
  tell({ ...call('a1', 'A'), seq: 3 });
  tell({ ...call('b1', 'B'), seq: 4 });
  tell({ ...call('a2', 'A'), seq: 5 });
  const shown = (): (string | null | undefined)[] => log.getAllByRole('article').map((article) => article.querySelector('.base')?.textContent);
  expect(shown()).toEqual(['A', 'a1', 'a2', 'B', 'b1']);
  log.getByRole('button', { name: '2 steps', expanded: true });
  tell({ type: 'tool_result', toolUseId: 'A', content: 'done', isError: false, seq: 6 });
  expect(shown()).toEqual(['A', 'B', 'b1']);
  await fireEvent.click(log.getByRole('button', { name: '2 steps', expanded: false }));
  expect(shown()).toEqual(['A', 'a1', 'a2', 'B', 'b1']);
});

test('a card that was opened is open again when it comes back into sight', async () => {
  const { tell, log, conversation } = open();
  tell({ type: 'tool_use', toolUseId: 't', name: 'Bash', input: { command: 'ls' }, seq: 1 });
  await fireEvent.click(log.getByRole('button', { name: /Bash/ }));
  expect(conversation.opened.get('e1')).toBe(true);
  log.getByRole('region', { name: 'command' });
});

test('a message that came to nothing is sent again with a tap, as a new one', async () => {
  const { tell, log, conversation } = open();
  tell({ type: 'user', content: 'one', messageId: '1', seq: 1 });
  tell({ type: 'done', cancelled: false, isError: true, durationMs: 1, messageId: '1', seq: 2 });
  await fireEvent.click(log.getByRole('button', { name: 'Send again' }));
  expect(conversation.outbox.messages).toMatchObject([{ content: 'one' }]);
  expect(conversation.outbox.messages[0].messageId).not.toBe('1');
});
