import type { Language } from '@codemirror/language';
import { classHighlighter, highlightTree } from '@lezer/highlight';

/** A stretch of one line; `classes` are those of syntax.css. */
export interface Stretch {
  text: string;
  classes: string;
}

/** No longer than this without a pause, so that touch and scrolling stay smooth. */
const SLICE = 8;

/** The lines of a text with their colours; undefined when it was given up. */
export async function colour(source: string, language: Language, signal: AbortSignal): Promise<Stretch[][] | undefined> {
  const parse = language.parser.startParse(source);
  let tree = null;
  while (!tree) {
    if (signal.aborted) return undefined;
    const end = performance.now() + SLICE;
    do tree = parse.advance();
    while (!tree && performance.now() < end);
    if (!tree) await pause();
  }
  const lines: Stretch[][] = [[]];
  let at = 0;
  const add = (to: number, classes: string): void => {
    source.slice(at, to).split('\n').forEach((text, index) => {
      if (index > 0) lines.push([]);
      if (text !== '') lines.at(-1)!.push({ text, classes });
    });
    at = to;
  };
  highlightTree(tree, classHighlighter, (from, to, classes) => {
    if (from > at) add(from, '');
    add(to, classes);
  });
  add(source.length, '');
  return lines;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
