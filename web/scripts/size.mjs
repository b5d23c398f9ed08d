// What a first visit loads, compressed, with the styles that lie in the page; fails above the budget.
import { readFileSync } from 'node:fs';
import { brotliDecompressSync, gzipSync } from 'node:zlib';

const BUDGET = 100 * 1024;
const dist = new URL('../dist/', import.meta.url);
const html = readFileSync(new URL('index.html', dist), 'utf8');
const assets = ['index.html', ...[...html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((match) => match[1])];

let total = 0;
for (const asset of new Set(assets)) {
  const content = readFileSync(new URL(asset, dist));
  const brotli = readFileSync(new URL(`${asset}.br`, dist));
  if (!brotliDecompressSync(brotli).equals(content)) throw new Error(`${asset}.br is not ${asset}`);
  const gzip = gzipSync(content, { level: 9 }).length;
  total += gzip;
  console.log(`${asset}: ${content.length} bytes, gzip ${gzip}, brotli ${brotli.length}`);
}
console.log(`first load (page, JS and CSS): gzip ${total} of ${BUDGET} bytes`);
if (total > BUDGET) process.exit(1);
