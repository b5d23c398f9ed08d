import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Home } from './home';

const SERVER = `import { readConfig } from './config';

/** Everything that the shop needs to be open. */
export const greeting = 'hello from the server';

export function listen(port: number): void {
  console.log(\`\${greeting} on \${port}\`);
}

/** Closes it again; open orders are kept. */
export function close(): void {
  console.log(\`closed on \${new Date().toDateString()}\`);
}

const opened = new Date(); // once a start
export const since = (): number => Date.now() - opened.getTime();
`;

/** The project as a git repository with a remote beside it. */
export class Repository {
  readonly #home: Home;

  private constructor(home: Home) {
    this.#home = home;
  }

  static async begin(home: Home): Promise<Repository> {
    const repository = new Repository(home);
    await writeFile(join(home.project, '.gitignore'), 'huge.txt\nway-out.txt\n');
    await home.write('src/server.ts', SERVER);
    await repository.git('init', '--quiet', '--initial-branch=main');
    await repository.git('config', 'user.name', 'Ada Lovelace');
    await repository.git('config', 'user.email', 'ada@example.org');
    await repository.git('config', 'core.hooksPath', '.hooks');
    await repository.git('add', '--all');
    await repository.git('commit', '--quiet', '--message=Open the shop');
    await repository.git('init', '--quiet', '--bare', repository.remote);
    await repository.git('remote', 'add', 'origin', repository.remote);
    await repository.git('push', '--quiet', '--set-upstream', 'origin', 'main');
    return repository;
  }

  get remote(): string {
    return join(this.#home.directory, 'remote.git');
  }

  /** Two changes that are far enough apart to be two hunks. */
  changeServer(): Promise<void> {
    return this.#home.write('src/server.ts', SERVER.replace('hello from', 'good morning from').replace('getTime', 'valueOf'));
  }

  async git(...args: string[]): Promise<string> {
    const env = { PATH: process.env.PATH, HOME: join(this.#home.directory, 'home'), GIT_CONFIG_NOSYSTEM: '1' };
    return (await promisify(execFile)('git', args, { cwd: this.#home.project, env })).stdout.trim();
  }
}
