import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { RequestError } from '../net/errors';
import Composer from './Composer.svelte';
import { Conversation } from './conversation.svelte';

vi.mock('./images', async (original) => ({
  ...(await original<object>()),
  toImage: async (file: File) => {
    if (file.name.startsWith('bad')) throw new Error('no picture');
    return { mediaType: 'image/jpeg', data: 'AAAA' };
  },
}));

function open(activity: 'idle' | 'running' = 'idle') {
  const fake = new FakeConnection();
  fake.when('agent_message', () => new Promise(() => {}));
  fake.when('agent_commands', () => ({
    commands: [
      { name: 'security-review', description: 'Look for weaknesses' },
      { name: 'review', description: 'Review a pull request\u202e', argumentHint: '[number]' },
      { name: 'clear', description: 'Begin anew' },
    ],
  }));
  const conversation = new Conversation(fake.connection, { machineKey: 'm', projectId: 'p' }, 's', () => {});
  conversation.view = { ...conversation.view, activity };
  render(Composer, { conversation, connection: fake.connection });
  const field = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message' });
  const write = (value: string) => fireEvent.input(field, { target: { value } });
  const key = (name: string) => fireEvent.keyDown(field, { key: name });
  return { fake, conversation, field, write, key };
}
const options = (): HTMLElement[] => within(screen.getByRole('listbox', { name: 'Commands' })).getAllByRole('option');
const names = (): (string | null)[] => options().map((option) => option.firstElementChild!.textContent);
const marked = (): string | null | undefined => options().find((option) => option.getAttribute('aria-selected') === 'true')?.firstElementChild?.textContent;

test('while a turn runs, a message can be sent into it', async () => {
  const { conversation, write } = open('running');
  expect(screen.queryByRole('button', { name: 'Send into this turn' })).toBeNull();
  await write('now');
  await fireEvent.click(screen.getByRole('button', { name: 'Send into this turn' }));
  await write('later');
  await fireEvent.click(screen.getByRole('button', { name: 'Send' }));
  expect(conversation.outbox.messages).toMatchObject([{ content: 'now', steer: true }, { content: 'later', steer: false }]);
});

test('between turns there is only one way to send', async () => {
  const { write } = open();
  await write('hello');
  expect(screen.queryByRole('button', { name: 'Send into this turn' })).toBeNull();
});

test('what runs on between turns is counted', () => {
  const { conversation } = open();
  expect(screen.queryByText(/in the background/)).toBeNull();
  conversation.view = { ...conversation.view, background: 2 };
  return screen.findByText('2 in the background');
});

test('a slash offers the commands, filtered as it is written, the best first', async () => {
  const { fake, write } = open();
  await write('/');
  await screen.findByRole('listbox', { name: 'Commands' });
  expect(names()).toHaveLength(3);
  await write('/Re');
  expect(names()).toEqual(['/review [number]', '/security-review']);
  screen.getByText('Review a pull request⟨U+202E⟩');
  screen.getByText('2 commands');
  await write('/nothing');
  expect(screen.queryByRole('listbox')).toBeNull();
  await write('a / in the middle');
  expect(screen.queryByRole('listbox')).toBeNull();
  expect(fake.count('agent_commands')).toBe(1);
});

test('keys mark and take a command; the field keeps the focus and names the marked one', async () => {
  const { field, write, key } = open();
  await write('/re');
  await screen.findByRole('listbox');
  expect(marked()).toBe('/review [number]');
  await key('ArrowDown');
  expect(marked()).toBe('/security-review');
  expect(document.getElementById(field.getAttribute('aria-activedescendant')!)?.textContent).toContain('/security-review');
  expect(field.getAttribute('aria-controls')).toBe(screen.getByRole('listbox').id);
  await key('ArrowDown');
  expect(marked()).toBe('/review [number]');
  await key('ArrowUp');
  await key('Enter');
  expect(field.value).toBe('/security-review ');
  expect(screen.queryByRole('listbox')).toBeNull();
});

test('Escape closes the list until something else is written', async () => {
  const { write, key } = open();
  await write('/');
  await screen.findByRole('listbox');
  await key('Escape');
  expect(screen.queryByRole('listbox')).toBeNull();
  await write('/cl');
  expect(names()).toEqual(['/clear']);
});

