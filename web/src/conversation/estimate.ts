import type { Item } from './view';

/** How many letters of a size a phone shows on a line, and how high the line is. */
const LETTERS = 42;
const LINE = 24;

function lines(source: string): number {
  let count = 0;
  for (let from = 0; from <= source.length && count < 400; ) {
    const to = source.indexOf('\n', from);
    const length = (to < 0 ? source.length : to) - from;
    count += Math.max(1, Math.ceil(length / LETTERS));
    if (to < 0) break;
    from = to + 1;
  }
  return count;
}

/** About how high an item will be; the closer, the less the scroll bar moves when it is laid out. */
export function estimate(item: Item): number {
  switch (item.kind) {
    case 'user':
      return 40 + LINE * Math.min(lines(item.content), 20) + 160 * item.images.filter((image) => image.data).length;
    case 'text':
      return 14 + LINE * lines(item.text);
    case 'tool':
      return 66;
    case 'thinking':
      return 56;
    case 'task':
      return 54;
    default:
      return 36;
  }
}
