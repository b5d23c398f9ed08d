import MarkdownIt, { type Token } from 'markdown-it';

const LINK = /^(?:https?:\/\/|mailto:)/i;

const md = new MarkdownIt({ html: false, linkify: true, breaks: true });
md.linkify.set({ fuzzyLink: false, fuzzyEmail: false }); // "main.rs" is a file, not an address in Serbia
md.validateLink = (url) => LINK.test(url);

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
export function renderBlocks(source: string): string[] {
  const env = {};
  const blocks: string[] = [];
  let block: Token[] = [];
  for (const token of md.parse(source, env)) {
    block.push(token);
    if (token.level === 0 && token.nesting <= 0) {
      blocks.push(md.renderer.render(block, md.options, env));
      block = [];
    }
  }
  return blocks;
}
