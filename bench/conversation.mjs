// Frames, time and memory of a long conversation on a slow phone: node bench/conversation.mjs [EVENTS] [SLOWDOWN] [--json]
// Needs web/dist (cd web && npm ci && npx vite build) and Chromium (see web/dev/browser.mjs). Everything else is the mock relay's.
import { launchBrowser } from '../web/dev/browser.mjs';
import { startMockRelay } from '../web/dev/mock-relay.mjs';

const COUNT = Number(process.argv[2] ?? 10_000);
const SLOWDOWN = Number(process.argv[3] ?? 4);
// Only the figures of row 26 of bench/table.mjs, as a line of JSON.
const JSON_ONLY = process.argv[4] === '--json';
/** As by a quick flick, in CSS pixels a second. */
const SPEED = 2_000;
const LAST = 'The very last line.';

const CODE = '```ts\nexport function parseDay(iso: string): Day {\n  const [year, month, day] = iso.slice(0, 10).split("-").map(Number);\n  return { year, month, day };\n}\n```';
const ANSWER = (turn) => `Turn ${turn}: the forecast compares **local** times with UTC, so between midnight and 2 a.m. it shows the day before.\n\n1. \`parseDay()\` cuts the time off\n2. the cache key uses the cut date\n\n${CODE}\n\n| file | lines |\n| --- | ---: |\n| src/day.ts | 12 |\n\nNothing else in the project cuts dates this way.`;
const turn = (index) => [
  { type: 'user', messageId: `m${index}`, content: `Question ${index}: why does the forecast show yesterday’s rain?` },
  { type: 'thinking', text: 'Time zones, probably.' },
  ...[1, 2, 3].flatMap((step) => [
    { type: 'tool_use', toolUseId: `t${index}.${step}`, name: 'Bash', input: { command: `npm test -- --run src/day.${step}.test.ts`, description: 'Run the tests' } },
    { type: 'tool_result', toolUseId: `t${index}.${step}`, content: 'ok\n'.repeat(20), isError: step === 3 },
  ]),
  { type: 'file_edit', toolUseId: `e${index}`, path: 'src/day.ts', edits: [{ oldText: 'const day = iso.slice(0, 10);', newText: 'const day = toLocal(iso);' }] },
  { type: 'text', text: ANSWER(index) },
  { type: 'done', cancelled: false, isError: false, durationMs: 900, messageId: `m${index}`, costUsd: 0.01 },
];

const { pairUrl, url, close, relay } = await startMockRelay();
const session = relay.daemon.sessions.get('s4');
session.events.length = 0;
session.gone = 0;
for (let index = 0; session.events.length < COUNT; index++) for (const event of turn(index)) session.emit(event);
session.emit({ type: 'text', text: LAST });

const browser = await launchBrowser();
try {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  const floor = JSON_ONLY && await figures(() => timeToPlain(page, cdp));
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await page.goto(pairUrl);
  await page.getByRole('button', { name: 'Pair', exact: true }).click();
  await page.getByRole('link', { name: 'pocket-weather' }).waitFor();
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
  await cdp.send('Performance.enable');

  if (JSON_ONLY) {
    console.log(JSON.stringify({ ours: await figures(timeToLast), theirs: floor }));
  } else {
    await everything(page);
  }
} finally {
  await browser.close();
  await close();
}

async function everything(page) {
  console.log(`${session.events.length} events, ${SLOWDOWN}x slower CPU`);
  console.log(`open, everything from the machine: ${await timeToLast()} ms`);
  await page.waitForTimeout(3_000);
  console.log(`open after a reload, from what the phone kept: ${await reopened()} ms`);

  printMemory(await memory());
  print('scrolled up', await frames(() => roll(SPEED, 4)));
  print('scrolled up fast', await frames(() => roll(3 * SPEED, 4)));
  print('set further up by script, frame by frame', await frames(() => scroll({ by: -90, for: 4_000 })));
  print('the same, very fast', await frames(() => scroll({ by: -900, for: 3_000 })));
  print('jumping to places all over', await frames(() => scroll({ jumps: 25 })));
  await page.getByRole('button', { name: 'Newest' }).click();
  await page.getByText(LAST).waitFor();
  print('an answer of 30 KB streams in', await frames(() => stream()));
  printMemory(await memory());
}

