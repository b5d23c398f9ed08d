import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { XSS_PAYLOADS } from '../../tests/xssPayloads';
import { GrowingBlocks, renderBlocks } from './blocks';
import { toSafeHtml } from './sanitize';

const ALLOWED = /^(?:P|BR|HR|H[1-6]|BLOCKQUOTE|UL|OL|LI|PRE|CODE|EM|STRONG|S|A|TABLE|THEAD|TBODY|TR|TH|TD)$/;

function render(source: string): HTMLElement {
  const element = document.createElement('div');
  element.innerHTML = renderBlocks(source).map(toSafeHtml).join('');
  return element;
}

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

test('read piece by piece it is what it is when it is read whole', () => {
  const piece = fc.constantFrom('# Title', 'word', ' more words', '\n', '\n\n', '- item', '1. one', '```ts\n', '```\n', '> quote', '---\n', '| a | b |\n| - | - |\n', '    code', '\r\n', '***', '<b>');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const growing = new GrowingBlocks();
      let source = '';
      for (const more of pieces) {
        source += more;
        expect(growing.render(source)).toEqual(renderBlocks(source));
      }
    }),
    { numRuns: 500 },
  );
});
