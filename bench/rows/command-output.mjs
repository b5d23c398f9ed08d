import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shared } from '../measure.mjs';
import { forgetPeak, peak, resident } from '../processes.mjs';
import { startApart, startReference, temporary } from '../system.mjs';

const LINE = 'export const greet = (name: string) => `Hello, "${name}"!`;\n\tconsole.log(greet(\'world\')); // one line\n';
const MEGABYTES = 300;
let command, project, reference, system;

/** What a command prints beyond 300 KB is dropped, by ours and by the reference; so this is how fast it may run. */
export async function setUp() {
  project = temporary('command');
  writeFileSync(join(project, 'source.ts'), LINE.repeat(Math.ceil(10e6 / LINE.length)).slice(0, 10e6));
  command = `for i in $(seq ${MEGABYTES / 10}); do cat source.ts; done`;
  system = await startApart(project);
  reference = await startReference(project);
}

export async function tearDown() {
  await system.stop();
  await reference.stop();
}

const perSecond = (ms) => (MEGABYTES / ms) * 1_000;
const through = async ({ ask, pid }) => {
  const before = resident(pid);
  forgetPeak(pid);
  const { durationMs } = await ask('command_exec', { command });
  return { rate: perSecond(durationMs), mb: peak(pid) - before };
};
const pipe = () => {
  const from = performance.now();
  spawnSync('sh', ['-c', `{ ${command}; } | cat > /dev/null`], { cwd: project });
  return { rate: perSecond(performance.now() - from) };
};
const both = shared(5, { ours: () => through(system), reference: () => through(reference), pipe });

export const rows = [
  { row: 19, metric: 'command output, source text', unit: 'MB/s', goal: { ratioAtLeast: 2 }, baseline: 'Node reference (execa)', both: both('rate', { against: 'reference' }) },
  { row: 19, metric: 'command output, source text', unit: 'MB/s', baseline: '`… | cat`, a pipe', both: both('rate', { against: 'pipe' }) },
  { row: 19, metric: 'command output: memory more', unit: 'MB', goal: { most: 5 }, baseline: 'Node reference (execa)', both: both('mb', { against: 'reference' }) },
];
