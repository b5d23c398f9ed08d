// @vitest-environment node
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnsiReader, type Look, type Piece } from './ansi';

const E = '\u001b';
function readAll(...chunks: string[]): Piece[] {
  const reader = new AnsiReader();
  return [...chunks.flatMap((chunk) => reader.read(chunk)), ...reader.end()];
}
/** Neighbours that look the same are one, however the chunks were cut. */
function joined(pieces: Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last && 'text' in last && 'text' in piece && JSON.stringify(last.look) === JSON.stringify(piece.look)) last.text += piece.text;
    else result.push({ ...piece });
  }
  return result;
}
const textOf = (pieces: Piece[]): string => pieces.map((piece) => ('text' in piece ? piece.text : '')).join('');

describe('colours', () => {
  test.each<[string, Look]>([
    ['31', { fg: 1 }],
    ['1;92', { bold: true, fg: 10 }],
    ['44', { bg: 4 }],
    ['105', { bg: 13 }],
    ['38;5;9', { fg: 9 }],
    ['38;5;196', { fg: 9 }],
    ['38;5;240', { fg: 8 }],
    ['48;2;0;0;255', { bg: 12 }],
    ['38:2:255:0:0', { fg: 9 }],
    ['3;4;9;7', { italic: true, underline: true, strike: true, inverse: true }],
    ['8', {}],
    ['31;0', {}],
    ['31;39', {}],
    ['38;5', { fg: 0 }],
    ['38', {}],
    ['999', {}],
  ])('%s', (parameters, look) => {
    expect(readAll(`${E}[${parameters}mx`)).toEqual([{ text: 'x', look }]);
  });
});

test.each([
  ['the cursor', `${E}[2J${E}[H${E}[10;10H${E}[?25l${E}[6n`],
  ['titles, links, clipboards', `${E}]0;title\u0007${E}]8;;https://evil.example\u0007${E}]52;c;cm0=${E}\\`],
  ['device strings', `${E}Pq#0;2${E}\\${E}_Gf=100${E}\\${E}^x${E}\\${E}Xx${E}\\`],
  ['character sets, resets, keypads', `${E}(0${E}c${E}=${E}7${E}8`],
])('inert, and nothing of it is shown: %s', (_, sequence) => {
  expect(joined(readAll(`a${sequence}b`))).toEqual([{ text: 'ab', look: {} }]);
});

test('what is no sequence is shown', () => {
  expect(textOf(readAll(`a${E}\u0001b`))).toBe(`a${E}\u0001b`);
  expect(textOf(readAll(`${E}[3`))).toBe(`${E}[3`);
});

test('a string that never ends hides nothing for long', () => {
  expect(textOf(readAll(`${E}]0;${'secret '.repeat(2_000)}`))).toContain('secret');
  expect(textOf(readAll(`${E}]0;title\nnext`))).toContain('title');
});

const anything = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(E, `${E}[`, `${E}]`, `${E}[31m`, `${E}[K`, `${E}]0;t\u0007`, `${E}P`, `${E}\\`, '\r', '\n', '\r\n', '\b', '38;5;1m', ';', ':', 'm'),
  ),
).map((parts) => parts.join(''));

test('where the chunks are cut makes no difference', () => {
  fc.assert(
    fc.property(anything, fc.array(fc.nat(200), { maxLength: 8 }), (source, cuts) => {
      const at = [...new Set(cuts)].sort((a, b) => a - b).filter((cut) => cut < source.length);
      const chunks = [0, ...at].map((from, index) => source.slice(from, at[index]));
      expect(joined(readAll(...chunks))).toEqual(joined(readAll(source)));
    }),
    { numRuns: 2_000 },
  );
});

test('nothing is invented: what is left is a part of what came, in order', () => {
  fc.assert(
    fc.property(anything, (source) => {
      let at = 0;
      for (const character of textOf(readAll(source))) {
        at = source.indexOf(character, at);
        expect(at).toBeGreaterThanOrEqual(0);
        at += character.length;
      }
    }),
  );
});

test('text without controls comes through as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (source) => {
      fc.pre(!/[\u001b\r\n\b]/.test(source));
      expect(textOf(readAll(source))).toBe(source);
    }),
  );
});
