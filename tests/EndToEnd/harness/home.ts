import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Desk } from './desk';
import { root } from './paths';
import { fillProject } from './project';
import { Running } from './running';
import { type Process, processesWith } from './survivors';

export interface HomeOptions {
  /** The Claude Code to use; the real one when absent. */
  claude?: string;
  /** Without a key, and with the empty home it gets here, Claude Code is not logged in. */
  loggedIn?: boolean;
}

/** A developer's home in a directory of its own: a project, PocketCoder's configuration, and an environment that knows of nothing else. */
export class Home {
  readonly directory: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #started: Running<unknown>[] = [];

  private constructor(directory: string, env: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.#env = env;
  }

  static async create(anthropicUrl: string, { claude, loggedIn = true }: HomeOptions): Promise<Home> {
    const directory = await mkdtemp(join(tmpdir(), 'pocketcoder-e2e-'));
    const { PATH, DOTNET_ROOT } = process.env;
    const home = new Home(directory, {
      PATH,
      ...(DOTNET_ROOT && { DOTNET_ROOT }),
      LANG: 'C.UTF-8',
      HOME: join(directory, 'home'),
      POCKETCODER_HOME: join(directory, 'config'),
      POCKETCODER_CLAUDE: claude ?? realClaude(),
      ANTHROPIC_BASE_URL: anthropicUrl,
      ...(loggedIn && { ANTHROPIC_API_KEY: 'not-a-real-key' }),
      // Nothing but the messages themselves leaves Claude Code.
      DISABLE_TELEMETRY: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_ERROR_REPORTING: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    });
    await mkdir(join(directory, 'home'));
    await mkdir(home.project);
    await fillProject(home.project, join(directory, 'outside.txt'));
    return home;
  }

  /** The project's directory; its name is the project's name. */
  get project(): string {
    return join(this.directory, 'shop');
  }

  async write(path: string, content: string, mode?: number): Promise<void> {
    const file = join(this.project, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { mode });
  }

  /** Claude Code in a terminal. */
  desk(): Promise<Desk> {
    return Desk.open(this.#env.POCKETCODER_CLAUDE!, this.project, this.#env);
  }

  /** A command of the executable that stays. */
  async start<Ready>(args: string[], parse: (line: string) => Ready, env: NodeJS.ProcessEnv = {}): Promise<Running<Ready>> {
    const running = await Running.start(executable(), args, { ...this.#env, ...env }, this.project, parse);
    this.#started.push(running);
    return running;
  }

  /** A command of the executable that does its work and ends; returns what it printed. */
  async run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { stdout } = await promisify(execFile)(executable(), args, { env: { ...this.#env, ...env }, cwd: this.project });
    return stdout;
  }

  /** Everything the executable printed, and its log files. */
  async log(): Promise<string> {
    const config = join(this.directory, 'config');
    const names = (await readdir(config, { recursive: true }).catch(() => [])).filter((name) => /\.log$/.test(name));
    const logs = await Promise.all(names.map(async (name) => `== ${name}\n${await readFile(join(config, name), 'utf8')}`));
    return [...this.#started.map(({ output }) => output), ...logs].join('\n');
  }

  /** What runs in this home: the executable, Claude Code, and whatever it started. */
  processes(): Promise<Process[]> {
    return processesWith(`POCKETCODER_HOME=${this.#env.POCKETCODER_HOME}`);
  }

  /** Removes everything and says which processes were left (none, one hopes). */
  async remove(): Promise<string[]> {
    const left = await this.processes();
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
    return left.map(({ command }) => command);
  }
}

function executable(): string {
  return process.env.POCKETCODER || join(root, 'artifacts/pocketcoder');
}

function realClaude(): string {
  const path = process.env.POCKETCODER_CLAUDE;
  if (!path) throw new Error('POCKETCODER_CLAUDE must name the Claude Code executable; scripts/install-claude installs one.');
  return path;
}
