// A wire between a phone and the relay that can be cut (both ends hear a reset, what was under way is gone) and held (nothing passes for a while).
import { connect, createServer } from 'node:net';

export class Wire {
  #pairs = new Set();
  #server;
  #held = false;

  /** Grows with all that is done to the wire: a time that was taken across it says nothing about the other end. */
  disturbed = 0;

  static async to(port) {
    const wire = new Wire();
    wire.#server = createServer({ noDelay: true }, (near) => wire.#join(near, connect({ host: '127.0.0.1', port, noDelay: true })));
    await new Promise((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  get port() {
    return this.#server.address().port;
  }

  cut() {
    this.disturbed++;
    for (const sides of this.#pairs) for (const side of sides) side.resetAndDestroy();
  }

  hold() {
    this.disturbed++;
    this.#held = true;
    for (const [near, far] of this.#pairs) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
  }

  release() {
    this.disturbed++;
    this.#held = false;
    for (const [near, far] of this.#pairs) near.pipe(far).pipe(near);
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #join(near, far) {
    const sides = [near, far];
    this.#pairs.add(sides);
    for (const side of sides) {
      side.on('error', () => {});
      side.on('close', () => {
        this.#pairs.delete(sides);
        for (const other of sides) other.destroy();
      });
    }
    if (!this.#held) near.pipe(far).pipe(near);
  }
}
