import { render, screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { ConnectionLost } from '../net/errors';
import type { FsMatch, FsSearchResponse } from '../protocol.gen';
import { FileSearch } from './search.svelte';
import SearchResults from './SearchResults.svelte';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
function begin() {
  const fake = new FakeConnection();
  const calls: { say: (matches: FsMatch[]) => void; end: (answer: FsSearchResponse) => void; fail: (error: unknown) => void }[] = [];
  fake.when('fs_search', (_, target) => new Promise((end, fail) => {
    target.onSent!(`r${calls.length}`);
    calls.push({ say: (matches) => target.onEvent!({ type: 'fs_search_matches', payload: { matches } }), end, fail });
  }));
  fake.when('fs_search_cancel', () => ({ cancelled: true }));
  return { fake, calls, search: new FileSearch(fake.connection, { machineKey: 'm', projectId: 'p' }) };
}
const end: FsSearchResponse = { matchCount: 1, fileCount: 1, truncated: false, cancelled: false };

test('matches show while it goes on', async () => {
  const { calls, search } = begin();
  void search.run('x', 'name');
  calls[0].say([{ path: 'a' }]);
  expect(search).toMatchObject({ running: true, matches: [{ path: 'a' }] });
  calls[0].end(end);
  await settle();
  expect(search).toMatchObject({ running: false, done: true });
});

test('a new one ends the one before, on the machine too, and takes nothing from it', async () => {
  const { fake, calls, search } = begin();
  void search.run('x', 'text');
  void search.run('xy', 'text');
  calls[0].say([{ path: 'of the first' }]);
  expect(search.matches).toEqual([]);
  expect(fake.asked.find((asked) => asked.type === 'fs_search_cancel')?.payload).toEqual({ requestId: 'r0' });
  calls[1].end(end);
  await settle();
  search.stop();
  expect(fake.count('fs_search_cancel')).toBe(1);
});

test('a broken connection is a sentence, not a spinner', async () => {
  const { calls, search } = begin();
  void search.run('x', 'text');
  calls[0].fail(new ConnectionLost());
  await settle();
  expect(search.running).toBe(false);
  expect(search.problem).toContain('Search again');
});

test('names and lines are text, with what is invisible shown', async () => {
  const { calls, search } = begin();
  render(SearchResults, { search, query: 'needle', link: (path, line) => `#${path}:${line}` });
  void search.run('needle', 'text');
  calls[0].say([{ path: 'a/<img src=x>\u202e.ts', line: 7, column: 3, text: '  <script>needle\u202e</script>' }]);
  calls[0].end(end);
  const line = await screen.findByRole('link', { name: /needle/ });
  expect(line.textContent).toContain('<script>needle⟨U+202E⟩</script>');
  expect(line.getAttribute('href')).toBe('#a/<img src=x>\u202e.ts:7');
  expect(document.querySelector('img, script')).toBeNull();
  screen.getByText('<img src=x>⟨U+202E⟩.ts');
});
