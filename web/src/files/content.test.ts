/// <reference types="node" />
// @vitest-environment node
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FsReadResponse } from '../protocol.gen';
import { contentOf, extensionOf, isDrawing, isMarkdown, type Content } from './content';
import { indentOf, lineEndOf } from './editor/form';

/** As the daemon answers: base64 where the part begins or ends within a character. */
function part(bytes: Uint8Array, offset: number, length: number): FsReadResponse {
  const piece = bytes.subarray(offset, offset + length);
  let text: string | undefined;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(piece);
  } catch {
    text = undefined;
  }
  return { path: 'a', content: text ?? btoa(String.fromCharCode(...piece)), encoding: text === undefined ? 'base64' : 'utf-8', binary: false, size: bytes.length, modifiedAt: '', etag: 'e' };
}

test('read in parts of any size, it is the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.integer({ min: 4, max: 9 }), (text, length) => {
      const bytes = new TextEncoder().encode(text);
      let content: Content | undefined;
      while (!content || content.read < bytes.length) content = contentOf('a', part(bytes, content?.read ?? 0, length), content);
      expect(content.text).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    }),
  );
});

test('in the binary form, read in parts of any size, it is the same text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.integer({ min: 4, max: 9 }), (text, length) => {
      const bytes = new TextEncoder().encode(text);
      let content: Content | undefined;
      while (!content || content.read < bytes.length) {
        const bulk = bytes.slice(content?.read ?? 0, (content?.read ?? 0) + length);
        content = contentOf('a', { path: 'a', encoding: 'binary', binary: false, size: bytes.length, modifiedAt: '', etag: 'e', bulk }, content);
      }
      expect(content.text).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    }),
  );
});

test('a byte order mark stays', () => expect(contentOf('a', part(new TextEncoder().encode('\ufeffx'), 0, 9)).text).toBe('\ufeffx'));

test('an image is its bytes, and only by its name', () => {
  const answer: FsReadResponse = { path: '', content: 'AAEC', encoding: 'base64', binary: true, size: 3, modifiedAt: '', etag: '' };
  expect(contentOf('a/logo.PNG', answer)).toMatchObject({ kind: 'image', bytes: new Uint8Array([0, 1, 2]), text: '' });
  expect(contentOf('logo', answer).kind).toBe('binary');
  expect(contentOf('logo.png', { ...answer, content: undefined, encoding: 'binary', bulk: new Uint8Array([0, 1, 2]) })).toMatchObject({ kind: 'image', bytes: new Uint8Array([0, 1, 2]) });
});

test.each([['a/b.TS', 'ts'], ['.gitignore', ''], ['a.b/c', ''], ['x.tar.gz', 'gz']])('the extension of %s', (path, extension) => expect(extensionOf(path)).toBe(extension));
test('drawings and markdown', () => expect([isDrawing('a.svg'), isMarkdown('README.md'), isMarkdown('md')]).toEqual([true, true, false]));

test.each([
  ['a\r\nb\r\n', '\r\n'],
  ['a\nb', '\n'],
  ['a\r\nb\n', '\n'],
  ['a\rb\r\n', '\n'],
  ['', '\n'],
])('line ends of %j', (text, end) => expect(lineEndOf(text)).toBe(end));

test.each([['a\n\tb', '\t'], ['a\n    b', '    '], ['a\n  b', '  '], ['a', '  ']])('indentation of %j', (text, indent) => expect(indentOf(text)).toBe(indent));
