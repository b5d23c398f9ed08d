// @vitest-environment node
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hunksOfEdits } from '../diff/lines';
import { ABSENT, takeBack } from './takeBack';
import type { Step } from './turns';

const edit = (oldText: string, newText: string, patch?: string): Step => ({ edits: [{ oldText, newText }], patch, truncated: false });

describe('what a file held before', () => {
  test('by patches, the last first', () => {
    const steps = [edit('', '', '@@ -1,2 +1,2 @@\n-a\n+A\n b\n'), edit('', '', '@@ -1,2 +1,3 @@\n A\n+x\n b\n')];
    expect(takeBack('A\nx\nb\n', steps)).toBe('a\nb\n');
  });
  test('where lines were added above since', () => expect(takeBack('new\nnew\nA\nb\n', [edit('', '', '@@ -1,2 +1,2 @@\n-a\n+A\n b\n')])).toBe('new\nnew\na\nb\n'));
  test('where the line beside it is another since', () => expect(takeBack('new\nA\nb\n', [edit('', '', '@@ -1,3 +1,3 @@\n x\n-a\n+A\n b\n')])).toBe('new\na\nb\n'));
  test('by edits without a patch', () => expect(takeBack('one two', [edit('uno', 'one')])).toBe('uno two'));
  test('of a file that is new: nothing', () => expect(takeBack('x\n', [{ content: 'x\n', truncated: false }])).toBe(ABSENT));
  test('with the line ends of Windows', () => expect(takeBack('A\r\nb\r\n', [edit('', '', '@@ -1,2 +1,2 @@\n-a\n+A\n b\n')])).toBe('a\r\nb\r\n'));
  test('where whole lines went away', () => expect(takeBack('a\nd\n', [edit('', '', '@@ -2,2 +1,0 @@\n-b\n-c\n')])).toBe('a\nb\nc\nd\n'));
});

describe('is not guessed', () => {
  test.each<[string, string, Step[]]>([
    ['the lines are others now', 'B\n', [edit('', '', '@@ -1 +1 @@\n-a\n+A\n')]],
    ['the lines are in two places', 'A\nx\nA\n', [edit('', '', '@@ -2 +2 @@\n-a\n+A\n')]],
    ['what it stood beside is gone, and it only went away', 'x\n', [edit('', '', '@@ -1,2 +1 @@\n b\n-a\n')]],
    ['what was written is in two places', 'one one', [edit('uno', 'one')]],
    ['something was only deleted, nobody knows where', 'one', [edit('two', '')]],
    ['the new file is another now', 'y\n', [{ content: 'x\n', truncated: false }]],
    ['the change was not told whole', 'x\n', [{ content: 'x\n', truncated: true }]],
  ])('when %s', (_, content, steps) => expect(takeBack(content, steps)).toBeUndefined());
});

test('taking back what was done gives what there was', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 10 }).map((lines) => `${lines.join('\n')}\n`);
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 4 }), (versions) => {
      const steps = versions.slice(1).map((newText, index) => {
        const [{ lines, oldLines, newLines }] = hunksOfEdits([{ oldText: versions[index], newText }]);
        return edit('', '', `@@ -1,${oldLines} +1,${newLines} @@\n${lines.join('\n')}\n`);
      });
      expect(takeBack(versions.at(-1)!, steps)).toBe(versions[0]);
    }),
  );
});
