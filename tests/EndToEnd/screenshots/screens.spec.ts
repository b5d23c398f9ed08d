import { join } from 'node:path';
import { test } from '../harness/test';
import { tour } from '../harness/tour';

test('every screen, dark and light', async ({ stranger, machine, anthropic }) => {
  const directory = process.env.SCREENSHOTS;
  if (!directory) throw new Error('Run screenshots.mjs: it says where the pictures go.');

  await tour(stranger, machine, anthropic, async (screen) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await stranger.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await stranger.page.screenshot({ path: join(directory, `${screen}-${colorScheme}.png`), animations: 'disabled' });
    }
  });
});
