// Watching a tree: from the start of the process to when it is ready, and the memory that the tree takes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../measure.mjs';
import { resident } from '../processes.mjs';
import { pause, start, temporary, until } from '../system.mjs';
import { tree } from './measure.mjs';

const RUNS = 3;
const NOTICED = 20;

async function watch(project) {
  const from = performance.now();
  const system = await start(project);
  await until(async () => (await system.control('/status')).projects[0].watcherRunning);
  const ms = performance.now() - from;
  const mb = resident(system.pid);
  const change = await noticed(system, project);
  await system.stop();
  return { ms, mb, change };
}

/** From a change to the event at the phone. */
async function noticed({ next }, project) {
  const times = [];
  for (let i = 0; i < NOTICED; i++) {
    const event = next(({ type, payload }) => type === 'fs_changed' && payload.changes.some(({ path }) => path === `changed-${i}`));
    const from = performance.now();
    writeFileSync(join(project, `changed-${i}`), 'x');
    await event;
    times.push(performance.now() - from);
    await pause(20);
  }
  return median(times);
}

async function measure(size) {
  const project = tree(size);
  const empty = await watch(temporary('growth'));
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await watch(project));
  const middle = (name) => median(runs.map((run) => run[name]));
  return { ms: middle('ms'), mb: Math.max(0, middle('mb') - empty.mb), change: middle('change') };
}

export const watching = [{
  sizes: [1_000, 10_000, 100_000], of: 'files', measure,
  figures: {
    ms: { id: 'watch-start', name: 'start of the process to a watched tree', unit: 'ms' },
    mb: { id: 'watch-memory', name: 'watching: RSS beyond that of an empty project', unit: 'MB' },
    change: { id: 'watch-change', name: 'a change to the event at the phone (250 ms by design)', unit: 'ms', bounded: true },
  },
}];
