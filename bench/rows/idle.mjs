import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { once, shows } from '../measure.mjs';
import { allSwitches, cpu, resident, share, wakeUps } from '../processes.mjs';
import { pause, start, startApart, startReference, temporary } from '../system.mjs';

const all = {};

/** Ten small projects each, connected to their relays, one phone; `up` beside them has all in one process. */
export async function setUp() {
  const directory = temporary('projects');
  const projects = Array.from({ length: 10 }, (_, i) => join(directory, `project-${i}`));
  for (const project of projects) mkdirSync(join(project, 'src'), { recursive: true });
  all.ours = await startApart(projects);
  all.theirs = await startReference(projects);
  all.up = await start(projects);
  await pause(10_000);
}

export async function tearDown() {
  for (const system of Object.values(all)) await system.stop();
}

const figures = { cpu, wakeUps, allSwitches };
const SECONDS = 5;

/**
 * A second of idleness. All are idle in the same seconds, so that what else the machine does is in none of them alone. Of six times the two busiest do not count, for
 * each side: V8 tidies its memory once, at some moment of its own.
 */
const idleness = shows(once(async ({ quick }) => {
  const look = () => Object.values(all).map(({ pid }) => Object.values(figures).map((figure) => figure(pid)));
  const looks = [look()];
  while (looks.length < (quick ? 2 : 7)) {
    await pause(SECONDS * 1_000);
    looks.push(look());
  }
  const grown = (i, j) => quieter(looks.slice(1).map((now, at) => (now[i][j] - looks[at][i][j]) / SECONDS));
  return Object.fromEntries(Object.keys(all).map((name, i) => [name, Object.fromEntries(Object.keys(figures).map((figure, j) => [figure, grown(i, j)]))]));
}));

function quieter(times) {
  const counted = times.toSorted((a, b) => a - b).slice(0, Math.max(1, times.length - 2));
  return counted.reduce((sum, time) => sum + time) / counted.length;
}

const memory = (of, figure = resident) => async () => ({ ours: figure(all[of].pid), theirs: figure(all.theirs.pid) });
const node = { baseline: 'Node reference (daemon)' };

export const rows = [
  { ...node, row: 4, metric: 'daemon idle with 10 projects: RSS', unit: 'MB', goal: { ratio: 0.5 }, both: memory('ours') },
  { ...node, row: 4, metric: 'daemon idle with 10 projects: PSS', unit: 'MB', both: memory('ours', share) },
  { ...node, row: 4, metric: 'up with relay, PWA, one phone: RSS', unit: 'MB', goal: { most: 60 }, both: memory('up') },
  { ...node, row: 5, metric: 'daemon idle: CPU', unit: 'ms/s', goal: { ratio: 1 }, both: idleness('cpu') },
  { ...node, row: 5, metric: 'daemon idle: wake-ups', unit: '1/s', goal: { ratio: 1 }, both: idleness('wakeUps') },
  { ...node, row: 5, metric: 'daemon idle: switches, forced ones too', unit: '1/s', both: idleness('allSwitches') },
  { ...node, row: 5, metric: 'up with relay, PWA, one phone: CPU', unit: 'ms/s', both: idleness('cpu', { ours: 'up' }) },
  { ...node, row: 5, metric: 'up with relay, PWA, one phone: wake-ups', unit: '1/s', both: idleness('wakeUps', { ours: 'up' }) },
];
