// @vitest-environment node
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hunksOfEdits, hunksOfPatch, linesOf, pairsOf, type Hunk } from './lines';
import { segmentsOf, type Token } from './segments';
import { changedWords, type Range } from './words';

const hunk = (...lines: string[]): Hunk => ({ header: '', oldStart: 10, oldLines: 0, newStart: 20, newLines: 0, lines });
const without = (text: string, ranges: Range[]): string => ranges.reduceRight((rest, [start, end]) => rest.slice(0, start) + rest.slice(end), text);

describe('lines', () => {
  test('have their numbers, and what they became', () => {
    expect(linesOf(hunk(' a', '-b', '-c', '+B', ' d', '\\ No newline at end of file'))).toEqual([
      { kind: 'same', text: 'a', old: 10, new: 20 },
      { kind: 'removed', text: 'b', old: 11, other: 'B' },
      { kind: 'removed', text: 'c', old: 12 },
      { kind: 'added', text: 'B', new: 21, other: 'b' },
      { kind: 'same', text: 'd', old: 13, new: 22 },
      { kind: 'note', text: 'No newline at end of file' },
    ]);
  });

  test('Windows line ends show only where they change', () => {
    expect(linesOf(hunk(' a\r', '+b\r')).map((line) => line.text)).toEqual(['a', 'b']);
    expect(linesOf(hunk(' a\r', '-b', '+b\r')).map((line) => line.text)).toEqual(['a\r', 'b', 'b\r']);
  });

  const anyLine = fc.tuple(fc.constantFrom('+', '-', ' ', '\\'), fc.string()).map(([sign, text]) => sign + text);
  test('two columns hold every line once, in order', () => {
    fc.assert(
      fc.property(fc.array(anyLine), (given) => {
        const lines = linesOf(hunk(...given));
        const pairs = pairsOf(lines);
        const right = pairs.flatMap((pair) => (pair.right && pair.right.kind !== 'note' ? [pair.right] : []));
        const left = pairs.flatMap((pair) => (pair.left && pair.left.kind !== 'note' ? [pair.left] : []));
        expect(left).toEqual(lines.filter((line) => line.kind === 'removed' || line.kind === 'same'));
        expect(right).toEqual(lines.filter((line) => line.kind === 'added' || line.kind === 'same'));
        expect(pairs.flatMap((pair) => [...new Set([pair.left, pair.right])]).filter((line) => line?.kind === 'note')).toHaveLength(
          lines.filter((line) => line.kind === 'note').length,
        );
      }),
    );
  });
});

test('a patch is its hunks', () => {
  const [first, second] = hunksOfPatch('--- a/x\n+++ b/x\n@@ -1 +1,2 @@ fn\n-a\n+b\n+--- c\n@@ -9,2 +10,1 @@\n d\n-e\n');
  expect(first).toMatchObject({ oldStart: 1, oldLines: 1, newStart: 1, newLines: 2, lines: ['-a', '+b', '+--- c'] });
  expect(second).toMatchObject({ oldStart: 9, oldLines: 2, newStart: 10, newLines: 1, lines: [' d', '-e'] });
});

test('an edit holds both of its texts', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 8 }).map((lines) => lines.map((line) => `${line}\n`).join(''));
  fc.assert(
    fc.property(texts, texts, (oldText, newText) => {
      const [{ lines }] = hunksOfEdits([{ oldText, newText }]);
      const side = (sign: string): string => lines.filter((line) => line[0] !== sign).map((line) => `${line.slice(1)}\n`).join('');
      expect([side('+'), side('-')]).toEqual([oldText, newText]);
    }),
  );
});

describe('words', () => {
  test.each([
    ['const day = a;', 'const days = a;', ['day'], ['days']],
    ['f(a, b)', 'f(a, b, c)', [], [', c']],
    ['x = "old words"', 'x = "new words"', ['old'], ['new']],
  ])('%s becomes %s', (before, after, gone, came) => {
    const changed = changedWords(before, after)!;
    expect(changed.before.map(([start, end]) => before.slice(start, end))).toEqual(gone);
    expect(changed.after.map(([start, end]) => after.slice(start, end))).toEqual(came);
  });

  test('two lines with hardly anything in common have no marks', () => expect(changedWords('return a;', 'while (b) wait();')).toBeUndefined());

  test('what is not marked is the same on both sides', () => {
    const words = fc.array(fc.constantFrom('one', ' ', 'two', '(', ')', '\t', 'ä', '🙂', '3')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(words, words, (before, after) => {
        const changed = changedWords(before, after);
        if (changed) expect(without(before, changed.before)).toBe(without(after, changed.after));
      }),
    );
  });
});

test('segments are the whole line, each with the colour and mark of its place', () => {
  const places = fc.uniqueArray(fc.nat(30), { maxLength: 8 }).map((all) => all.sort((a, b) => a - b));
  const ranges = places.map((all) => all.slice(0, all.length & ~1).reduce<Range[]>((pairs, _, i) => (i % 2 ? pairs : [...pairs, [all[i], all[i + 1]]]), []));
  fc.assert(
    fc.property(fc.string({ maxLength: 24 }), ranges, ranges, (text, tokens, changed) => {
      const segments = segmentsOf(text, tokens.map(([start, end]): Token => [start, end, 'string']), changed);
      expect(segments.map((segment) => segment.text).join('')).toBe(text);
      const within = (all: Range[], at: number): boolean => all.some(([start, end]) => start <= at && at < end);
      const flags = segments.flatMap((segment) => Array.from(segment.text.split(''), () => [segment.kind === 'string', segment.changed]));
      expect(flags).toEqual(text.split('').map((_, at) => [within(tokens, at), within(changed, at)]));
    }),
  );
});
