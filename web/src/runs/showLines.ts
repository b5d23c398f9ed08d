import type { Look } from './ansi';
import type { Line, Screen } from './screen';

/** Brings an element in line with the screen: appends what is new, removes what is not kept, redraws the last line. */
export function showLines(element: HTMLElement, screen: Screen): void {
  const children = element.children as HTMLCollectionOf<HTMLElement>;
  const numberOf = (line: Element | undefined): number => Number((line as HTMLElement | undefined)?.dataset.line ?? -1);
  // Another run, or the same from its beginning.
  if (children.length > 0 && numberOf(element.lastElementChild!) > screen.last.number) element.replaceChildren();
  while (children.length > 0 && numberOf(children[0]) < screen.dropped) children[0].remove();
  element.lastElementChild?.remove(); // it may have changed
  const from = Math.max(0, children.length > 0 ? numberOf(element.lastElementChild!) + 1 - screen.dropped : 0);
  const fresh = [...screen.lines.slice(from), screen.last].map(lineElement);
  element.append(...fresh);
}

function lineElement({ number, spans }: Line): HTMLElement {
  const line = document.createElement('div');
  line.dataset.line = String(number);
  for (const { text, look } of spans) {
    const classes = classesOf(look);
    if (classes === '') {
      line.append(text);
      continue;
    }
    const span = document.createElement('span');
    span.className = classes;
    span.textContent = text;
    line.append(span);
  }
  if (spans.length === 0) line.append('\n'); // an empty line has its height
  return line;
}

function classesOf({ fg, bg, bold, faint, italic, underline, inverse, strike }: Look): string {
  const ground = inverse ? (fg ?? 'text') : bg;
  const ink = inverse ? undefined : fg;
  return [
    // On a coloured ground the text has the colour that can be read on it.
    ground !== undefined ? `bg-${ground}` : ink !== undefined && `fg-${ink}`,
    bold && 'bold', faint && 'faint', italic && 'italic', underline && 'underline', strike && 'strike',
  ].filter(Boolean).join(' ');
}
