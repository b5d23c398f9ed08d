// @vitest-environment node
import { expect, test } from 'vitest';
import { fit } from './images';
import { mentionQuery, ranked, withMention } from './fileMention';

test.each([
  ['look at @src', undefined, { query: 'src', from: 8 }],
  ['@', undefined, { query: '', from: 0 }],
  ['(@a/b.ts', undefined, { query: 'a/b.ts', from: 1 }],
  ['mail me@example', undefined, undefined],
  ['@done and more', undefined, undefined],
  ['@ma and more', 3, { query: 'ma', from: 0 }],
])('%j is naming a file: %s', (draft, caret, expected) => {
  expect(mentionQuery(draft, caret ?? draft.length)).toEqual(expected);
});

test('a file is said, a directory is gone on from, spaces are held together', () => {
  expect(withMention('see @ma now', 4, 7, 'src/main.ts')).toEqual({ draft: 'see @src/main.ts now', caret: 17 });
  expect(withMention('@s', 0, 2, 'src/')).toEqual({ draft: '@src/', caret: 5 });
  expect(withMention('@a', 0, 2, 'my file.txt')).toEqual({ draft: '@"my file.txt" ', caret: 15 });
});

test('what begins with it comes first, then what is shorter; each once', () => {
  expect(ranked(['a/domain.ts', 'src/main.ts', 'main.ts', 'main.ts', 'maintenance/x.ts'], 'main')).toEqual(['main.ts', 'src/main.ts', 'a/domain.ts', 'maintenance/x.ts']);
});

test('a picture is made smaller, never larger, and keeps its shape', () => {
  expect(fit(4_000, 3_000, 1_568)).toEqual({ width: 1_568, height: 1_176 });
  expect(fit(100, 50, 1_568)).toEqual({ width: 100, height: 50 });
  expect(fit(10_000, 1, 1_568)).toEqual({ width: 1_568, height: 1 });
});
