// Renders public/icon.svg to the PNGs that installers ask for; run it again when the drawing changes.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from '../dev/browser.mjs';

const folder = fileURLToPath(new URL('../public/', import.meta.url));
const svg = readFileSync(`${folder}icon.svg`, 'utf8');
const square = svg.replace('rx="112"', ''); // a system cuts its own corners
const safe = square.replace(/<path/, '<g transform="translate(64 64) scale(0.75)"><path').replace('</svg>', '</g></svg>');

const browser = await launchBrowser();
for (const [file, size, image] of [
  ['icon-192.png', 192, svg],
  ['icon-512.png', 512, svg],
  ['icon-maskable-512.png', 512, safe],
  ['apple-touch-icon.png', 180, square],
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${image}`);
  await page.screenshot({ path: folder + file, omitBackground: true });
  await page.close();
}
await browser.close();
