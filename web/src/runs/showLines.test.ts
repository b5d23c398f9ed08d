import { expect, test } from 'vitest';
import { XSS_PAYLOADS } from '../../tests/xssPayloads';
import { Screen } from './screen';
import { showLines } from './showLines';

test('what is shown is what was printed, however it came', () => {
  const element = document.createElement('pre');
  const screen = new Screen();
  const shown = (): string[] => [...element.children].map((line) => line.textContent ?? '');
  showLines(element, screen);
  screen.write('out', 'one\ntw');
  showLines(element, screen);
  expect(shown()).toEqual(['one', 'tw']);
  screen.write('out', 'o\n\u001b[1;31mred\u001b[0m\n');
  showLines(element, screen);
  expect(shown()).toEqual(['one', 'two', 'red', '\n']);
  expect(element.querySelector('.fg-1.bold')?.textContent).toBe('red');

  screen.write('out', 'more\n'.repeat(20_000));
  showLines(element, screen);
  expect(element.children.length).toBe(screen.lines.length + 1);
  expect((element.children[0] as HTMLElement).dataset.line).toBe(String(screen.dropped));

  const again = new Screen();
  again.write('out', 'from the beginning');
  showLines(element, again);
  expect(shown()).toEqual(['from the beginning']);
});

test('output is text, whatever stands in it', () => {
  const element = document.createElement('pre');
  const screen = new Screen();
  for (const payload of XSS_PAYLOADS) screen.write('out', `\u001b[31m${payload}\u001b]8;;javascript:alert(1)\u0007x\n`);
  showLines(element, screen);
  expect([...element.querySelectorAll('*')].every((node) => ['DIV', 'SPAN'].includes(node.tagName))).toBe(true);
  expect(element.querySelectorAll('a, script, img, [onclick], [href]').length).toBe(0);
});
