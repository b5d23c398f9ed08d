import { fireEvent, render, screen } from '@testing-library/svelte';
import { SvelteMap } from 'svelte/reactivity';
import { expect, test } from 'vitest';
import type { ToolItem } from '../view';
import ToolCard from './ToolCard.svelte';

const card = (item: Partial<ToolItem>): HTMLElement => {
  render(ToolCard, { opened: new SvelteMap<string, boolean>(), item: { kind: 'tool', key: 'k', toolUseId: 't', name: 'Bash', truncated: false, state: 'done', depth: 0, ...item } });
  return screen.getByRole('article');
};
const expand = (): Promise<boolean> => fireEvent.click(screen.getByRole('button'));

test('closed: name, one line, state', () => {
  const article = card({ input: { command: 'npm test\nrm -rf x', description: 'Run' }, state: 'running' });
  expect(article.getAttribute('aria-label')).toBe('Tool: Bash');
  expect(screen.getByRole('button').getAttribute('aria-expanded')).toBe('false');
  screen.getByText('npm test');
  screen.getByText('running');
  expect(article.textContent).not.toContain('rm -rf x');
});

test('a new file shows its content', async () => {
  card({ name: 'Write', path: 'a.txt', content: 'hello\u202e' });
  await expand();
  screen.getByText('hello⟨U+202E⟩');
});

test('an edit shows its difference, from the patch when there is one', async () => {
  card({ name: 'Edit', path: 'a.txt', edits: [{ oldText: 'x', newText: 'y' }], patch: '@@ -1 +1 @@\n-real old\n+real new' });
  await expand();
  expect([...document.querySelectorAll('.line')].map((line) => line.textContent?.trim())).toEqual(['− real old', '+ real new']);
});

test.each(['done', 'failed', 'denied', 'stopped'] as const)('%s says so in words', async (state) => {
  card({ state, result: { content: 'output <b>of</b> it', isError: state === 'failed', truncated: true } });
  screen.getByText(state);
  await expand();
  screen.getByText('output <b>of</b> it');
  screen.getByText(/Cut off here/);
});

test.each([
  [{ pattern: 'x', path: 'src' }, 'x'],
  [{ anything: 'else' }, 'else'],
  [{ questions: [{ question: 'Which?' }] }, 'Which?'],
  [{ file_path: 'src/a.ts' }, 'src/a.ts'],
  [{ questions: [null] }, '{"questions":[null]}'],
  [{ number: 1 }, '{"number":1}'],
  ['text', 'text'],
  [null, ''],
])('summary of %j', (input, summary) => {
  expect(card({ input }).querySelector('.summary')?.textContent).toBe(summary);
});

test('a change says how much it changes; a path keeps its name', () => {
  const article = card({ name: 'Edit', path: 'a/very/long/way/to/file.ts', edits: [{ oldText: 'x\ny', newText: 'z' }] });
  expect(article.querySelector('.base')?.textContent).toBe('file.ts');
  screen.getByLabelText('Lines: 1 added, 2 removed');
});

test('a failure says why without being opened', () => {
  card({ state: 'failed', result: { content: 'Running\nError: port taken\n  at x\n', isError: true, truncated: false } });
  screen.getByText('Error: port taken');
});
