import type { FileEdit, GitHunk } from '../protocol.gen';
import { matches } from './sequence';

/** A hunk as git and the daemon tell it; `id` names it for staging. */
export type Hunk = GitHunk;

/** `note` is git's remark on the line before. */
export interface DiffLine {
  kind: 'same' | 'added' | 'removed' | 'note';
  text: string;
  old?: number;
  new?: number;
  /** What a removed line became, or what an added one was. */
  other?: string;
}

export interface DiffPair {
  left?: DiffLine;
  right?: DiffLine;
}

const KINDS: Record<string, DiffLine['kind']> = { '+': 'added', '-': 'removed', '\\': 'note' };

/** The lines of a hunk with their numbers, and each removed one beside what took its place. */
export function linesOf(hunk: Hunk): DiffLine[] {
  let [old, now] = [hunk.oldStart, hunk.newStart];
  // Line ends of Windows are worth a mark only where they change.
  const ends = hunk.lines.filter((line) => !line.startsWith('\\')).every((line) => line.endsWith('\r')) ? -1 : undefined;
  const lines = hunk.lines.map((line): DiffLine => {
    const kind = KINDS[line[0]] ?? 'same';
    if (kind === 'note') return { kind, text: line.slice(2) };
    const text = line.slice(1, ends);
    if (kind === 'removed') return { kind, text, old: old++ };
    if (kind === 'added') return { kind, text, new: now++ };
    return { kind, text, old: old++, new: now++ };
  });
  for (const { removed, added } of runs(lines)) {
    for (let i = 0; i < Math.min(removed.length, added.length); i++) [removed[i].other, added[i].other] = [added[i].text, removed[i].text];
  }
  return lines;
}

/** The same lines for two columns. */
export function pairsOf(lines: readonly DiffLine[]): DiffPair[] {
  const pairs: DiffPair[] = [];
  for (const run of runs(lines)) {
    if (run.same) pairs.push(run.same.old !== undefined ? { left: run.same, right: run.same } : { right: run.same });
    for (let i = 0; i < Math.max(run.removed.length, run.added.length); i++) pairs.push({ left: run.removed[i], right: run.added[i] });
  }
  return pairs;
}

interface Run {
  removed: DiffLine[];
  added: DiffLine[];
  /** What stands between two changes; then nothing else is in the run. */
  same?: DiffLine;
}

function runs(lines: readonly DiffLine[]): Run[] {
  const found: Run[] = [];
  let open: Run | undefined;
  for (const line of lines) {
    if (line.kind === 'same' || (line.kind === 'note' && !open)) {
      found.push({ removed: [], added: [], same: line });
      open = undefined;
      continue;
    }
    // A removed line after added ones begins a new change.
    if (!open || (line.kind === 'removed' && open.added.length > 0)) found.push((open = { removed: [], added: [] }));
    if (line.kind === 'removed' || (line.kind === 'note' && open.added.length === 0)) open.removed.push(line);
    else open.added.push(line);
  }
  return found;
}

/** The hunks of a patch, which may begin with its file's header. */
export function hunksOfPatch(patch: string): Hunk[] {
  const hunks: Hunk[] = [];
  for (const line of patch.replace(/\n$/, '').split('\n')) {
    const [, oldStart, oldLines = '1', newStart, newLines = '1'] = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (oldStart) hunks.push({ header: line, oldStart: +oldStart, oldLines: +oldLines, newStart: +newStart, newLines: +newLines, lines: [] });
    else hunks.at(-1)?.lines.push(line);
  }
  return hunks;
}

/** Edits whose place in the file nobody told; their lines are counted from 1. */
export function hunksOfEdits(edits: readonly FileEdit[]): Hunk[] {
  return edits.map(({ oldText, newText }) => {
    const [before, after] = [toLines(oldText), toLines(newText)];
    const lines: string[] = [];
    let [i, j] = [0, 0];
    for (const [old, now] of [...matches(before, after), [before.length, after.length]]) {
      while (i < old) lines.push(`-${before[i++]}`);
      while (j < now) lines.push(`+${after[j++]}`);
      if (i < before.length && j < after.length) {
        lines.push(` ${before[i]}`);
        i++;
        j++;
      }
    }
    return { header: '', oldStart: 1, oldLines: before.length, newStart: 1, newLines: after.length, lines };
  });
}

const toLines = (content: string): string[] => (content === '' ? [] : content.replace(/\n$/, '').split('\n'));
