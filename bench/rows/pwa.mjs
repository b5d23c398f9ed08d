import { createServer } from 'node:http';
import { inTurn, once, shows } from '../measure.mjs';
import { launchRelay } from '../system.mjs';
import { launchBrowser } from '../../web/dev/browser.mjs';

const FLOOR = `<!doctype html><meta name="viewport" content="width=device-width"><title>Floor</title><h1>Everything</h1><p>${'that a page can say in five KB. '.repeat(160)}`;

/** A phone's first visit: slow 4G, a processor four times slower, nothing kept. Gives what came over the wire and when the largest thing was painted. */
async function visit(browser, url) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 562, downloadThroughput: 1.47e6 / 8, uploadThroughput: 0.67e6 / 8 });
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForTimeout(3_000);
  const ms = await page.evaluate(() => new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true });
  }));
  await context.close();
  return { kb: bytes / 1024, ms };
}

const both = shows(once(async ({ quick }) => {
  const relay = await launchRelay();
  const floor = createServer(({ url }, response) => response.writeHead(url === '/' ? 200 : 404, { 'content-type': 'text/html' }).end(url === '/' ? FLOOR : '')).listen(0, '127.0.0.1');
  const browser = await launchBrowser();
  try {
    return await inTurn(quick ? 1 : 5, {
      ours: () => visit(browser, JSON.parse(relay.line).url),
      theirs: () => visit(browser, `http://127.0.0.1:${floor.address().port}`),
    });
  } finally {
    await browser.close();
    floor.close();
    await relay.stop();
  }
}));


export const rows = [
  { row: 25, metric: 'PWA, first load: over the wire', unit: 'KB', goal: { most: 100 }, baseline: 'a static page of 5 KB', both: both('kb') },
  { row: 25, metric: 'PWA, first load on slow 4G, 4x CPU: largest paint', unit: 'ms', goal: { ratio: 1.8 }, baseline: 'a static page of 5 KB', both: both('ms') },
];
