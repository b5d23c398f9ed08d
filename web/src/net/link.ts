import type { Envelope, Requests } from '../protocol.gen';
import { ConnectionLost, RequestError } from './errors';
import { OPEN_LIMIT, PING_INTERVAL, PONG_LIMIT } from './timing';

/** What an answer has more in its binary form. */
export interface Bulk {
  bulk?: Uint8Array<ArrayBuffer>;
}

export interface Target {
  machineKey?: string;
  /** The project, under the envelope's name for it. */
  sessionId?: string;
  signal?: AbortSignal;
  /** The id it goes out under, for who may want to end it. */
  onSent?: (requestId: string) => void;
  /** What is told about it before its answer: output, matches, progress. */
  onEvent?: (envelope: Envelope) => void;
}

/** The part of WebSocket that is used, so that a test can stand in for it. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: (() => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export interface LinkEvents {
  event(envelope: Envelope): void;
  /** Exactly once, whichever side ended it; 1006 when nobody said goodbye. */
  closed(code: number): void;
}

interface Waiting {
  event: Target['onEvent'];
  resolve(payload: unknown): void;
  reject(reason: unknown): void;
}

export type Requester = <T extends keyof Requests>(
  type: T,
  payload: Requests[T]['request'],
  target?: Target,
) => Promise<Requests[T]['response']>;

/** One socket from its opening to its end: matches answers to requests and notices when the other side is gone. */
export class Link {
  readonly opened: Promise<void>;
  #socket: Socket;
  #events: LinkEvents;
  #waiting = new Map<string, Waiting>();
  #nextRequest = 1;
  #open = false;
  #closed = false;
  #refuseOpening: (reason: unknown) => void = () => {};
  #pingTimer: ReturnType<typeof setTimeout>;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Socket, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#pingTimer = setTimeout(() => this.close(), OPEN_LIMIT);
    this.opened = new Promise((resolve, reject) => {
      this.#refuseOpening = reject;
      socket.onopen = () => {
        this.#open = true;
        this.#schedulePing();
        resolve();
      };
    });
    this.opened.catch(() => {}); // whoever waits for it is told; nobody else needs to be
    socket.onmessage = (message) => this.#receive(message.data);
    socket.onerror = () => this.#end(1006);
    socket.onclose = (event) => this.#end(event.code);
  }

  request: Requester = (type, payload, { machineKey, sessionId, signal, onSent, onEvent } = {}) => {
    if (this.#closed) return Promise.reject(new ConnectionLost());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const requestId = `r${this.#nextRequest++}`;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(requestId);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const settle = <V>(then: (value: V) => void) => (value: V): void => {
        signal?.removeEventListener('abort', abort);
        then(value);
      };
      this.#waiting.set(requestId, { event: onEvent, resolve: settle(resolve as (payload: unknown) => void), reject: settle(reject) });
      onSent?.(requestId);
      this.#send({ type, requestId, machineKey, sessionId, payload });
    });
  };

  /** How long a message to the relay and back takes, in milliseconds. */
  async ping(): Promise<number> {
    const began = performance.now();
    await this.request('ping' as keyof Requests, undefined as never);
    return performance.now() - began;
  }

  /** Asks for a sign of life; without one within the limit the link counts as dead. */
  probe(limit = PONG_LIMIT): void {
    if (!this.#open || this.#closed) return;
    clearTimeout(this.#pongTimer);
    this.#pongTimer = setTimeout(() => this.close(), limit);
    this.#send({ type: 'ping' });
  }

  close(): void {
    this.#end(1006);
  }

  #send(envelope: Envelope): void {
    try {
      this.#socket.send(JSON.stringify(envelope));
    } catch {
      this.close();
    }
  }

  #schedulePing(): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => {
      this.probe();
      this.#schedulePing();
    }, PING_INTERVAL);
  }

  #receive(data: unknown): void {
    clearTimeout(this.#pongTimer); // anything that arrives proves that the link is alive
    this.#pongTimer = undefined;
    const envelope = parse(data);
    if (!envelope) return;
    const waiting = envelope.requestId === undefined ? undefined : this.#waiting.get(envelope.requestId);
    const terminal = envelope.type === 'error' || envelope.type === 'pong' || envelope.type === 'command_exit' || envelope.type.endsWith('_response');
    if (!waiting || !terminal) {
      waiting?.event?.(envelope);
      this.#events.event(envelope);
      return;
    }
    this.#waiting.delete(envelope.requestId!);
    if (envelope.type === 'error') {
      waiting.reject(new RequestError(envelope.error ?? { code: 'UNKNOWN_ERROR', message: 'Something went wrong.' }));
    } else {
      waiting.resolve(envelope.payload ?? {});
    }
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#pongTimer);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    try {
      socket.close(); // a dead peer never answers the closing handshake, so nobody waits for it
    } catch {
      // never opened: nothing to close
    }
    this.#refuseOpening(new ConnectionLost());
    for (const waiting of this.#waiting.values()) waiting.reject(new ConnectionLost());
    this.#waiting.clear();
    this.#events.closed(code);
  }
}

function parse(data: unknown): Envelope | undefined {
  try {
    const value = (typeof data === 'string' ? JSON.parse(data) : data instanceof ArrayBuffer ? parseBinary(data) : undefined) as Envelope | undefined;
    return typeof value?.type === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The binary form: the length of the header, the header, and the bytes of its one bulk field, which become the payload's `bulk`. */
function parseBinary(data: ArrayBuffer): Envelope {
  const end = 4 + new DataView(data).getUint32(0);
  const envelope = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, end - 4))) as Envelope;
  return { ...envelope, payload: { ...envelope.payload as object, bulk: new Uint8Array(data, end) } };
}
