import type { FileEdit } from '../../protocol.gen';

export interface DiffLine {
  kind: 'same' | 'added' | 'removed' | 'hunk';
  text: string;
}

/** Above this many comparisons the middle is shown as replaced whole; nobody reads such a diff on a phone anyway. */
const MOST_COMPARISONS = 1_000_000;

/** The lines of unified hunks. */
export function parsePatch(patch: string): DiffLine[] {
  const lines = patch.replace(/\n$/, '').split('\n');
  return lines
    .filter((line) => !/^(?:---|\+\+\+) |^\\ /.test(line))
    .map((line): DiffLine => {
      if (line.startsWith('@@')) return { kind: 'hunk', text: line };
      if (line.startsWith('+')) return { kind: 'added', text: line.slice(1) };
      if (line.startsWith('-')) return { kind: 'removed', text: line.slice(1) };
      return { kind: 'same', text: line.slice(1) };
    });
}

export function diffOfEdits(edits: FileEdit[]): DiffLine[] {
  return edits.flatMap((edit, index) => [
    ...(index > 0 ? [{ kind: 'hunk' as const, text: '⋯' }] : []),
    ...diffLines(toLines(edit.oldText), toLines(edit.newText)),
  ]);
}

function toLines(content: string): string[] {
  return content === '' ? [] : content.replace(/\n$/, '').split('\n');
}

/** The shortest way from one text to the other, line by line. */
export function diffLines(before: string[], after: string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return [
    ...before.slice(0, start).map(same),
    ...diffMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

function diffMiddle(before: string[], after: string[]): DiffLine[] {
  const removed = before.map((text): DiffLine => ({ kind: 'removed', text }));
  const added = after.map((text): DiffLine => ({ kind: 'added', text }));
  if (before.length === 0 || after.length === 0 || before.length * after.length > MOST_COMPARISONS) return [...removed, ...added];

  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width); // longest common subsequence from (i, j) to the ends
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] =
        before[i] === after[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }

  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      lines.push({ kind: 'same', text: before[i++] });
      j++;
    } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) lines.push(removed[i++]);
    else lines.push(added[j++]);
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)];
}
