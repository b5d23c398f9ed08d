import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once, shared, timed } from '../measure.mjs';
import { forgetPeak, peak, resident } from '../processes.mjs';
import { startApart, startReference, temporary } from '../system.mjs';

const SIZE = 10 * 1024 * 1024;
const SOURCE = 'export const greet = (name: string) => `Hello, "${name}"!`;\n\tconsole.log(greet(\'world\')); // one line\n';
const sides = {};
let binary = false;

/** Ours as a phone that reads binary frames and as one that does not; the reference knows JSON alone. */
export async function setUp() {
  const project = temporary('read');
  writeFileSync(join(project, 'big.ts'), SOURCE.repeat(Math.ceil(SIZE / SOURCE.length)).slice(0, SIZE));
  sides.binary = await startApart(project, { features: ['binary'] });
  sides.json = await startApart(project);
  sides.theirs = await startReference(project);
}

export async function tearDown() {
  for (const side of Object.values(sides)) await side.stop();
}

const read = (name) => async () => {
  const { ask, pid } = sides[name];
  const before = resident(pid);
  forgetPeak(pid);
  const ms = await timed(async () => {
    const { content, bulk } = await ask('fs_read', { path: 'big.ts' });
    if ((bulk ?? content).length !== SIZE) throw new Error('Not the whole file.');
    binary = binary || bulk !== undefined;
  })();
  return { ms, mb: peak(pid) - before };
};

const timesOf = { binary: shared(7, { ours: read('binary'), theirs: read('theirs') }), json: shared(7, { ours: read('json'), theirs: read('theirs') }) };
/** What the first read adds to a daemon that has read nothing yet. */
const first = once(async () => {
  const added = {};
  for (const name of Object.keys(sides)) added[name] = (await read(name)()).mb;
  return added;
});
const added = async (name) => {
  const { [name]: ours, theirs } = await first();
  if (name === 'binary' && !binary) throw new Error('the daemon answered with JSON, though the phone reads binary frames');
  return { ours, theirs };
};
const ms = (name) => async (options) => {
  await added(name);
  return timesOf[name]('ms')(options);
};
const mb = (name) => () => added(name);
const node = { row: 14, baseline: 'Node reference (JSON)' };

export const rows = [
  // Memory first: it is what the first read takes.
  { ...node, metric: 'fs_read of 10 MB, binary frame: memory more', unit: 'MB', goal: { most: 20 }, both: mb('binary') },
  { ...node, metric: 'fs_read of 10 MB, JSON: memory more', unit: 'MB', both: mb('json') },
  { ...node, metric: 'fs_read of 10 MB, binary frame', unit: 'ms', goal: { ratio: 0.3 }, both: ms('binary') },
  { ...node, metric: 'fs_read of 10 MB, JSON', unit: 'ms', goal: { ratio: 0.7 }, both: ms('json') },
];
