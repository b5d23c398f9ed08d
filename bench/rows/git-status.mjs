import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { shared, timed } from '../measure.mjs';
import { startApart, startReference, temporary } from '../system.mjs';

const FILES = 20_000;
const CHANGED = 5_000;
const git = promisify(execFile);
let project, reference, system;

export async function setUp() {
  project = temporary('git');
  const write = (from, count, text) => {
    for (let i = from; i < count; i++) writeFileSync(`${project}/d${i % 200}/f${i}.txt`, `${text} ${i}\n`);
  };
  for (let i = 0; i < 200; i++) mkdirSync(`${project}/d${i}`);
  write(0, FILES, 'as it was');
  for (const args of [['init', '-q'], ['add', '.'], ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '-qm', 'all']]) {
    execFileSync('git', args, { cwd: project });
  }
  write(0, CHANGED, 'changed');
  system = await startApart(project);
  reference = await startReference(project);
}

export async function tearDown() {
  await system.stop();
  await reference.stop();
}

const status = (of) => timed(async () => {
  const { unstaged } = await of().ask('git_status', {});
  if (unstaged.length !== CHANGED) throw new Error(`${unstaged.length} changes`);
});
const both = shared(9, {
  ours: status(() => system),
  git: timed(() => git('git', ['--no-optional-locks', 'status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all'], { cwd: project, maxBuffer: 1 << 26 })),
  reference: status(() => reference),
});
const row = { row: 18, metric: 'git_status, 5,000 changed of 20,000', unit: 'ms' };

export const rows = [
  { ...row, goal: { ratio: 1.1 }, baseline: '`git status` itself', both: both(undefined, { against: 'git' }) },
  { ...row, baseline: 'Node reference', both: both(undefined, { against: 'reference' }) },
];
