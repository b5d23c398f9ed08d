import { execa } from 'execa';

const OUTPUT_LIMIT = 300_000;

export async function gitStatus(cwd) {
  const { stdout } = await execa('git', ['--no-optional-locks', 'status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all'], { cwd });
  const status = { branch: '', staged: [], unstaged: [] };
  for (const line of stdout.split('\0')) {
    if (line.startsWith('# branch.head ')) status.branch = line.slice(14);
    else if (line.startsWith('? ')) status.unstaged.push({ path: line.slice(2), status: '?' });
    else if (line.startsWith('1 ')) {
      const path = line.split(' ').slice(8).join(' ');
      if (line[2] !== '.') status.staged.push({ path, status: line[2] });
      if (line[3] !== '.') status.unstaged.push({ path, status: line[3] });
    }
  }
  return status;
}

export async function execCommand(command, cwd, say) {
  const from = performance.now();
  const run = execa(command, { cwd, shell: true, buffer: false, reject: false });
  let told = 0;
  for (const name of ['stdout', 'stderr']) {
    run[name].setEncoding('utf8').on('data', (chunk) => {
      if (told < OUTPUT_LIMIT) say('command_output', { [`${name}Chunk`]: chunk.slice(0, OUTPUT_LIMIT - told) });
      told += chunk.length;
    });
  }
  const { exitCode, signal } = await run;
  return { exitCode: exitCode ?? null, signal: signal ?? null, durationMs: performance.now() - from, truncated: told > OUTPUT_LIMIT };
}
