/** What shows nothing, or changes what is shown around it: controls, bidi and zero-width marks, tags, odd separators. */
export const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]/gu;
const LINE_BREAKS = /[\t\n]/g;

/** Text with everything invisible shown for what it is; line breaks and tabs stay. */
export function visible(source: string): string {
  return source.replace(/\r\n/g, '\n').replace(INVISIBLE, mark);
}

/** The same for something that has to stay on one line, such as a file name. */
export function visibleLine(source: string): string {
  return source.replace(LINE_BREAKS, mark).replace(INVISIBLE, mark);
}

export function mark(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