test('a name that is written in full is sent, not completed', async () => {
  const { conversation, field, write } = open();
  await write('/clear');
  await screen.findByRole('listbox');
  await fireEvent.keyDown(field, { key: 'Enter', ctrlKey: true });
  expect(conversation.outbox.messages).toMatchObject([{ content: '/clear' }]);
});

test('a touch takes a command', async () => {
  const { field, write } = open();
  await write('/cl');
  await screen.findByRole('listbox');
  await fireEvent.click(options()[0]);
  expect(field.value).toBe('/clear ');
});

test('a machine that knows no commands is asked again the next time, and nothing is said', async () => {
  const { fake, conversation, write } = open();
  fake.when('agent_commands', () => {
    throw new RequestError({ code: 'INVALID_REQUEST', message: 'Unknown type agent_commands.' });
  });
  await write('/');
  await write('/c');
  expect(fake.count('agent_commands')).toBe(2);
  expect(conversation.problem).toBe('');
});

test('an @ offers the project\'s files; a touch names one and one writes on behind it', async () => {
  const { fake, field, write } = open();
  fake.when('fs_search', (_, target) => {
    target!.onEvent!({ type: 'fs_search_matches', payload: { matches: [{ path: 'docs/domain.md' }, { path: 'src/main.ts' }] } });
    return { matchCount: 2, fileCount: 2, truncated: false, cancelled: false };
  });
  await write('look at @mai');
  const list = within(await screen.findByRole('listbox', { name: 'Files to name' }));
  expect(list.getAllByRole('option').map((option) => option.textContent?.trim())).toEqual(['main.ts src/main.ts', 'domain.md docs/domain.md']);
  await fireEvent.click(list.getAllByRole('option')[0]);
  expect(field.value).toBe('look at @src/main.ts ');
  expect(screen.queryByRole('listbox')).toBeNull();
});

test('behind a slash the directory is listed, and one goes down into it', async () => {
  const { fake, field, write, key } = open();
  const child = (path: string, kind: 'file' | 'directory', ignored?: boolean) => ({ name: path.split('/').at(-1)!, path, kind, size: 0, modifiedAt: '', ignored });
  fake.when('fs_list', ({ path }) => ({ path, seq: 0, truncated: false, children: path === '' ? [child('node_modules', 'directory', true), child('src', 'directory')] : [child('src/a.ts', 'file')] }));
  await write('@');
  await screen.findByRole('option', { name: /src/ });
  await key('Enter');
  expect(field.value).toBe('@src/');
  await screen.findByRole('option', { name: /a\.ts/ });
  await key('Tab');
  expect(field.value).toBe('@src/a.ts ');
});

test('images are shown before they are sent, can be taken out, and go without words too', async () => {
  const { fake, conversation, field } = open();
  const picture = (name: string): File => new File(['x'], name, { type: 'image/png' });
  await fireEvent.paste(field, { clipboardData: { files: [picture('a.png'), picture('bad.png'), picture('b.png')] } });
  await screen.findByRole('img', { name: 'Image 2' });
  expect(screen.getByRole('alert').textContent).toBe('“bad.png” cannot be read as an image.');
  await fireEvent.click(screen.getByRole('button', { name: 'Remove image 1' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Send' }));
  expect(conversation.outbox.messages).toMatchObject([{ content: '', images: [{ mediaType: 'image/jpeg', data: 'AAAA' }] }]);
  await vi.waitFor(() => expect(fake.asked.at(-1)?.payload.images).toEqual([{ mediaType: 'image/jpeg', data: 'AAAA' }]));
  expect(screen.queryByRole('img')).toBeNull();
});

test('more images than go with one message are left out, and it is said', async () => {
  const { field } = open();
  await fireEvent.paste(field, { clipboardData: { files: Array.from({ length: 7 }, (_, index) => new File(['x'], `${index}.png`, { type: 'image/png' })) } });
  await screen.findByRole('img', { name: 'Image 5' });
  expect(screen.queryByRole('img', { name: 'Image 6' })).toBeNull();
  screen.getByText(/At most 5 images/);
});
