import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

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
