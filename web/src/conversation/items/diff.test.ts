// @vitest-environment node
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffLines, diffOfEdits, parsePatch } from './diff';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 });

test('both texts can be read back from the difference', () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = diffLines(before, after);
      expect(diff.filter((line) => line.kind !== 'added').map((line) => line.text)).toEqual(before);
      expect(diff.filter((line) => line.kind !== 'removed').map((line) => line.text)).toEqual(after);
    }),
  );
});

test('only what changed is marked', () => {
  expect(diffOfEdits([{ oldText: 'a\nb\nc', newText: 'a\nx\nc' }])).toEqual([
    { kind: 'same', text: 'a' },
    { kind: 'removed', text: 'b' },
    { kind: 'added', text: 'x' },
    { kind: 'same', text: 'c' },
  ]);
});

test('a huge replacement does not stop the page', () => {
  const before = Array.from({ length: 20_000 }, (_, index) => `old ${index}`);
  const after = Array.from({ length: 20_000 }, (_, index) => `new ${index}`);
  expect(diffLines(before, after)).toHaveLength(40_000);
});

test('unified hunks', () => {
  expect(parsePatch('--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n\\ No newline at end of file\n')).toEqual([
    { kind: 'hunk', text: '@@ -1,2 +1,2 @@' },
    { kind: 'same', text: 'same' },
    { kind: 'removed', text: 'old' },
    { kind: 'added', text: 'new' },
  ]);
});
