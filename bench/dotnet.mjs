import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporary } from './system.mjs';

/** Runs one of the programs in C# here, built when it has to be; gives the lines of JSON that it printed. */
export async function dotnet(project, args, env = {}) {
  const directory = new URL(project, import.meta.url).pathname;
  const run = promisify(execFile)('dotnet', ['run', '--project', directory, '-c', 'Release', '-v', 'quiet', '--property:RunAnalyzers=false', '--', ...args], {
    env: { ...process.env, ...env, DOTNET_NOLOGO: '1', DOTNET_CLI_TELEMETRY_OPTOUT: '1' },
    maxBuffer: 1 << 26,
  });
  const { stdout } = await run.catch(({ stdout: said, stderr }) => {
    throw new Error(`bench/${project}: ${`${stderr}${said}`.trim().split('\n').find((line) => /error|exception|not exist/i.test(line)) ?? 'failed'}`);
  });
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

/** Runs one of them as a native program, as what is shipped is; gives the line of JSON that it printed. */
export async function native(project, args) {
  const run = promisify(execFile);
  const out = join(temporary(project), 'native');
  await run('dotnet', ['publish', new URL(project, import.meta.url).pathname, '-c', 'Release', '-o', out, '-v', 'quiet', '--property:RunAnalyzers=false'], { maxBuffer: 1 << 26 });
  return async () => JSON.parse((await run(join(out, `PocketCoder.${project}`), args)).stdout);
}
