import MarkdownIt, { type Token } from 'markdown-it';
import { completeUnfinished } from './unfinished';

const LINK = /^(?:https?:\/\/|mailto:)/i;

const md = new MarkdownIt({ html: false, linkify: true, breaks: true });
md.linkify.set({ fuzzyLink: false, fuzzyEmail: false }); // "main.rs" is a file, not an address in Serbia
md.validateLink = (url) => LINK.test(url);
completeUnfinished(md);

md.renderer.rules.link_open = (tokens, index, options, _env, self) => {
  tokens[index].attrSet('rel', 'noopener noreferrer');
  tokens[index].attrSet('target', '_blank');
  return self.renderToken(tokens, index, options);
};

// An image that loads tells its server that, and when, this was read: show where it is instead.
md.renderer.rules.image = (tokens, index) => {
  const { content } = tokens[index];
  const source = tokens[index].attrGet('src')?.toString() ?? '';
  const label = md.utils.escapeHtml(content || source);
  return LINK.test(source)
    ? `<a class="image-link" href="${md.utils.escapeHtml(source)}" rel="noopener noreferrer" target="_blank">${label}</a>`
    : label;
};

// markdown-it aligns cells with inline styles, which the CSP forbids.
for (const rule of ['th_open', 'td_open']) {
  md.renderer.rules[rule] = (tokens, index, options, _env, self) => {
    const align = /text-align:(\w+)/.exec(tokens[index].attrGet('style')?.toString() ?? '')?.[1];
    tokens[index].attrs = align ? [['class', `align-${align}`]] : null;
    return self.renderToken(tokens, index, options);
  };
}

/**
 * The HTML of each top-level block, not yet sanitized. While a text grows only its last blocks change,
 * so the others keep their elements, and with them selection and scroll position.
 */
export const renderBlocks = (source: string): string[] => parseBlocks(source).map(({ html }) => html);

function parseBlocks(source: string, growing = false): { html: string; start: number }[] {
  const env = { growing };
  const blocks: { html: string; start: number }[] = [];
  let block: Token[] = [];
  let [line, start] = [0, 0];
  for (const token of md.parse(source, env)) {
    block.push(token);
    if (token.level === 0 && token.nesting <= 0) {
      for (const first = block[0].map?.[0] ?? line; line < first; line++) start = source.indexOf('\n', start) + 1;
      blocks.push({ html: md.renderer.render(block, md.options, env), start });
      block = [];
    }
  }
  return blocks;
}

interface Grown {
  source: string;
  blocks: string[];
  /** Where each block begins, in letters. */
  starts: number[];
}

/** `renderBlocks` for a text that is still being written: a finished part is not read again with every word, and what its end leaves open looks closed. */
export class GrowingBlocks {
  #last: Grown = { source: '', blocks: [], starts: [] };

  render(source: string): string[] {
    const { source: before, blocks, starts } = this.#last;
    // The last two may change by what follows: a line below makes a heading of a paragraph, a list goes on after an empty one.
    const kept = source.startsWith(before) ? Math.max(0, blocks.length - 2) : 0;
    const from = kept > 0 ? starts[kept] : 0;
    const rest = parseBlocks(source.slice(from), true);
    this.#last = {
      source,
      blocks: [...blocks.slice(0, kept), ...rest.map(({ html }) => html)],
      starts: [...starts.slice(0, kept), ...rest.map(({ start }) => from + start)],
    };
    return this.#last.blocks;
  }
}
