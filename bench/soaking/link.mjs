// One connection of a phone: requests and their answers, and what comes unasked.
import { createRequire } from 'node:module';

const WebSocket = createRequire(new URL('../../web/package.json', import.meta.url))('ws');

/** The connection broke; whether the request was done nobody knows. */
export class Lost extends Error {}

/** The answer was an error. */
export class Refused extends Error {
  constructor(type, { code, message, details }) {
    super(message);
    Object.assign(this, { type, code, details });
  }
}

export class Link {
  #socket;
  #asked = new Map();
  #count = 0;

  /** Fulfilled when the connection is gone and all that came over it has been taken. */
  closed;

  /** `heard(message)` gets what answers no request. */
  static async connect(port, heard) {
    const link = new Link();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['pocketcoder.v1'], { handshakeTimeout: 10_000 });
    link.#socket = socket;
    socket.on('error', () => {});
    await new Promise((resolve, reject) => socket.once('open', resolve).once('close', () => reject(new Lost())));
    socket.on('message', (text) => link.#take(JSON.parse(text), heard));
    link.closed = new Promise((resolve) => socket.on('close', (code) => {
      link.#end(code);
      resolve();
    }));
    return link;
  }

  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** `answered(payload)` is called before any later message is taken, `event(message)` for what comes before the answer. */
  ask(type, payload, { about = {}, answered, event } = {}) {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Lost());
      const requestId = `s${++this.#count}`;
      this.#asked.set(requestId, { type, resolve, reject, answered, event });
      this.#socket.send(JSON.stringify({ type, requestId, ...about, payload }));
    });
  }

  close() {
    this.#socket.close();
  }

  #take(message, heard) {
    const waiting = this.#asked.get(message.requestId);
    if (!waiting) return heard(message);
    if (message.type === 'error') {
      this.#asked.delete(message.requestId);
      waiting.reject(new Refused(waiting.type, message.error));
    } else if (message.type === 'command_exit' || message.type.endsWith('_response')) {
      this.#asked.delete(message.requestId);
      waiting.answered?.(message.payload);
      waiting.resolve(message.payload);
    } else {
      waiting.event?.(message);
    }
  }

  #end(code) {
    for (const { reject } of this.#asked.values()) reject(new Lost(`closed with ${code}`));
    this.#asked.clear();
  }
}
