import { expect, test } from 'vitest';
import { read } from './taking';

function form(fields: Record<string, string | File[]>): FormData {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') made.set(name, value);
    else value.forEach((file) => made.append(name, file));
  }
  return made;
}
const image = (type: string, size = 10): File => new File([new Uint8Array(size)], 'x', { type });

test('title, text and address are one text, each once', () => {
  expect(read(form({ title: 'A page', text: ' https://example.com ', url: 'https://example.com' })).text).toBe('A page\nhttps://example.com');
  expect(read(form({}))).toEqual({ text: '', images: [], leftOut: 0 });
});

test('only images that can go with a message are taken, and it is said how many are not', () => {
  const { images, leftOut } = read(form({ images: [image('image/png'), image('image/svg+xml'), image('text/html'), image('image/jpeg', 6 * 1024 * 1024), ...Array.from({ length: 5 }, () => image('image/webp'))] }));
  expect(images.map(({ type }) => type)).toEqual(['image/png', ...Array(4).fill('image/webp')]);
  expect(leftOut).toBe(4);
});

test('a text has its limit', () => expect(read(form({ text: 'x'.repeat(300_000) })).text).toHaveLength(256 * 1024));