async function figures(open) {
  const openMs = await open();
  await page().waitForTimeout(3_000);
  const reopenMs = open === timeToLast ? await reopened() : undefined;
  const { deltas, shown, bare } = await frames(() => roll(SPEED, 4));
  const memoryThen = await memory();
  return { openMs, reopenMs, shownPerSecond: rateOf(shown), shownWithinMs: at(shown, 0.99), framesPerSecond: rateOf(deltas), barePx: bare, ...memoryThen };
}

/** The floor: a page that has nothing but the last hundred texts. */
async function timeToPlain(page, cdp) {
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
  await page.setContent('<meta name="viewport" content="width=device-width"><div role="log" style="height: 844px; overflow: auto"></div>');
  const articles = Array.from({ length: 100 }, (_, index) => `<article><pre style="white-space: pre-wrap">${ANSWER(index)}</pre></article>`).join('');
  return page.evaluate(async (html) => {
    const begun = performance.now();
    const log = document.querySelector('[role=log]');
    log.innerHTML = html;
    log.scrollTop = log.scrollHeight;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return Math.round(performance.now() - begun);
  }, articles);
}

/** The app begun anew, and then the same. */
async function reopened() {
  await page().goto(`${url}/#/`);
  await page().reload();
  await page().getByRole('link', { name: 'pocket-weather' }).waitFor();
  const ms = await timeToLast();
  await page().waitForTimeout(3_000);
  return ms;
}

/** From the tap to the last line on the screen. */
async function timeToLast() {
  return page().evaluate(async (last) => {
    const begun = performance.now();
    location.hash = '#/m/m1/p/p1/s/s4';
    for (;;) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const rows = document.querySelectorAll('[role=log] article');
      if (rows[rows.length - 1]?.textContent.includes(last)) break;
    }
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return Math.round(performance.now() - begun);
  }, LAST);
}

function page() {
  return browser.contexts()[0].pages()[0];
}

/**
 * What happens while the work goes on: `shown`, the times between the frames that reached the screen (the compositor moves what is laid out by itself); `deltas`, those between the
 * page's own; `tasks`, what the main thread took of the processor; `bare`, the most pixels of the log that had no row yet when they were scrolled into sight.
 */
async function frames(work) {
  await browser.startTracing(page(), { categories: ['toplevel', 'cc', 'benchmark', 'viz', 'disabled-by-default-devtools.timeline', '__metadata'] });
  await page().evaluate(watchRows);
  const deltas = await framesDuring(work);
  const bare = await page().evaluate(() => globalThis.bare);
  const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
  const mains = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(({ name, tdur, pid, tid }) => name.endsWith('RunTask') && tdur && mains.has(`${pid} ${tid}`)).map(({ tdur }) => tdur / 1000);
  return { deltas, tasks, shown: timesBetweenShown(traceEvents), bare };
}

/** Chromium tells of each frame, from its beginning to its end, whether it was shown. */
function timesBetweenShown(traceEvents) {
  const state = new Map();
  const ends = [];
  for (const { name, ph, pid, id, id2, ts, args } of traceEvents) {
    if (name !== 'PipelineReporter') continue;
    const frame = `${pid} ${JSON.stringify(id2 ?? id)}`;
    const told = args?.chrome_frame_reporter ?? args?.frame_reporter;
    if (told) state.set(frame, told.state);
    if (ph === 'e' && state.has(frame)) ends.push({ ts, state: state.get(frame) });
  }
  ends.sort((one, other) => one.ts - other.ts);
  const times = [];
  let last;
  for (const { ts, state: how } of ends) {
    if (!how.startsWith('STATE_PRESENTED')) continue;
    if (last !== undefined && ts > last) times.push((ts - last) / 1000);
    last = ts;
  }
  return times;
}

