import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { XSS_PAYLOADS } from '../../tests/xssPayloads';
import type { App } from '../app/app';
import { Attention } from '../machines/attention.svelte';
import { Machines } from '../machines/machines.svelte';
import { RequestError } from '../net/errors';
import type { FsEntry } from '../protocol.gen';
import FilesPage from './FilesPage.svelte';

const entry = (path: string, kind: FsEntry['kind'] = 'file'): FsEntry => ({ name: path.split('/').at(-1)!, path, kind, size: 5, modifiedAt: new Date().toISOString() });
let fake: FakeConnection;
const replace = vi.fn();
function page(props: { path: string; file: boolean; line?: number }) {
  const app = { connection: fake.connection, machines: new Machines(fake.connection), attention: new Attention(fake.connection), router: { replace } } as unknown as App;
  return render(FilesPage, { app, place: { machineKey: 'm', projectId: 'p' }, ...props });
}
const read = (content: string, more: object = {}) => fake.when('fs_read', ({ path }) => ({ path, content, encoding: 'utf-8', binary: false, size: content.length, modifiedAt: new Date().toISOString(), etag: 'e', ...more }));

beforeEach(() => {
  fake = new FakeConnection();
  fake.when('fs_list', ({ path }) => ({ path, seq: 0, truncated: false, children: path === '' ? [entry('src', 'directory'), entry('README.md')] : [entry('src/a.ts')] }));
});

test('a directory unfolds in place, by touch and by keys', async () => {
  page({ path: '', file: false });
  const src = await screen.findByRole('button', { name: 'src' });
  expect(src.getAttribute('aria-expanded')).toBe('false');
  await fireEvent.click(src);
  await screen.findByRole('link', { name: /a\.ts/ });
  src.focus();
  await fireEvent.keyDown(src, { key: 'ArrowDown' });
  expect(document.activeElement?.textContent).toContain('a.ts');
  await fireEvent.keyDown(document.activeElement!, { key: 'ArrowLeft' });
  await fireEvent.keyDown(document.activeElement!, { key: 'ArrowLeft' });
  await waitFor(() => expect(screen.queryByRole('link', { name: /a\.ts/ })).toBeNull());
});

test('an address within the tree unfolds the way to it', async () => {
  read('x');
  page({ path: 'src/a.ts', file: true });
  await waitFor(() => expect(screen.getAllByRole('link', { name: /a\.ts/ }).some((link) => link.getAttribute('aria-current') === 'page')).toBe(true));
});

test('names and contents are text, whatever stands in them', async () => {
  fake.when('fs_list', ({ path }) => ({ path, seq: 0, truncated: false, children: XSS_PAYLOADS.slice(0, 40).map((name, index) => ({ ...entry(`${index}`), name })) }));
  read(XSS_PAYLOADS.join('\n'));
  page({ path: 'a.txt', file: true });
  await screen.findByRole('region', { name: 'a.txt' });
  await waitFor(() => expect(screen.getAllByRole('listitem').length).toBeGreaterThanOrEqual(40));
  expect(document.querySelectorAll('script, img, iframe, object, embed, base, [onerror], [onload]')).toHaveLength(0);
});

test('markdown is shown as it is meant, and as it is written', async () => {
  read('# Title\n\n<script>alert(1)</script>');
  page({ path: 'README.md', file: true });
  await screen.findByRole('heading', { name: 'Title', level: 1 });
  await fireEvent.click(screen.getByRole('button', { name: 'Source' }));
  expect(screen.getByRole('region', { name: 'README.md' }).textContent).toContain('# Title');
  expect(document.querySelector('script')).toBeNull();
});

test('colours come after the text, and change none of it', async () => {
  const source = 'const a = "x"; // \u202e\n\nexport {};\n';
  read(source);
  page({ path: 'b.ts', file: true });
  const region = await screen.findByRole('region', { name: 'b.ts' });
  const shown = region.textContent;
  await waitFor(() => expect(region.querySelector('.tok-keyword')).not.toBeNull(), { timeout: 20_000 });
  expect(region.textContent).toBe(shown);
  expect(shown).toBe('const a = "x"; // ⟨U+202E⟩\n\nexport {};');
});

test.each([
  ['a binary file', { content: 'AAEC', encoding: 'base64', binary: true, size: 3 }, /binary file \(3 bytes\)/],
  ['a large one', { content: 'abc', size: 40_000_000 }, /too large to be shown whole: here is the beginning, 3 bytes of 38.1 MB/],
  ['an empty one', { content: '', size: 0 }, /empty/],
])('%s says so', async (_, answer, sentence) => {
  read('', answer);
  page({ path: 'file.dat', file: true });
  await screen.findByText(sentence);
  expect(screen.queryByRole('button', { name: 'Edit' }) === null).toBe(!/empty/.test(String(sentence)));
});

test('a link to a directory leads to the directory', async () => {
  fake.when('fs_read', () => Promise.reject(new RequestError({ code: 'IS_A_DIRECTORY', message: 'No.' })));
  page({ path: 'link', file: true });
  await waitFor(() => expect(replace).toHaveBeenCalledWith(expect.objectContaining({ name: 'files', path: 'link' })));
});

test('created, renamed, deleted', async () => {
  for (const type of ['fs_rename', 'fs_delete', 'fs_create_directory'] as const) fake.when(type, () => ({ success: true }));
  fake.when('fs_write', () => Promise.reject(new RequestError({ code: 'CONFLICT', message: 'changed' })));
  page({ path: '', file: false });
  await fireEvent.click(await screen.findByRole('button', { name: 'What to do with README.md', hidden: true }));
  await fireEvent.click(screen.getByRole('button', { name: 'Rename or move', hidden: true }));
  await fireEvent.input(screen.getByLabelText('New path in the project'), { target: { value: 'docs/README.md' } });
  await fireEvent.submit(document.querySelector('dialog form')!);
  await waitFor(() => expect(fake.asked.at(-1)).toMatchObject({ type: 'fs_rename', payload: { path: 'README.md', newPath: 'docs/README.md' } }));

  await fireEvent.click(screen.getByRole('button', { name: 'What to do with src' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Delete', hidden: true }));
  expect(fake.count('fs_delete')).toBe(0);
  await fireEvent.submit(document.querySelector('dialog form')!);
  await waitFor(() => expect(fake.asked.at(-1)).toMatchObject({ type: 'fs_delete', payload: { path: 'src', recursive: true } }));

  await fireEvent.click(screen.getByRole('button', { name: 'What to do with src' }));
  await fireEvent.click(screen.getByRole('button', { name: 'New file', hidden: true }));
  await fireEvent.input(screen.getByLabelText('Name'), { target: { value: 'a.ts' } });
  await fireEvent.submit(document.querySelector('dialog form')!);
  await screen.findByText('There is a file of this name already.');
  expect(fake.asked.at(-1)).toMatchObject({ type: 'fs_write', payload: { path: 'src/a.ts', content: '', expectedEtag: '' } });
});
