// @vitest-environment node
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KEPT_LINES, Screen } from './screen';

function linesOf(...chunks: string[]): string[] {
  const screen = new Screen();
  for (const chunk of chunks) screen.write('out', chunk);
  screen.end();
  return [...screen.lines, screen.last].map((line) => line.spans.map((span) => span.text).join(''));
}

test.each<[string, string[]]>([
  ['one\ntwo', ['one', 'two']],
  ['one\r\ntwo\r\n', ['one', 'two', '']],
  ['10 %\r20 %\rdone', ['done']],
  ['a long line\rshort', ['shortg line']],
  ['a long line\r\u001b[Kshort', ['short']],
  ['abc\b\bX', ['aXc']],
  ['abc\u001b[2Kd', ['   d']],
  ['\u202eevil\u0007', ['⟨U+202E⟩evil␇']],
  ['\ttab', ['\ttab']],
])('%j', (source, lines) => expect(linesOf(source)).toEqual(lines));

test('both streams write on one screen, each with its own colours', () => {
  const screen = new Screen();
  screen.write('out', '\u001b[32mgreen');
  screen.write('error', 'plain');
  screen.write('out', 'green');
  expect(screen.last.spans).toEqual([
    { text: 'green', look: { fg: 2 } },
    { text: 'plain', look: {} },
    { text: 'green', look: { fg: 2 } },
  ]);
});

test('output without end stays bounded, and says how much is gone', () => {
  const screen = new Screen();
  for (let index = 0; index < 100; index++) screen.write('out', 'line\n'.repeat(1_000));
  expect(screen.lines.length).toBeLessThan(KEPT_LINES * 1.2);
  expect(screen.dropped + screen.lines.length).toBe(100_000);
  expect(screen.lines[0].number).toBe(screen.dropped);
});

test('so does a line without end', () => {
  const screen = new Screen();
  for (let index = 0; index < 100; index++) screen.write('out', 'x'.repeat(1_000));
  expect(screen.lines.length).toBe(24);
  expect(screen.last.spans[0].text.length).toBeLessThanOrEqual(4_000);
});

test('nothing invisible is ever shown', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (chunks) => {
      for (const line of linesOf(...chunks)) expect(line).not.toMatch(/(?!\t)[\p{Cc}\p{Bidi_Control}]/u);
    }),
  );
});
