import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { once, shows } from '../measure.mjs';

/** bench/conversation.mjs opens it in Chromium, on a mock relay, after a page that has its last hundred texts and nothing else. */
const opened = (events) => shows(once(async () => {
  const program = new URL('../conversation.mjs', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [program, `${events}`, '4', '--json']);
  return JSON.parse(stdout);
}));
const rowsOf = (what, both, long) => [
  { metric: `${what}: to the last message`, unit: 'ms', goal: { most: 500 }, both: both('openMs') },
  { metric: `${what}: the same from what the phone kept`, unit: 'ms', goal: { most: 500 }, both: both('reopenMs') },
  { metric: `${what}: elements`, unit: '', goal: { most: 1_500 }, both: both('elements') },
  { metric: `${what}: frames shown while it is scrolled`, unit: '1/s', goal: { least: 55 }, both: both('shownPerSecond') },
  { metric: `${what}: of 100 such frames 99 within`, unit: 'ms', goal: { most: 50 }, both: both('shownWithinMs') },
  { metric: `${what}: the page's own frames meanwhile`, unit: '1/s', both: both('framesPerSecond') },
  { metric: `${what}: without a row yet at most`, unit: 'px', goal: { most: 0 }, both: both('barePx') },
  { metric: `${what}: heap`, unit: 'MB', goal: { most: 30 }, both: both('heapMb') },
].map((row) => ({ ...row, row: 26, long, baseline: 'a page of the last 100 texts' }));

export const rows = [...rowsOf('5,000 events, 4x CPU', opened(5_000), false), ...rowsOf('50,000 events, 4x CPU', opened(50_000), true)];
