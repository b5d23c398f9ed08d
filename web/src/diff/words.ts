import { matches } from './sequence';

export type Range = readonly [start: number, end: number];

const WORDS = /[\p{L}\p{N}_]+|\s+|./gsu;
const MOST_COMPARISONS = 40_000;
/** With less than this in common, two lines are two lines, and marks would only be noise. */
const ALIKE = 0.4;

/** What changed within a line that became another; undefined when hardly anything stayed. */
export function changedWords(before: string, after: string): { before: Range[]; after: Range[] } | undefined {
  const [old, now] = [before.match(WORDS) ?? [], after.match(WORDS) ?? []];
  const pairs = matches(old, now, MOST_COMPARISONS);
  const kept = pairs.reduce((sum, [i]) => sum + weight(old[i]), 0);
  const longer = Math.max(weight(before), weight(after));
  if (longer === 0 || kept / longer < ALIKE) return undefined;
  return { before: rangesBeside(old, new Set(pairs.map(([i]) => i))), after: rangesBeside(now, new Set(pairs.map(([, j]) => j))) };
}

const weight = (text: string): number => text.replace(/\s/g, '').length;

function rangesBeside(words: readonly string[], kept: ReadonlySet<number>): Range[] {
  const ranges: Range[] = [];
  let at = 0;
  words.forEach((word, index) => {
    const end = at + word.length;
    const last = ranges.at(-1);
    if (!kept.has(index)) {
      if (last?.[1] === at) ranges[ranges.length - 1] = [last[0], end];
      else ranges.push([at, end]);
    }
    at = end;
  });
  return ranges;
}
