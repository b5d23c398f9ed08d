import { hunksOfPatch, type Hunk } from '../diff/lines';
import type { Step } from './turns';

/** There was no such file. */
export const ABSENT = Symbol('absent');

/** What a file held before these steps; undefined when that cannot be known for certain from what it holds now. */
export function takeBack(content: string, steps: readonly Step[]): string | typeof ABSENT | undefined {
  // Agents tell their changes with plain line ends, also in a file that has those of Windows.
  const windows = content.includes('\r\n') && !/(?:^|[^\r])\n/.test(content);
  let text: string | typeof ABSENT | undefined = windows ? content.replaceAll('\r\n', '\n') : content;
  for (const step of steps.toReversed()) {
    if (typeof text !== 'string') return undefined;
    text = step.truncated ? undefined : takeBackOne(text, step);
  }
  return typeof text === 'string' && windows ? text.replaceAll('\n', '\r\n') : text;
}

function takeBackOne(text: string, { patch, edits, content }: Step): string | typeof ABSENT | undefined {
  if (patch) return hunksOfPatch(patch).reduceRight<string | undefined>((now, hunk) => (now === undefined ? undefined : takeBackHunk(now, hunk)), text);
  if (edits) return edits.reduceRight<string | undefined>((now, edit) => (now === undefined ? undefined : replaceOnly(now, edit.newText, edit.oldText)), text);
  return text === content ? ABSENT : undefined;
}

/** Where the hunk says; or else at the only other place where its lines are, with all that is around them or with less. */
function takeBackHunk(text: string, hunk: Hunk): string | undefined {
  const lines = text.split('\n');
  // Where nothing is left, the place counts the line before it.
  const told = hunk.newStart - (hunk.newLines === 0 ? 0 : 1);
  const whole = sidesOf(hunk.lines);
  if (isAt(lines, whole.now, told)) return lines.toSpliced(told, whole.now.length, ...whole.before).join('\n');
  for (const around of [Infinity, 1, 0]) {
    const { now, before } = sidesOf(within(hunk.lines, around));
    const place = now.some((line) => line.trim() !== '') ? onlyPlace(lines, now) : undefined;
    if (place !== undefined) return lines.toSpliced(place, now.length, ...before).join('\n');
  }
  return undefined;
}

function sidesOf(lines: readonly string[]): { now: string[]; before: string[] } {
  const side = (gone: string): string[] => lines.filter((line) => line[0] !== gone && line[0] !== '\\').map((line) => line.slice(1));
  return { now: side('-'), before: side('+') };
}

/** The changed lines with so many of the unchanged ones around them. */
function within(lines: readonly string[], around: number): readonly string[] {
  const isChange = (line: string): boolean => line[0] === '+' || line[0] === '-';
  return lines.slice(Math.max(0, lines.findIndex(isChange) - around), lines.findLastIndex(isChange) + 1 + around);
}

const isAt = (lines: readonly string[], part: readonly string[], at: number): boolean =>
  at >= 0 && at + part.length <= lines.length && part.every((line, index) => lines[at + index] === line);

function onlyPlace(lines: readonly string[], part: readonly string[]): number | undefined {
  const places = lines.flatMap((_, at) => (isAt(lines, part, at) ? [at] : []));
  return places.length === 1 ? places[0] : undefined;
}

function replaceOnly(text: string, from: string, to: string): string | undefined {
  const at = from === '' ? -1 : text.indexOf(from);
  return at < 0 || text.includes(from, at + 1) ? undefined : text.slice(0, at) + to + text.slice(at + from.length);
}
