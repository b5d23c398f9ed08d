// @vitest-environment node
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visible, visibleLine } from './visible';

test.each([
  ['plain äöü 漢字 🙂', 'plain äöü 漢字 🙂'],
  ['\u001b[31mred', '␛[31mred'],
  ['a\u0000b\u007f', 'a␀b␡'],
  ['exe.\u202efdp', 'exe.⟨U+202E⟩fdp'],
  ['a\u200bb\ufeff', 'a⟨U+200B⟩b⟨U+FEFF⟩'],
  ['x\u{e0041}', 'x⟨U+E0041⟩'],
  ['one\ntwo\tthree', 'one\ntwo\tthree'],
  ['one\r\ntwo', 'one\ntwo'],
  ['over\rwritten', 'over␍written'],
])('%j', (source, shown) => expect(visible(source)).toBe(shown));

test('on one line even line breaks are shown', () => expect(visibleLine('a\nb\tc')).toBe('a␊b␉c'));

test('nothing invisible is ever left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (source) => {
      expect(visibleLine(source)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }),
  );
});
