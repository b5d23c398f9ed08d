/** How a stretch of output looks; colours are the sixteen of the palette, by number. */
export interface Look {
  fg?: number;
  bg?: number;
  bold?: boolean;
  faint?: boolean;
  italic?: boolean;
  underline?: boolean;
  inverse?: boolean;
  strike?: boolean;
}

/** A control sequence without an end is not one: what was held back for it is shown. */
const LONGEST = 4096;
const PLAIN: Look = Object.freeze({});

export type Piece = { text: string; look: Look } | { control: '\n' | '\r' | '\b' | 'clear' | 'clearEnd' };

/**
 * Reads what a program prints for a terminal. Colours and the moves within a line mean something; every other control sequence
 * is left out and does nothing. One reader a stream: a sequence may be cut between two chunks.
 */
export class AnsiReader {
  #look: Look = PLAIN;
  #held = '';

  read(chunk: string): Piece[] {
    const source = this.#held + chunk;
    this.#held = '';
    const pieces: Piece[] = [];
    let from = 0;
    const text = (to: number): void => {
      if (to > from) pieces.push({ text: source.slice(from, to), look: this.#look });
    };
    for (let at = 0; at < source.length; ) {
      const character = source[at];
      if (character === '\n' || character === '\r' || character === '\b') {
        text(at);
        // CR LF is one line end; a CR at the very end waits for what follows.
        if (character === '\r' && at + 1 === source.length) {
          this.#held = '\r';
          return pieces;
        }
        if (!(character === '\r' && source[at + 1] === '\n')) pieces.push({ control: character });
        from = ++at;
      } else if (character === '\u001b') {
        const length = sequenceLength(source, at);
        if (length === undefined && source.length - at < LONGEST) {
          text(at);
          this.#held = source.slice(at);
          return pieces;
        }
        if (!length) {
          at++; // no sequence that anybody knows: the escape itself is shown
          continue;
        }
        text(at);
        this.#obey(source.slice(at, at + length), pieces);
        from = at += length;
      } else {
        at++;
      }
    }
    text(source.length);
    return pieces;
  }

  /** What was held back at the end. */
  end(): Piece[] {
    const held = this.#held;
    this.#held = '';
    return held === '' || held === '\r' ? [] : [{ text: held, look: this.#look }];
  }

  #obey(sequence: string, pieces: Piece[]): void {
    const [, parameters, final] = /^\u001b\[([0-9;:]*)([mK])$/.exec(sequence) ?? [];
    if (final === 'm') this.#look = restyle(this.#look, parameters);
    else if (final === 'K') pieces.push({ control: parameters === '' || parameters === '0' ? 'clearEnd' : 'clear' });
  }
}

/** 0: not a sequence; undefined: its end is not there yet. */
function sequenceLength(source: string, at: number): number | undefined {
  const kind = source[at + 1];
  if (kind === undefined) return undefined;
  if (kind === '[') return shapedLength(source, at, /\u001b\[[\x20-\x3f]*/y, /[\x40-\x7e]/);
  if (']PX^_'.includes(kind)) return stringLength(source, at);
  if (/[\x20-\x2f]/.test(kind)) return shapedLength(source, at, /\u001b[\x20-\x2f]*/y, /[\x30-\x7e]/);
  return /[\x30-\x7e]/.test(kind) ? 2 : 0;
}

function shapedLength(source: string, at: number, beginning: RegExp, final: RegExp): number | undefined {
  beginning.lastIndex = at;
  const length = beginning.exec(source)![0].length;
  const last = source[at + length];
  return last === undefined ? undefined : final.test(last) ? length + 1 : 0;
}

/** A title, a link's address and the like: up to BEL or ESC \, on one line. */
function stringLength(source: string, at: number): number | undefined {
  const end = /[\u0007\n]|\u001b\\?/g;
  end.lastIndex = at + 2;
  const match = end.exec(source);
  if (!match) return source.length - at >= LONGEST ? 0 : undefined;
  if (match[0] === '\u0007' || match[0] === '\u001b\\') return match.index + match[0].length - at;
  return match[0] === '\u001b' && match.index + 1 === source.length ? undefined : 0;
}

const ON: Record<number, Partial<Look>> = {
  1: { bold: true }, 2: { faint: true }, 3: { italic: true }, 4: { underline: true }, 7: { inverse: true }, 9: { strike: true },
  22: { bold: undefined, faint: undefined }, 23: { italic: undefined }, 24: { underline: undefined }, 27: { inverse: undefined }, 29: { strike: undefined },
  39: { fg: undefined }, 49: { bg: undefined },
};

function restyle(before: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map(Number);
  let look: Look = before;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index];
    if (code === 0) look = PLAIN;
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(index + 1));
      if (colour !== undefined) look = { ...look, [code === 38 ? 'fg' : 'bg']: colour };
      index += used;
    } else if (code >= 30 && code <= 37) look = { ...look, fg: code - 30 };
    else if (code >= 40 && code <= 47) look = { ...look, bg: code - 40 };
    else if (code >= 90 && code <= 97) look = { ...look, fg: code - 82 };
    else if (code >= 100 && code <= 107) look = { ...look, bg: code - 92 };
    else if (ON[code]) look = { ...look, ...ON[code] };
  }
  return look;
}

/** 256 and 16 million colours become the nearest of the sixteen, which can be read in light and dark. */
function extended([kind, ...rest]: number[]): [number | undefined, number] {
  if (kind === 2) return [nearest(rest[0] || 0, rest[1] || 0, rest[2] || 0), 4];
  if (kind !== 5) return [undefined, 1];
  const index = rest[0] || 0;
  if (index < 16) return [index, 2];
  if (index >= 232) return [nearest((index - 232) * 10 + 8, (index - 232) * 10 + 8, (index - 232) * 10 + 8), 2];
  const cube = index - 16;
  const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  return [nearest(level(Math.floor(cube / 36) % 6), level(Math.floor(cube / 6) % 6), level(cube % 6)), 2];
}

function nearest(red: number, green: number, blue: number): number {
  const strongest = Math.max(red, green, blue);
  if (strongest - Math.min(red, green, blue) < 40) return strongest < 64 ? 0 : strongest < 160 ? 8 : strongest < 224 ? 7 : 15;
  const half = strongest / 2;
  return (red > half ? 1 : 0) + (green > half ? 2 : 0) + (blue > half ? 4 : 0) + (strongest > 200 ? 8 : 0);
}
