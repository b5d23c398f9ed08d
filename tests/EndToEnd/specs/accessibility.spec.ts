import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import { expect, test } from '../harness/test';
import { tour } from '../harness/tour';

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

// Only here: the check itself is a script that is not the app's.
test.use({ bypassCSP: true });
test.setTimeout(300_000);

test('axe finds nothing on any screen, light or dark', async ({ stranger, machine, anthropic }) => {
  const { page } = stranger;
  const found: string[] = [];

  await tour(stranger, machine, anthropic, async (screen) => {
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
