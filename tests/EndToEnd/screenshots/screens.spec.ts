import { join } from 'node:path';
import { test } from '../harness/test';
import { tour } from '../harness/tour';

/** A phone that is narrow, one that is usual, and a tablet. */
const SIZES = { 360: { width: 360, height: 740 }, 390: { width: 390, height: 844 }, 820: { width: 820, height: 1180 } } as const;
const USUAL = 390;

test('every screen, dark and light', async ({ stranger, machine, anthropic }) => {
  const { SCREENSHOTS: directory, WIDTHS: widths = `${USUAL}` } = process.env;
  if (!directory) throw new Error('Run screenshots.mjs: it says where the pictures go.');

  await tour(stranger, machine, anthropic, async (screen) => {
    for (const width of widths.split(',').map((width) => Number(width) as keyof typeof SIZES)) {
      await stranger.page.setViewportSize(SIZES[width]);
      for (const colorScheme of ['light', 'dark'] as const) {
        await stranger.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const name = width === USUAL ? `${screen}-${colorScheme}` : `${screen}-${colorScheme}-${width}`;
        await stranger.page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled' });
      }
    }
    await stranger.page.setViewportSize(SIZES[USUAL]);
  });
});
