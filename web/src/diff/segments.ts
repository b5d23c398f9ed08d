import type { Range } from './words';

/** What a piece of code is, as far as it has a colour of its own. */
export type TokenKind = 'comment' | 'keyword' | 'string' | 'number' | 'title' | 'type' | 'attr' | 'meta';
/** A coloured piece of one line. */
export type Token = readonly [start: number, end: number, kind: TokenKind];

export interface Segment {
  text: string;
  kind?: TokenKind;
  changed: boolean;
}

/** The line cut where its colour changes and where a change begins or ends. Tokens and ranges are in order and do not overlap. */
export function segmentsOf(text: string, tokens: readonly Token[], changed: readonly Range[]): Segment[] {
  const cuts = new Set([0, text.length]);
  for (const [start, end] of [...tokens, ...changed]) cuts.add(Math.min(start, text.length)).add(Math.min(end, text.length));
  const places = [...cuts].sort((a, b) => a - b);
  const segments: Segment[] = [];
  let token = 0;
  let range = 0;
  for (let i = 0; i + 1 < places.length; i++) {
    const [at, end] = [places[i], places[i + 1]];
    while (token < tokens.length && tokens[token][1] <= at) token++;
    while (range < changed.length && changed[range][1] <= at) range++;
    const kind = token < tokens.length && tokens[token][0] <= at ? tokens[token][2] : undefined;
    segments.push({ text: text.slice(at, end), kind, changed: range < changed.length && changed[range][0] <= at });
  }
  return segments;
}
