import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause, startApart, startReference, temporary, until } from '../system.mjs';

const DEBOUNCE = 250;
const sides = {};

export async function setUp() {
  for (const [name, begin] of Object.entries({ ours: startApart, theirs: startReference })) {
    const project = temporary('change');
    writeFileSync(join(project, 'file.txt'), '0');
    sides[name] = { project, ...(await begin(project)) };
    await until(async () => (await sides[name].control('/status')).projects[0].watcherRunning);
  }
}

export async function tearDown() {
  for (const side of Object.values(sides)) await side.stop();
}

const toEvent = (name) => async () => {
  const { project, next } = sides[name];
  const event = next(({ type }) => type === 'fs_changed');
  const from = performance.now();
  writeFileSync(join(project, 'file.txt'), `${from}`);
  await event;
  const ms = performance.now() - from - DEBOUNCE;
  await pause(20);
  return ms;
};

export const rows = [{
  row: 17, metric: 'change to event at the phone, beyond 250 ms', unit: 'ms', goal: { most: 3 }, baseline: 'Node reference (chokidar)',
  ours: toEvent('ours'), theirs: toEvent('theirs'), runs: 15,
}];
