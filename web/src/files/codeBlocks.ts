import type { Stretch } from '../syntax/colour';

/** Lines that get their colours together. */
export const BLOCK = 100;
/** Coloured before they are scrolled to. */
const AHEAD = '1000px';

/** Puts lines into the element, as plain text or in coloured stretches. */
export function fill(element: HTMLElement, lines: string[] | Stretch[][], last: boolean): void {
  const nodes: Node[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain !== '') nodes.push(document.createTextNode(plain));
    plain = '';
  };
  lines.forEach((line, index) => {
    for (const { text, classes } of typeof line === 'string' ? [{ text: line, classes: '' }] : line) {
      if (classes === '') {
        plain += text;
        continue;
      }
      flush();
      const span = document.createElement('span');
      span.className = classes;
      span.textContent = text;
      nodes.push(span);
    }
    if (!last || index < lines.length - 1) plain += '\n';
  });
  flush();
  element.replaceChildren(...nodes);
}

/** Does the work once, when the element is about to be seen. */
export function whenNear(element: HTMLElement, work: () => void): () => void {
  if (typeof IntersectionObserver === 'undefined') {
    work();
    return () => {};
  }
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      work();
    },
    { root: element.closest('.file'), rootMargin: AHEAD },
  );
  observer.observe(element);
  return () => observer.disconnect();
}
