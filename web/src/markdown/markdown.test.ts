import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { XSS_PAYLOADS } from '../../tests/xssPayloads';
import { GrowingBlocks, renderBlocks } from './blocks';
import { toSafeHtml } from './sanitize';

const ALLOWED = /^(?:P|BR|HR|H[1-6]|BLOCKQUOTE|UL|OL|LI|PRE|CODE|EM|STRONG|S|A|TABLE|THEAD|TBODY|TR|TH|TD)$/;

const growing = (source: string): string[] => new GrowingBlocks().render(source);

function elementOf(blocks: string[]): HTMLElement {
  const element = document.createElement('div');
  element.innerHTML = blocks.map(toSafeHtml).join('');
  return element;
}
const render = (source: string): HTMLElement => elementOf(renderBlocks(source));
const shown = (source: string): HTMLElement => elementOf(growing(source));

function expectHarmless(element: HTMLElement): void {
  for (const node of element.querySelectorAll('*')) {
    expect(node.tagName).toMatch(ALLOWED);
    for (const { name, value } of node.attributes) {
      expect(['href', 'class', 'start', 'rel', 'target']).toContain(name);
      if (name === 'href') expect(value).toMatch(/^(?:https?:\/\/|mailto:)/i);
    }
    if (node.tagName === 'A' && node.hasAttribute('href')) {
      expect(node.getAttribute('rel')).toBe('noopener noreferrer');
      expect(node.getAttribute('target')).toBe('_blank');
    }
  }
}

test('there are enough payloads', () => {
  expect(new Set(XSS_PAYLOADS).size).toBeGreaterThanOrEqual(60);
});

describe('nothing that runs, loads or leaves survives', () => {
  const table = XSS_PAYLOADS.map((payload) => [payload.slice(0, 60), payload]);
  test.each(table)('through markdown: %s', (_, payload) => expectHarmless(render(payload)));
  test.each(table)('through markdown that is still being written: %s', (_, payload) => {
    for (const end of [payload.length, payload.length / 2, payload.length - 1]) expectHarmless(shown(payload.slice(0, end)));
  });

  // The second line of defence alone: as if markdown-it let HTML through.
  test.each(table)('through the sanitizer alone: %s', (_, payload) => {
    const element = document.createElement('div');
    element.innerHTML = toSafeHtml(payload);
    expectHarmless(element);
  });
});

describe('what is meant to be there is', () => {
  test.each([
    ['**bold** and `code`', '<p><strong>bold</strong> and <code>code</code></p>'],
    ['a\nb', '<p>a<br>\nb</p>'],
    ['<b>text</b>', '<p>&lt;b&gt;text&lt;/b&gt;</p>'],
    ['main.rs', '<p>main.rs</p>'],
    ['3. three', '<ol start="3">\n<li>three</li>\n</ol>'],
    ['[x](mailto:a@b.example)', '<p><a href="mailto:a@b.example" rel="noopener noreferrer" target="_blank">x</a></p>'],
  ])('%s', (source, html) => {
    expect(render(source).innerHTML.trim()).toBe(html);
  });

  test('a remote image is a link to it', () => {
    const element = render('![chart](https://example.com/c.png)');
    expect(element.querySelector('img')).toBeNull();
    expect(element.querySelector('a')).toMatchObject({ href: 'https://example.com/c.png', textContent: 'chart' });
  });

  test('cells are aligned by class, not by style', () => {
    const element = render('| a |\n| ---: |\n| 1 |');
    expect(element.querySelector('td')?.className).toBe('align-right');
    expect(element.innerHTML).not.toContain('style');
  });

  test('code keeps its language for the label', () => {
    expect(render('```ts\nx\n```').querySelector('code')?.className).toBe('language-ts');
  });
});

test('while a text grows, blocks that are finished stay the same', () => {
  const whole = '# Title\n\nA paragraph.\n\n- one\n- two\n\n```ts\nconst x = 1;\n```\n\nThe end.';
  const blocks = renderBlocks(whole);
  expect(blocks).toHaveLength(5);
  const half = renderBlocks(whole.slice(0, whole.indexOf('const')));
  expect(half.slice(0, 3)).toEqual(blocks.slice(0, 3));
});

