/** The line end that gives back the same bytes: CR LF only where every line has it, else what stands there stays as characters. */
export function lineEndOf(text: string): '\r\n' | '\n' {
  return /\r\n/.test(text) && !/\r(?!\n)|(?<!\r)\n/.test(text) ? '\r\n' : '\n';
}

/** One level of indentation as the file has it; two spaces where it does not say. */
export function indentOf(text: string): string {
  const first = /^(\t| {2,8})\S/m.exec(text)?.[1] ?? '  ';
  return first === '\t' ? '\t' : ' '.repeat(Math.min(first.length, 4));
}
