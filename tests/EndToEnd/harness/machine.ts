import type { Home } from './home';
import { pairUrlIn } from './pairing';
import type { Running } from './running';

interface Up {
  url: string;
  pairUrl: string;
}

/** `pocketcoder up`: relay and daemon in one process, as most people run it. */
export class Machine {
  readonly home: Home;
  #up: Running<Up> | undefined;
  #port = 0;

  constructor(home: Home) {
    this.home = home;
  }

  get url(): string {
    return this.#ready.url;
  }

  get pairUrl(): string {
    return this.#ready.pairUrl;
  }

  /** Starts, or starts again where it was: the phones know its address. */
  async up(): Promise<void> {
    const args = ['up', this.home.project, '--json', '--listen', `http://127.0.0.1:${this.#port}`, '--no-open'];
    this.#up = await this.home.start(args, (line) => JSON.parse(line) as Up);
    this.#port = Number(new URL(this.url).port);
  }

  /** What `pocketcoder pair` prints for one more phone. */
  async pairAnother(): Promise<string> {
    return pairUrlIn(await this.home.run(['pair']));
  }

  /** Without a goodbye, as a power cut would. */
  async kill(): Promise<void> {
    await this.#up?.end('SIGKILL');
  }

  /** As Ctrl-C would. */
  async stop(): Promise<void> {
    await this.#up?.end('SIGTERM');
  }

  get #ready(): Up {
    if (!this.#up) throw new Error('The machine has never been up.');
    return this.#up.ready;
  }
}
