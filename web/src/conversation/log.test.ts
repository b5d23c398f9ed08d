import { render, screen, within } from '@testing-library/svelte';
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
  expect(shown.length).toBeLessThanOrEqual(300);
  expect(shown.at(-1)?.textContent).toContain('block 4999');
  screen.getByRole('button', { name: 'Show earlier messages' });
});

test.each([
  [{ cancelled: true }, 'Stopped'],
  [{ interrupted: true, isError: true, result: 'The daemon stopped.' }, 'Interrupted'],
  [{ isError: true, result: 'Too much.' }, 'Too much.'],
  [{ durationMs: 61_000 }, '1 min 1 s'],
  [{ costUsd: 0.5 }, '$0.50'],
])('the end of a turn: %j', (done, shown) => {
  const { tell, log } = open();
  tell({ type: 'done', cancelled: false, isError: false, durationMs: 0, seq: 1, ...done });
  log.getByText(shown);
});
