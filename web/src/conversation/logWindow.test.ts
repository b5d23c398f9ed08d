import { expect, test } from 'vitest';
import { LogWindow } from './logWindow.svelte';
import type { Row } from './rowHeights';

const HIGH = 60;
const SCREEN = 800;
const rows = (count: number): Row[] => Array.from({ length: count }, (_, index) => ({ key: `e${index}` }));
const frames = async (count: number): Promise<void> => {
  for (let frame = 0; frame < count; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
};

/** A log in an element that has a height, which jsdom gives none; nobody has scrolled it yet. */
function open() {
  const element = document.createElement('div');
  Object.defineProperty(element, 'clientHeight', { value: SCREEN });
  Object.defineProperty(element, 'scrollHeight', { get: () => log.before + (log.end - log.start) * HIGH + log.after });
  const log = new LogWindow<Row>(() => HIGH);
  const close = log.scroller(element);
  const scrollTo = (top: number): void => {
    element.scrollTop = top;
    element.dispatchEvent(new Event('scroll'));
  };
  return { log, close, scrollTo };
}

test('what comes while the end is read lays out the end, though the element is still where it was', async () => {
  const { log, close } = open();
  for (const count of [3_000, 3_500]) {
    log.setRows(rows(count));
    await frames(3);
    expect(log.end).toBe(count);
    expect(log.end - log.start).toBeLessThanOrEqual(64);
  }
  close();
});

test('what comes into sight has its rows at once', async () => {
  const { log, close, scrollTo } = open();
  log.setRows(rows(3_000));
  await frames(2);
  for (let top = 3_000 * HIGH - SCREEN; top > 100_000; top -= 700) {
    scrollTo(top);
    expect(log.start).toBeLessThanOrEqual(Math.floor(top / HIGH));
    expect(log.end).toBeGreaterThanOrEqual(Math.floor((top + SCREEN) / HIGH));
    expect(log.end - log.start).toBeLessThanOrEqual(64);
  }
  close();
});
