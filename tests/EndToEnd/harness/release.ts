import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

/** The relay's page, of which a new version comes out when the test says so: what stands before the relay changes its service worker. */
export class Release {
  readonly #target: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  /** Appended to the worker, so that the browser takes it for another one. */
  #next = '';

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, response) => {
      const outgoing = this.#forward(incoming);
      outgoing.on('response', (answer) => {
        if (incoming.url !== '/service-worker.js') {
          response.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(response);
          return;
        }
        const { 'content-length': _, etag: __, ...headers } = answer.headers;
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part)).on('end', () => response.writeHead(answer.statusCode!, headers).end(Buffer.concat([...parts, Buffer.from(this.#next)])));
      });
      outgoing.on('error', () => response.destroy());
      incoming.pipe(outgoing);
    });
    this.#server.on('upgrade', (incoming: IncomingMessage, socket, head) => {
      const relay = connect(Number(this.#target.port), this.#target.hostname, () => {
        const lines = incoming.rawHeaders.reduce((text, part, index) => text + part + (index % 2 === 0 ? ': ' : '\r\n'), '');
        relay.write(`GET ${incoming.url} HTTP/1.1\r\n${lines}\r\n`);
        relay.write(head);
        relay.pipe(socket).pipe(relay);
      });
      this.#sockets.add(socket);
      relay.on('error', () => socket.destroy());
      socket.on('error', () => relay.destroy());
    });
  }

  static async of(relay: string): Promise<Release> {
    const release = new Release(relay);
    release.#server.listen(0, '127.0.0.1');
    await once(release.#server, 'listening');
    return release;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The same page by this way. */
  by(url: string): string {
    return url.replace(new URL(url).origin, this.url);
  }

  comesOut(): void {
    this.#next += '\n// the next version';
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #forward({ url, method, headers }: IncomingMessage): ReturnType<typeof request> {
    // As they came into being: what is compressed could not be added to.
    return request({ host: this.#target.hostname, port: this.#target.port, path: url, method, headers: { ...headers, 'accept-encoding': 'identity', 'if-none-match': '' } });
  }
}
