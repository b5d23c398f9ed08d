import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to the relay that can be cut, or go dead without a word as mobile networks do. */
export class Network {
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port = 0;
  #dead = false;

  private constructor(target: string) {
    this.#target = Number(new URL(target).port);
    this.#server = this.#createServer();
  }

  static async to(relay: string): Promise<Network> {
    const network = new Network(relay);
    await network.restore();
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The same page by this way. */
  by(url: string): string {
    return url.replace(new URL(url).origin, this.url);
  }

  /** Every connection breaks and none can be made. */
  async cut(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async restore(): Promise<void> {
    this.#server = this.#createServer().listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Connections stay open and are made, but nothing comes through any more. */
  goDead(): void {
    this.#dead = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** New connections work again; what was dead stays dead. */
  comeAlive(): void {
    this.#dead = false;
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.cut();
  }

  #createServer(): Server {
    return createServer((near) => {
      const far = connect(this.#target, '127.0.0.1');
      for (const [one, other] of [[near, far], [far, near]] as const) {
        this.#sockets.add(one);
        one.on('data', (data) => other.write(data));
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        if (this.#dead) one.pause();
      }
    });
  }
}
