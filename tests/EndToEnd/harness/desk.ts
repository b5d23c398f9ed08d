import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';

/** The desk: Claude Code in a terminal of its own, in the project. */
export class Desk {
  readonly #script: ChildProcess;
  #screen = '';

  private constructor(script: ChildProcess) {
    this.#script = script;
    script.stdout!.on('data', (bytes: Buffer) => (this.#screen += bytes.toString()));
  }

  static async open(claude: string, project: string, env: NodeJS.ProcessEnv): Promise<Desk> {
    // What it asks at its very first start has been answered.
    const answered = {
      hasCompletedOnboarding: true,
      theme: 'dark',
      customApiKeyResponses: { approved: [env.ANTHROPIC_API_KEY], rejected: [] },
      projects: { [project]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
    };
    await mkdir(env.HOME!, { recursive: true });
    await writeFile(join(env.HOME!, '.claude.json'), JSON.stringify(answered));
    const script = spawn('script', ['-qfc', `stty cols 120 rows 40; exec '${claude}'`, '/dev/null'], { cwd: project, env: { ...env, TERM: 'xterm-256color' } });
    return new Desk(script);
  }

  /** Types a line, and sends it until something is so: a terminal that is not ready takes no notice. */
  async type(line: string, isSo: () => Promise<boolean>): Promise<void> {
    await expect.poll(() => this.#screen.includes('❯'), { timeout: 60_000 }).toBe(true);
    this.#script.stdin!.write(line);
    await expect
      .poll(
        async () => {
          this.#script.stdin!.write('\r');
          return isSo();
        },
        { timeout: 60_000, intervals: [500] },
      )
      .toBe(true);
  }

  /** Ends when Claude Code in it has ended. */
  async ended(): Promise<void> {
    if (this.#script.exitCode === null && this.#script.signalCode === null) await once(this.#script, 'exit');
  }

  async close(): Promise<void> {
    this.#script.kill();
    await this.ended();
  }
}
