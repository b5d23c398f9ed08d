import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How long a program may take to say that it is ready, and to end when asked to. */
const PATIENCE = 20_000;

/** A program of the test: its first line says that it is ready, everything it wrote is kept for the report. */
export class Running<Ready> {
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #output: string[];

  private constructor(child: ChildProcess, ready: Ready, output: string[]) {
    this.#child = child;
    this.ready = ready;
    this.#output = output;
  }

  static async start<Ready>(
    file: string,
    args: string[],
    env: NodeJS.ProcessEnv,
    cwd: string,
    parse: (line: string) => Ready,
  ): Promise<Running<Ready>> {
    const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: string[] = [];
    child.stderr!.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const lines = createInterface({ input: child.stdout! });
    lines.on('line', (line) => output.push(`${line}\n`));
    const first = await new Promise<string>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${file} ${args.join(' ')} ${why}:\n${output.join('')}`));
      const timer = setTimeout(() => fail('did not get ready'), PATIENCE);
      lines.once('line', resolve);
      child.once('error', (error) => fail(error.message));
      child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
      lines.once('line', () => clearTimeout(timer));
      child.once('exit', () => clearTimeout(timer));
    });
    return new Running(child, parse(first), output);
  }

  get output(): string {
    return this.#output.join('');
  }

  /** Ends it and waits until it is gone; after SIGTERM it must go by itself. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#child.kill('SIGKILL');
    }, PATIENCE);
    await gone;
    clearTimeout(timer);
    if (late) throw new Error(`It did not end within ${PATIENCE / 1000} s of ${signal}:\n${this.output}`);
  }
}
