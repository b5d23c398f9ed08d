// What all phones of a soak know together: the sums, and what must be true of what they heard.
import { createHash } from 'node:crypto';

/** How late a change may be seen before it counts as unseen. */
const LATE = 20_000;
const MOST_TOLD = 50;

/** These answers belong to the work: two phones answer one prompt or cancel one turn, nothing changed since the last commit, a run is no longer kept. */
const EXPECTED = {
  'agent_prompt_response NOT_FOUND': /./,
  'command_cancel NOT_FOUND': /./,
  'command_attach NOT_FOUND': /./,
  'git_commit GIT_ERROR': /Nothing is staged/,
};

export class World {
  operations = {};
  cuts = {};
  errors = {};
  unexpected = {};
  faults = {};
  told = [];
  phones = 0;
  connections = 0;
  events = 0;

  /** Latencies by request type since the last sample, and of the whole run. */
  recent = [];
  times = {};
  watchTimes = [];
  turnTimes = [];

  /** No new work from here on. */
  over = false;

  /** Sessions by id: what was asked of each, and the digest of each event. */
  sessions = new Map();
  messages = new Map();
  commits = new Set();
  #changes = new Map();

  /** @param about machine and project of every request */
  constructor(about, pair) {
    this.about = about;
    this.pair = pair;
  }

  count(sums, name, by = 1) {
    sums[name] = (sums[name] ?? 0) + by;
  }

  /** Something that must not be. `kind` is lost, doubled, wrong or harness. */
  fault(kind, sentence, by = 1) {
    this.count(this.faults, kind, by);
    if (this.told.length < MOST_TOLD) this.told.push(`${kind}: ${sentence}`);
    console.error(`${kind}: ${sentence}`);
  }

  refused(error) {
    const name = `${error.type} ${error.code}`;
    if (error.isCounted) return;
    error.isCounted = true;
    this.count(this.errors, name);
    if (EXPECTED[name]?.test(error.message)) return;
    this.count(this.unexpected, name);
    if (this.told.length < MOST_TOLD) this.told.push(`error: ${name}: ${error.message} ${error.details ? JSON.stringify(error.details) : ''}`);
    console.error(`${name}: ${error.message}`);
  }

  timed(type, milliseconds) {
    this.recent.push(milliseconds);
    (this.times[type] ??= []).push(milliseconds);
  }

  session(id) {
    if (!this.sessions.has(id)) this.sessions.set(id, { id, asked: 0, open: new Set(), digests: [] });
    return this.sessions.get(id);
  }

  /** A session that can have one more message, if there is one. */
  free(most) {
    return [...this.sessions.values()].filter((session) => session.asked < most && session.open.size < 2);
  }

  get openTurns() {
    return [...this.sessions.values()].reduce((sum, session) => sum + session.open.size, 0);
  }

  /** Some phone heard an event: it must be the same to everybody. True when it is news. */
  saw(event) {
    this.events++;
    const session = this.session(event.agentSessionId);
    const digest = createHash('md5').update(JSON.stringify(event)).digest('base64');
    const known = session.digests[event.seq];
    if (known !== undefined) {
      if (known !== digest) this.fault('wrong', `event ${event.seq} (${event.type}) of a session is not the same to two phones`);
      return false;
    }
    session.digests[event.seq] = digest;
    if (event.type === 'done') for (const id of [event.messageId, ...(event.steered ?? [])]) this.#end(session, id, event);
    return true;
  }

  /** A message is about to be sent for the first time. */
  sends(id, kind) {
    this.messages.set(id, { kind, sent: performance.now() });
  }

  /** A machine took a message: from now on it must be there. */
  acknowledged(id, session) {
    const message = this.messages.get(id);
    message.session = session;
    this.session(session).asked++;
    if (!message.ended) this.session(session).open.add(id);
  }

  #end(session, id, done) {
    const message = this.messages.get(id);
    if (!message) return this.fault('wrong', 'a turn ended that nobody asked for');
    session.open.delete(id);
    message.ended = true;
    if (!done.cancelled) this.turnTimes.push(performance.now() - message.sent);
  }

  /** A change of a file was asked for: the observer is to hear of it. */
  changes(path) {
    this.#changes.set(path, { since: performance.now(), acknowledged: false });
  }

  changed(path) {
    const change = this.#changes.get(path);
    if (change) Object.assign(change, { since: performance.now(), acknowledged: true });
  }

  /** Nobody knows whether it was changed. */
  unsure(path) {
    this.#changes.delete(path);
  }

  /** The observer heard of changes. */
  noticed({ changes, changesTruncated }) {
    if (changesTruncated) return this.#changes.clear();
    for (const { path } of changes) {
      const change = this.#changes.get(path);
      if (!change) continue;
      if (change.acknowledged) this.watchTimes.push(performance.now() - change.since);
      this.#changes.delete(path);
    }
  }

  lookForUnseenChanges() {
    for (const [path, { since, acknowledged }] of this.#changes) {
      if (!acknowledged || performance.now() - since < LATE) continue;
      this.fault('lost', `nobody was told that ${path} changed`);
      this.#changes.delete(path);
    }
  }
}
