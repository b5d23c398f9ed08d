import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { shared, timed } from '../measure.mjs';
import { startApart, startReference, temporary } from '../system.mjs';

const COUNT = 10_000;
const find = promisify(execFile);
let project, reference, system;

export async function setUp() {
  project = temporary('listing');
  for (let i = 0; i < COUNT; i++) writeFileSync(join(project, `file-${i}.ts`), 'x');
  system = await startApart(project);
  reference = await startReference(project);
}

export async function tearDown() {
  await system.stop();
  await reference.stop();
}

const list = (of) => timed(async () => {
  const { children } = await of().ask('fs_list', { path: '' });
  if (children.length !== COUNT) throw new Error(`${children.length} entries`);
});
const both = shared(11, {
  ours: list(() => system),
  reference: list(() => reference),
  find: timed(() => find('find', [project, '-maxdepth', '1', '-printf', '%f\t%y\t%s\t%T@\n'], { maxBuffer: 1 << 26 })),
});
const row = { row: 13, metric: 'fs_list of 10,000 files, size and time', unit: 'ms' };

export const rows = [
  { ...row, goal: { ratio: 0.5 }, baseline: 'Node reference', both: both(undefined, { against: 'reference' }) },
  { ...row, baseline: '`find -printf` of the same', both: both(undefined, { against: 'find' }) },
];
