// git_status with a quarter of the files changed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { start, temporary } from '../system.mjs';
import { medianOf } from './measure.mjs';

async function status(size) {
  const project = temporary('growth');
  const write = (count, text) => {
    for (let i = 0; i < count; i++) writeFileSync(`${project}/d${i % 200}/f${i}.txt`, `${text} ${i}\n`);
  };
  for (let i = 0; i < 200; i++) mkdirSync(`${project}/d${i}`);
  write(size, 'as it was');
  for (const args of [['init', '-q'], ['add', '.'], ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '-qm', 'all']]) {
    execFileSync('git', args, { cwd: project });
  }
  write(size / 4, 'changed');
  const system = await start(project);
  const ms = await medianOf(9, async () => {
    const { unstaged } = await system.ask('git_status', {});
    if (unstaged.length !== size / 4) throw new Error(`${unstaged.length} changes`);
  });
  const alone = await medianOf(9, () => execFileSync('git', ['--no-optional-locks', 'status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all'], { cwd: project, maxBuffer: 1 << 26 }));
  await system.stop();
  return { ms, alone };
}

export const git = [{
  sizes: [200, 2_000, 20_000], of: 'files, a quarter changed', measure: status,
  figures: { ms: { id: 'git-status', name: 'git_status', unit: 'ms' }, alone: { id: 'git-status-alone', name: '`git status` itself, beside it', unit: 'ms', beside: true } },
}];
