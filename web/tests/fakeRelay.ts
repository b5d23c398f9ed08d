import type { Envelope } from '../src/protocol.gen';
import type { Socket } from '../src/net/link';
import type { KeptToken, TokenStore } from '../src/net/tokenStore';

/** The relay's end of one socket, driven by a test. */
export class FakeSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  readonly sent: Envelope[] = [];
  closed = false;

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Envelope);
  }
  close(): void {
    this.closed = true;
  }
  open(): void {
    this.onopen?.();
    this.say({ type: 'connected', payload: { protocolVersion: 1, authMode: 'embedded' } });
  }
  say(envelope: Envelope): void {
    this.onmessage?.({ data: JSON.stringify(envelope) });
  }
  drop(code = 1006): void {
    this.onclose?.({ code });
  }
  /** The last message of this type that nobody answered yet. */
  asked(type: string): Envelope {
    const message = this.sent.findLast((sent) => sent.type === type);
    if (!message) throw new Error(`no ${type} among ${this.sent.map((sent) => sent.type).join(', ')}`);
    return message;
  }
  count(type: string): number {
    return this.sent.filter((sent) => sent.type === type).length;
  }
  answer(type: string, payload: unknown): void {
    this.say({ type: `${type}_response`, requestId: this.asked(type).requestId, payload });
  }
  refuse(type: string, code = 'UNAUTHORIZED'): void {
    this.say({ type: 'error', requestId: this.asked(type).requestId, error: { code: code as never, message: 'No.' } });
  }
}

export class FakeStore implements TokenStore {
  kept: KeptToken | undefined;
  readonly history: string[] = [];
  /** How long the disk takes. */
  delay = 0;

  constructor(token?: string) {
    this.kept = token === undefined ? undefined : { token };
  }
  load(): Promise<KeptToken | undefined> {
    return Promise.resolve(this.kept);
  }
  async save(kept: KeptToken): Promise<void> {
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    this.kept = kept;
    this.history.push(`${kept.token}${kept.attempt ? ' being spent' : ''}`);
  }
  clear(): Promise<void> {
    this.kept = undefined;
    return Promise.resolve();
  }
}

export const tokens = (number: number, lifetime = 600) => ({
  access_token: `access${number}`, refresh_token: `refresh${number}`, expires_at: Date.now() / 1000 + lifetime, user_id: 'u',
});
