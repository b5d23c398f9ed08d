// A session as one phone knows it, and the promise that is kept to it: every event once, in order, whatever became of its connections.
export class Followed {
  cursor = 0;
  epoch;

  /** All that happens is sent on the present connection. */
  follows = false;
  prompts = new Set();

  constructor(id, world) {
    this.id = id;
    this.world = world;
  }

  hear(event) {
    if (event.seq === undefined) {
      if (event.type === 'gap') this.world.fault('lost', `a session told of a gap from ${event.from} to ${event.to}`, event.to - event.from + 1);
      return;
    }
    this.world.saw(event);
    // What comes before an attach is answered is sent again by it.
    if (event.seq > this.cursor + 1 && !this.follows) return;
    if (event.seq <= this.cursor) {
      // Only an open prompt is told again.
      if (event.type !== 'prompt') this.world.fault('doubled', `event ${event.seq} (${event.type}) came to a phone that had ${this.cursor}`);
      return;
    }
    if (event.seq > this.cursor + 1) this.world.fault('lost', `event ${event.seq} (${event.type}) came to a phone that had ${this.cursor}`, event.seq - this.cursor - 1);
    this.cursor = event.seq;
    if (event.type === 'prompt') this.prompts.add(event.promptId);
    if (event.type === 'prompt_resolved') this.prompts.delete(event.promptId);
  }

  /** To be told all again. */
  forget() {
    this.cursor = 0;
    this.follows = false;
    this.prompts.clear();
  }

  /** Catches up by its cursor and follows from there on. `limit`: in parts of so many. */
  async attach(phone, limit) {
    for (let more = true; more;) {
      this.follows = false;
      await phone.ask('agent_session_attach', { agentSessionId: this.id, afterSeq: this.cursor, epoch: this.epoch, limit }, {
        answered: (answer) => {
          if (answer.resync) this.world.fault('lost', 'a session began anew');
          this.epoch = answer.epoch;
          more = answer.more === true;
          this.follows = !more;
          if (!more && this.cursor < answer.lastSeq) {
            this.world.fault('lost', `a phone was told that ${answer.lastSeq} is the last event and had ${this.cursor}`, answer.lastSeq - this.cursor);
          }
        },
      });
    }
  }
}
