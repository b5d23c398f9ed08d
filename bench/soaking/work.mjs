// What a phone does while it is connected, and how it goes.
import { Lost, Refused } from './link.mjs';
import { pause } from '../system.mjs';
import { agentWork } from './agentWork.mjs';
import { commandWork } from './commandWork.mjs';
import { fileWork } from './fileWork.mjs';

const WEIGHTS = {
  write: 14, read: 14, list: 8, remove: 2, search: 1,
  status: 8, stage: 3, commit: 1, diff: 2,
  print: 5, leaveCommand: 1, cancelCommand: 1, printTooMuch: 0.3, leaveChild: 0.5,
  sessions: 3, message: 3, readAgain: 0.5,
};

/** A phone at work until the world says that it is over and all it sent is acknowledged. */
export class Work {
  constructor(phone, world, random, thinkMs) {
    Object.assign(this, { phone, world, random, thinkMs });
    this.agent = agentWork(this);
    this.commands = commandWork(this);
    this.operations = { ...fileWork(this), ...this.commands.operations, ...this.agent.operations };
    phone.onEvent = (event) => this.agent.heard(event);
  }

  async run() {
    const { world, random, phone } = this;
    while (!world.over || this.agent.unacknowledged.length > 0) {
      try {
        await this.#visit();
      } catch (error) {
        if (error instanceof Refused) world.refused(error);
        else if (!(error instanceof Lost)) world.fault('harness', error.stack);
      }
      phone.link?.leave?.();
      await phone.link?.closed;
      await pause(random.is(0.8) ? random.int(100, 1_500) : random.int(1_500, 8_000));
    }
  }

  async #visit() {
    const { world, random, phone } = this;
    await phone.connect([...world.sessions.values()].filter((session) => session.open.size > 0).map((session) => session.id));
    await this.#try(() => this.agent.resume());
    await this.#try(() => this.commands.resume());
    for (let left = random.int(5, 80); left > 0 && !world.over; left--) {
      if (random.is(0.03)) this.#cutSoon();
      else if (random.is(0.008)) this.#tunnel();
      const operation = random.weighted(WEIGHTS);
      world.count(world.operations, operation);
      await this.#try(this.operations[operation]);
      await pause(this.thinkMs * (0.3 + 1.4 * random.int(0, 100) / 100));
    }
    if (random.is(0.05) && !world.over) {
      world.count(world.cuts, 'devices given up and paired anew');
      return phone.retire();
    }
    if (random.is(0.4)) return this.cut('cuts when it goes');
    world.count(world.cuts, 'goodbyes');
    phone.leave();
  }

  cut(kind) {
    this.world.count(this.world.cuts, kind);
    this.phone.wire.cut();
  }

  // What is refused was counted; the phone goes on.
  async #try(operation) {
    try {
      await operation();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  #cutSoon() {
    setTimeout(() => this.cut('cuts in the middle of work'), this.random.int(0, 40));
  }

  #tunnel() {
    const { wire } = this.phone;
    const ends = this.random.is(0.5);
    wire.hold();
    setTimeout(() => {
      wire.release();
      if (ends) this.cut('tunnels that end in a cut');
      else this.world.count(this.world.cuts, 'tunnels');
    }, this.random.int(300, 4_000));
  }
}
