import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/test';
import { tour } from '../harness/tour';

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

// Only here: the check itself is a script that is not the app's. The narrowest phone shows what is too wide.
test.use({ bypassCSP: true, viewport: { width: 360, height: 740 } });
test.setTimeout(300_000);

/** What cannot be reached because it is beyond the edge of the screen. */
const beyondTheEdge = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const isBeyond = (element: Element): boolean => {
      const { left, right, width } = element.getBoundingClientRect();
      return width > 0 && (left < -1 || right > innerWidth + 1);
    };
    const scrolls = (element: Element | null): boolean => !!element && (/auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX) ? element !== document.body : scrolls(element.parentElement));
    const found = [...document.querySelectorAll('a, button, input, select, textarea, h1, h2')].filter((element) => isBeyond(element) && !scrolls(element.parentElement) && (element as HTMLElement).checkVisibility());
    return [...found.map((element) => element.outerHTML.slice(0, 120)), ...(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [])];
  });

test('axe finds nothing on any screen, light or dark, and everything is on the screen: narrow, large, from right to left', async ({ stranger, machine, anthropic }) => {
  const { page } = stranger;
  const found: string[] = [];

  await tour(stranger, machine, anthropic, async (screen) => {
    for (const [dir, size] of [['ltr', '200%'], ['rtl', '']] as const) {
      await page.evaluate(([dir, size]) => Object.assign(document.documentElement, { dir }).style.setProperty('font-size', size), [dir, size]);
      found.push(...(await beyondTheEdge(page)).map((what) => `${screen}, ${dir} ${size}: ${what}`));
    }
    await page.evaluate(() => {
      document.documentElement.dir = 'ltr';
      document.documentElement.style.removeProperty('font-size');
    });
    await page.addScriptTag({ path: axeFile });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const { violations } = await page.evaluate(
        (options) => (window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(options),
        // The colours are all that a theme changes.
        { resultTypes: ['violations'], ...(colorScheme === 'dark' && { runOnly: ['color-contrast'] }) } satisfies RunOptions,
      );
      for (const { id, help, nodes } of violations) {
        found.push(`${screen}, ${colorScheme}: ${id} (${help}) at ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
      }
    }
  });

  expect(found).toEqual([]);
});
