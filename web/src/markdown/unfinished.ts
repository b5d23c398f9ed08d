import type { MarkdownIt, StateCore, StateInline, Token } from 'markdown-it';

const ADDRESSES = ['http://', 'https://', 'mailto:'];
// What begins a bold text; the stars of a path such as src/**/*.ts do not.
const BOLD = /^\*\*[^\s\p{Po}\p{Pd}\p{Pe}]/u;
const LINK = /^!?\[([^[\]]*)\]\(([^\s)]*)$/;

/**
 * Code, bold text and links that the text ends within look as they will when they are closed, instead of showing their marks until then. Only where the
 * environment says that the text is growing; only at its very end.
 */
export function completeUnfinished(md: MarkdownIt): void {
  md.core.ruler.after('block', 'unfinished', findEnd);
  md.inline.ruler.before('backticks', 'unfinished_code', code);
  md.inline.ruler.before('emphasis', 'unfinished_bold', bold);
  md.inline.ruler.before('link', 'unfinished_link', link);
}

/** The text that is still being written, if the last block has one and it is not over. */
function findEnd(state: StateCore): void {
  if (!state.env.growing) return;
  const last = state.tokens.findLast((token) => !isAfterText(token));
  const written = state.src.trimEnd();
  const isOver = /\n.*\n/.test(state.src.slice(written.length));
  if (last?.type === 'inline' && !isOver && written.endsWith(last.content.slice(last.content.lastIndexOf('\n') + 1))) state.env.end = last.children;
}

/** Ends of blocks, and the cells that a row of a table does not have yet. */
function isAfterText({ nesting, type, content }: Token): boolean {
  return nesting === -1 || type === 'td_open' || (type === 'inline' && content === '');
}

const isAtEnd = ({ tokens, env, pos, posMax, src }: StateInline, mark: string): boolean => src[pos] === mark && tokens === env.end && posMax === src.length;

const isWithinWord = ({ src, pos }: StateInline): boolean => /[\p{L}\p{N}]/u.test(src[pos - 1] ?? '');

// While it only looks where something ends (silent), all rules below leave it to the rules of finished text.
function code(state: StateInline, silent: boolean): boolean {
  if (silent || !isAtEnd(state, '`')) return false;
  const { src, pos } = state;
  const [run] = /^`+/.exec(src.slice(pos))!;
  const rest = src.slice(pos + run.length);
  const isLiteral = run === '`' && (/^\s/.test(rest) || isWithinWord(state));
  if (isLiteral || hasRun(rest, run.length)) return false;
  let end = rest.length;
  while (rest[end - 1] === '`') end--;
  const content = rest.slice(0, end).replaceAll('\n', ' ').replace(/^ /, ''); // what ends it comes piece by piece too
  if (content !== '') state.push('code_inline', 'code', 0).content = content;
  state.pos = src.length;
  return true;
}

function hasRun(text: string, length: number): boolean {
  for (const [run] of text.matchAll(/`+/g)) if (run.length === length) return true;
  return false;
}

function bold(state: StateInline, silent: boolean): boolean {
  if (silent || !isAtEnd(state, '*')) return false;
  const { src, pos } = state;
  const rest = src.slice(pos);
  if (/^\*\*?$/.test(rest)) {
    // It begins what is not there yet, or is half of an end.
    const begins = /\s/.test(src[pos - 1] ?? ' ');
    const isOpen = (src.match(/\*\*/g)?.length ?? 0) % 2 === 1;
    if (!begins && !isOpen) return false;
    state.pos = src.length;
    return true;
  }
  if (isWithinWord(state) || !BOLD.test(rest) || rest.includes('**', 2)) return false;
  state.push('strong_open', 'strong', 1);
  state.pos += 2;
  state.md.inline.tokenize(state);
  state.push('strong_close', 'strong', -1);
  return true;
}

function link(state: StateInline, silent: boolean): boolean {
  if (silent || (!isAtEnd(state, '[') && !isAtEnd(state, '!'))) return false;
  const found = LINK.exec(state.src.slice(state.pos));
  if (!found) return false;
  const [, label, address] = found;
  if (!ADDRESSES.some((known) => known.startsWith(address.toLowerCase()) || address.toLowerCase().startsWith(known))) return false;
  const end = state.posMax;
  state.push('link_open', 'a', 1);
  state.pos = state.src.indexOf('[', state.pos) + 1;
  state.posMax = state.pos + label.length;
  state.linkLevel++;
  state.md.inline.tokenize(state);
  state.linkLevel--;
  state.push('link_close', 'a', -1);
  state.pos = state.posMax = end;
  return true;
}