/** Runs before the page hears that it was scrolled: what is in sight then was in sight as it is. */
function watchRows() {
  globalThis.bare = 0;
  const log = document.querySelector('[role=log]');
  globalThis.watching?.abort();
  globalThis.watching = new AbortController();
  addEventListener('scroll', () => {
    const first = log.querySelector('article').getBoundingClientRect().top;
    const bare = Math.min(log.clientHeight, Math.max(0, first - log.getBoundingClientRect().top));
    if (log.scrollTop > 0) globalThis.bare = Math.max(globalThis.bare, Math.round(bare));
  }, { capture: true, signal: globalThis.watching.signal });
}

/** By a wheel, whose scrolling the compositor does as it does a finger's. (A touch that DevTools makes up scrolls nothing here.) */
async function roll(speed, seconds) {
  const cdp = await browser.contexts()[0].newCDPSession(page());
  await cdp.send('Input.synthesizeScrollGesture', { x: 195, y: 400, yDistance: speed * seconds, speed, gestureSourceType: 'mouse', preventFling: true });
}

/** The times between the frames that the page makes while the work goes on. */
async function framesDuring(work) {
  await page().evaluate(() => {
    const times = [];
    const note = (time) => {
      times.push(time);
      globalThis.noting = requestAnimationFrame(note);
    };
    globalThis.times = times;
    globalThis.noting = requestAnimationFrame(note);
  });
  await work();
  return page().evaluate(() => {
    cancelAnimationFrame(globalThis.noting);
    return globalThis.times.slice(1).map((time, index) => time - globalThis.times[index]);
  });
}

async function scroll({ by = 0, for: duration = 0, jumps = 0 }) {
  await page().evaluate(
    async ([by, duration, jumps]) => {
      const log = document.querySelector('[role=log]');
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const end = performance.now() + duration;
      while (performance.now() < end) {
        log.scrollTop += by;
        await frame();
      }
      for (let jump = 0; jump < jumps; jump++) {
        log.scrollTop = ((jump * 0.37) % 1) * log.scrollHeight;
        for (let wait = 0; wait < 12; wait++) await frame();
      }
    },
    [by, duration, jumps],
  );
}

async function stream() {
  const text = Array.from({ length: 40 }, (_, index) => ANSWER(index)).join('\n\n').slice(0, 30_000);
  for (let at = 0; at < text.length; at += 60) {
    session.emit({ type: 'text_delta', messageId: 'stream', delta: text.slice(at, at + 60) });
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
  session.emit({ type: 'text', text, messageId: 'stream' });
  await page().waitForTimeout(300);
}

function rateOf(deltas) {
  return (1_000 * deltas.length) / deltas.reduce((sum, delta) => sum + delta, 0);
}

function at(times, share) {
  return [...times].sort((one, other) => one - other)[Math.min(times.length - 1, Math.floor(share * times.length))];
}

function print(what, { deltas, tasks, shown, bare }) {
  const over = (list) => list.filter((time) => time > 50.5).length;
  const of = (times) => `${rateOf(times).toFixed(0)}/s, p50 ${at(times, 0.5)?.toFixed(0)} ms, p99 ${at(times, 0.99)?.toFixed(0)} ms, over 50 ms ${over(times)}`;
  console.log(`${what}: shown ${of(shown)}; the page's own ${of(deltas)}; without a row yet at most ${bare} px; of the processor: longest task ${Math.max(0, ...tasks).toFixed(0)} ms, over 50 ms ${over(tasks)}`);
}

async function memory() {
  const cdp = await browser.contexts()[0].newCDPSession(page());
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('Performance.enable');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const elements = await page().evaluate(() => document.querySelectorAll('*').length);
  return { elements, heapMb: metrics.find(({ name }) => name === 'JSHeapUsedSize').value / 1e6 };
}

function printMemory({ elements, heapMb }) {
  console.log(`elements: ${elements}, JavaScript heap: ${heapMb.toFixed(1)} MB`);
}
