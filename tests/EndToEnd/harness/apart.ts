import { join } from 'node:path';
import { expect } from '@playwright/test';
import type { Home } from './home';
import { pairUrlIn } from './pairing';
import type { Running } from './running';

/** A relay and, joined to it by a code, a daemon: two processes that can die alone. */
export class Apart {
  readonly home: Home;
  #relay: Running<{ url: string; pairCode: string }> | undefined;
  #daemon: Running<string> | undefined;
  #port = 0;

  constructor(home: Home) {
    this.home = home;
  }

  async start(): Promise<void> {
    await this.startRelay();
    await this.home.run(['login', this.#relay!.ready.pairCode], this.#gateway);
    await this.startDaemon();
    await this.home.run(['add', this.home.project], this.#gateway);
    await expect.poll(() => this.#isConnected(), { message: 'the daemon joins the relay' }).toBe(true);
  }

  get url(): string {
    return this.#relay!.ready.url;
  }

  async pairAnother(): Promise<string> {
    return pairUrlIn(await this.home.run(['pair'], this.#gateway));
  }

  async startRelay(): Promise<void> {
    const data = join(this.home.directory, 'relay');
    const args = ['relay', '--json', '--listen', `http://127.0.0.1:${this.#port}`, '--data-dir', data];
    // On a machine of its own a relay would have a configuration of its own.
    const env = { POCKETCODER_HOME: join(this.home.directory, 'relay-config') };
    this.#relay = await this.home.start(args, (line) => JSON.parse(line) as { url: string; pairCode: string }, env);
    this.#port = Number(new URL(this.url).port);
  }

  async startDaemon(): Promise<void> {
    this.#daemon = await this.home.start(['start', '--foreground'], (line) => line, this.#gateway);
  }

  async killRelay(): Promise<void> {
    await this.#relay?.end('SIGKILL');
  }

  async killDaemon(): Promise<void> {
    await this.#daemon?.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#daemon?.end('SIGTERM');
    await this.#relay?.end('SIGTERM');
  }

  async #isConnected(): Promise<boolean> {
    const status = JSON.parse(await this.home.run(['status', '--json'], this.#gateway)) as { relay: { connected: boolean } };
    return status.relay.connected;
  }

  get #gateway(): NodeJS.ProcessEnv {
    return { GATEWAY_URL: this.url.replace(/^http/, 'ws') };
  }
}
