import { once as event } from 'node:events';
import { createServer } from 'node:http';
import { inTurn, once, shows } from '../measure.mjs';
import { launchRelay, start, temporary } from '../system.mjs';
import { launchBrowser } from '../../web/dev/browser.mjs';

const FLOOR = `<!doctype html><meta name="viewport" content="width=device-width"><title>Floor</title><h1>Everything</h1><p>${'that a page can say in five KB. '.repeat(160)}`;

async function serveFloor() {
  const server = createServer(({ url }, response) => response.writeHead(url === '/' ? 200 : 404, { 'content-type': 'text/html' }).end(url === '/' ? FLOOR : '')).listen(0, '127.0.0.1');
  await event(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/**
 * A phone's first visit: slow 4G, a processor four times slower, nothing kept. Gives what came over the wire, when the largest thing was painted, from when the code can be
 * typed and "Pair" be pressed, and when the app itself had taken over.
 */
async function visit(browser, url) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 562, downloadThroughput: 1.47e6 / 8, uploadThroughput: 0.67e6 / 8 });
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.addInitScript(noteMoments);
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForTimeout(3_000);
  const ms = await page.evaluate(() => new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true });
  }));
  const moments = await page.evaluate(() => globalThis.moments);
  await context.close();
  return { kb: bytes / 1024, ms, ...moments };
}

function noteMoments() {
  const moments = (globalThis.moments = {});
  (function look() {
    const form = document.querySelector('form');
    if (form?.onsubmit && form.querySelector('input').checkVisibility()) moments.usable ??= performance.now();
    if (document.querySelector('#app main') && !document.getElementById('first-sight')) moments.app ??= performance.now();
    if (!moments.app) requestAnimationFrame(look);
  })();
}

const both = shows(once(async ({ quick }) => {
  const relay = await launchRelay();
  const floor = await serveFloor();
  const browser = await launchBrowser();
  try {
    return await inTurn(quick ? 1 : 5, {
      ours: () => visit(browser, JSON.parse(relay.line).url),
      theirs: () => visit(browser, floor.url),
    });
  } finally {
    await browser.close();
    floor.close();
    await relay.stop();
  }
}));

/** A paired phone opens the app, as its worker keeps it: from the navigation to the list of projects. In turn with the floor, which comes from a server on the same machine. */
async function warmStart({ quick }) {
  const up = await start([temporary('project')]);
  const floor = await serveFloor();
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    const first = await context.newPage();
    await first.goto(`${up.ready.url}/#pair=${(await up.control('/pair', {})).pairCode}`);
    await first.getByRole('button', { name: 'Pair', exact: true }).click();
    await first.locator('main ul a').waitFor();
    await first.evaluate(() => navigator.serviceWorker.ready);
    await first.close();
    return await inTurn(quick ? 1 : 7, {
      ours: () => timeToSee(context, up.ready.url, 'main ul a'),
      theirs: () => timeToSee(context, floor.url, 'p'),
    });
  } finally {
    await browser.close();
    floor.close();
    await up.stop();
  }
}

/** From the navigation to the frame that has it. Looked for from within the page, from its first moment: to be asked afterwards took longer than the page itself. */
async function timeToSee(context, url, selector) {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.addInitScript((selector) => {
    globalThis.seen = new Promise((resolve) => {
      (function look() {
        if (document.querySelector(selector)) requestAnimationFrame(() => resolve(performance.now()));
        else requestAnimationFrame(look);
      })();
    });
  }, selector);
  await page.goto(url);
  const ms = await page.evaluate(() => globalThis.seen);
  await page.close();
  return ms;
}

export const rows = [
  { row: 25, metric: 'PWA, first load: over the wire', unit: 'KB', goal: { most: 100 }, baseline: 'a static page of 5 KB', both: both('kb') },
  { row: 25, metric: 'PWA, first load on slow 4G, 4x CPU: largest paint', unit: 'ms', goal: { ratio: 1.8 }, baseline: 'a static page of 5 KB', both: both('ms') },
  { row: 25, metric: 'PWA, first load on slow 4G, 4x CPU: to type the code and press', unit: 'ms', goal: { most: 1600 }, both: both('usable') },
  { row: 25, metric: 'PWA, first load on slow 4G, 4x CPU: to the whole app', unit: 'ms', both: both('app') },
  { row: 25, metric: 'PWA, warm start, 4x CPU: to the list of projects', unit: 'ms', goal: { most: 500 }, baseline: 'a static page of 5 KB', both: warmStart },
];
