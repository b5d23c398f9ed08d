import { execFile } from 'node:child_process';
import { once as happens } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { native } from '../dotnet.mjs';
import { inTurn, once, shows } from '../measure.mjs';
import { temporary } from '../system.mjs';

const MEGABYTES = 200;
const LONGEST = 1 << 20;
const node = new URL('../reference/stream-json.mjs', import.meta.url).pathname;

/** Claude Code's lines, from 1 KB to 1 MB. */
async function lines() {
  const path = join(temporary('stream'), 'lines.jsonl');
  const file = createWriteStream(path);
  const words = 'const day = parse("2026-11-24"); // \u00e4 line\n\t';
  for (let written = 0, i = 0; written < MEGABYTES * 1e6; i++) {
    const size = [1_000, 4_000, 1_000, 30_000, 1_000, 250_000, 2_000, 1_000, 1_000, LONGEST - 500][i % 10];
    const text = words.repeat(Math.ceil(size / words.length)).slice(0, size * 0.85);
    const line = `${JSON.stringify({ type: 'assistant', message: { id: `msg_${i}`, role: 'assistant', content: [{ type: 'text', text }] }, parent_tool_use_id: null, session_id: 's' })}\n`;
    written += line.length;
    if (!file.write(line)) await happens(file, 'drain');
  }
  file.end();
  await happens(file, 'close');
  return path;
}

async function reference(path) {
  const { stdout } = await promisify(execFile)(process.execPath, [node, path]);
  return JSON.parse(stdout);
}

/** bench/StreamJson reads as the daemon does. */
const both = shows(once(async ({ quick }) => {
  const path = await lines();
  return inTurn(quick ? 1 : 5, { ours: await native('StreamJson', [path]), theirs: () => reference(path) });
}));
const row = { row: 22, baseline: 'Node: list of chunks, JSON.parse' };

export const rows = [
  { ...row, metric: 'stream-json of 200 MB, without the log', unit: 'MB/s', goal: { ratioAtLeast: 2.5 }, both: both('mbPerSecond') },
  { ...row, metric: 'stream-json of 200 MB: peak RSS', unit: 'MB', goal: { most: 17 }, both: both('peakMb') },
];