const block = fc.constantFrom('# Title', 'word', ' more words', '\n', '\n\n', '- item', '1. one', '```ts\n', '```\n', '> quote', '---\n', '| a | b |\n| - | - |\n', '    code', '\r\n', '***', '<b>');
const mark = fc.constantFrom('`', '``', '*', '**', '_', '[', '](', 'https://e.example', ')', '!', '\\', '|', ' ');
const anyText = fc.array(fc.oneof(block, mark), { maxLength: 30 });
test('read piece by piece it is what it is when it is read whole', () => {
  fc.assert(
    fc.property(anyText, (pieces) => {
      const text = new GrowingBlocks();
      let source = '';
      for (const more of pieces) {
        source += more;
        expect(text.render(source)).toEqual(growing(source));
      }
    }),
    { numRuns: 500 },
  );
});

describe('what the end leaves open', () => {
  test.each([
    ['run `npm te', '<p>run <code>npm te</code></p>'],
    ['run `', '<p>run </p>'],
    ['``a `b` c`', '<p><code>a `b` c</code></p>'],
    ['a\n`b\nc', '<p>a<br>\n<code>b c</code></p>'],
    ['- one\n- **two', '<ul>\n<li>one</li>\n<li><strong>two</strong></li>\n</ul>'],
    ['**`a` and `b', '<p><strong><code>a</code> and <code>b</code></strong></p>'],
    ['**bold*', '<p><strong>bold</strong></p>'],
    ['and **', '<p>and </p>'],
    ['> **a\n> b', '<blockquote>\n<p><strong>a<br>\nb</strong></p>\n</blockquote>'],
    ['see [the `docs`](https://exa', '<p>see <a rel="noopener noreferrer" target="_blank">the <code>docs</code></a></p>'],
    ['see [it](', '<p>see <a rel="noopener noreferrer" target="_blank">it</a></p>'],
  ])('looks closed: %s', (source, html) => {
    expect(shown(source).innerHTML.trim()).toBe(html);
  });

  test('looks closed in a row of a table too', () => {
    expect(shown('| a | b |\n| - | - |\n| `npm te').querySelector('td')?.innerHTML).toBe('<code>npm te</code>');
  });

  test.each([
    '```\na `b', '    a `b', 'a \\`b', 'a ` b', 'it`s', 'a `b` c', '2 ** 3', '2**3', 'src/**/*.ts', '\\**b', '*b', '[x', '[x] y', 'f[0](y', '[x](src/a.ts', '[x](javascript:a', '[**kwargs](https://x.example) and more', '[`a](https://x.example) more',
    'a `b\n\n', 'a `b\n\nc', '# a `b #', '| a |\n| - |\n| `b |', '- `a\n- ',
  ])('is left alone where it is not open, or not at the end: %j', (source) => {
    expect(growing(source)).toEqual(renderBlocks(source));
  });

  test('is open in the last block alone, and not when that is over', () => {
    fc.assert(
      fc.property(anyText, (pieces) => {
        const source = pieces.join('');
        expect(growing(source).slice(0, -1)).toEqual(renderBlocks(source).slice(0, -1));
        const over = `${source}\n\n`;
        expect(growing(over)).toEqual(renderBlocks(over));
      }),
      { numRuns: 1_000 },
    );
  });

  test('never shows a mark that goes away again', () => {
    const word = fc.constantFrom('word', 'two words', 'a.b', 'x_y');
    const piece = fc.oneof(
      word.map((it) => [...it]),
      word.map((it) => [...`\`${it}\``]),
      word.map((it) => [...`\`\`${it} \`${it}\`\``]),
      fc.tuple(word, word).map(([one, two]) => [...`**${one} \`${two}\`**`]),
      word.map((it) => [...`**${it}**`]),
      word.map((it) => [`[${it}](`, ...'https://e.example/x)']),
    );
    const start = fc.constantFrom('', '- ', '> ', '## ', '1. ');
    fc.assert(
      fc.property(start, fc.array(piece, { minLength: 1, maxLength: 6 }), (begin, parts) => {
        const steps = [begin, ...parts.flatMap((part, index) => (index > 0 ? [' ', ...part] : part))];
        const whole = render(steps.join('')).textContent.trim();
        steps.reduce((before, step) => {
          const source = before + step;
          expect(whole.startsWith(shown(source).textContent.trim()), source).toBe(true);
          return source;
        });
      }),
      { numRuns: 300 },
    );
  });
});
