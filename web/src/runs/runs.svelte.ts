import { deviceStore, type Key } from '../app/deviceStore';
import type { Place } from '../conversation/conversation.svelte';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode } from '../net/errors';
import type { CommandHistoryEntry } from '../protocol.gen';
import { explain } from '../ui/explain';
import { Run } from './run.svelte';

/** Each comes with the end of its output, up to 4 KB. */
const PAGE = 20;
/** Runs that another device starts or ends are told by nobody. */
const LOOK_AGAIN_AFTER = 15_000;

/** The commands of one project: what was run on the machine, what runs now, and what is run often. */
export class Runs {
  history = $state.raw<CommandHistoryEntry[]>([]);
  loaded = $state(false);
  more = $state(false);
  problem = $state('');
  favourites = $state.raw<string[]>([]);
  draft = $state('');
  /** The one whose output is shown. */
  shown = $state.raw<Run>();
  #connection: Connection;
  #place: Place;
  /** A run whose beginning nobody confirmed yet, and the runs there were before it. */
  #unknown: { run: Run; known: Set<string> } | undefined;
  #key: (area: string) => Key;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.#place = place;
    this.#key = (area) => [area, place.machineKey, place.projectId];
    void deviceStore.get<string[]>(this.#key('favourites')).then((kept) => (this.favourites = kept ?? []));
    void deviceStore.get<string>(this.#key('command')).then((kept) => (this.draft ||= kept ?? ''));
  }

  /** Loads, and stays true for as long as it is shown. */
  follow(): () => void {
    const again = (): void => void this.load().then(() => this.#findAgain());
    again();
    this.#connection.registered.add(again);
    const looking = setInterval(() => document.visibilityState === 'visible' && this.history.length <= PAGE && void this.load(), LOOK_AGAIN_AFTER);
    const forget = this.#connection.on('daemon_status', (status) => {
      if (status.machineKey === this.#place.machineKey && status.connected) again();
    });
    return () => {
      this.#connection.registered.delete(again);
      clearInterval(looking);
      forget();
      if (this.shown?.state === 'waiting') void this.shown.stop(); // nothing begins where nobody sees it
    };
  }

  load(): Promise<void> {
    return this.#fetch(undefined);
  }
  loadMore(): Promise<void> {
    return this.#fetch(this.history.at(-1)?.runId);
  }

  /** Begins a run; `begun` is called when the machine has named it. */
  start(command: string, timeoutMs: number | undefined, begun: (runId: string) => void): void {
    this.shown?.leave();
    const run = new Run(this.#connection, this.#place, command, { timeoutMs });
    run.begun = (runId) => {
      this.#unknown = undefined;
      begun(runId);
      void this.load();
    };
    this.shown = run;
    void this.#exec(run);
  }

  /** Shows the run of this id. */
  open(runId: string): void {
    if (this.shown?.runId === runId) return;
    this.shown?.leave();
    const entry = this.history.find((other) => other.runId === runId);
    this.shown = undefined;
    if (!entry) return;
    const run = (this.shown = new Run(this.#connection, this.#place, entry.command, { entry }));
    void run.attach().then(() => this.#complete(run));
  }

  keepDraft(command: string): void {
    this.draft = command;
    void deviceStore.set(this.#key('command'), command);
  }

  favour(command: string): void {
    this.favourites = this.favourites.includes(command) ? this.favourites.filter((other) => other !== command) : [...this.favourites, command];
    void deviceStore.set(this.#key('favourites'), this.favourites);
  }

  async #exec(run: Run): Promise<void> {
    this.#unknown = this.loaded ? { run, known: new Set(this.history.map((entry) => entry.runId)) } : undefined;
    await run.exec();
    await this.#complete(run);
  }

  /** After an interruption: begins the run that waited for it, or goes on with the one that was begun. */
  async #findAgain(): Promise<void> {
    const run = this.shown;
    if (!run || run.state === 'exited' || run.state === 'cancelled') return;
    if (run.state === 'waiting') return this.#exec(run);
    const entry = this.history.find((other) =>
      run.runId ? other.runId === run.runId : this.#unknown?.run === run && other.command === run.command && !this.#unknown.known.has(other.runId),
    );
    if (!entry) return;
    const begun = run.runId ? undefined : run.begun;
    run.take(entry);
    begun?.(entry.runId);
    await run.attach();
    await this.#complete(run);
  }

  /** What only the history knows: how it really ended, and the end of an output that was cut off. */
  async #complete(run: Run): Promise<void> {
    if (!run.runId) return;
    await this.load();
    const entry = this.history.find((other) => other.runId === run.runId);
    if (entry && entry.state !== 'running') run.take(entry);
  }

  async #fetch(before: string | undefined): Promise<void> {
    try {
      const target = { machineKey: this.#place.machineKey, sessionId: this.#place.projectId };
      const { runs } = await this.#connection.request('command_history', { limit: PAGE, before }, target);
      this.history = before ? [...this.history, ...runs] : runs;
      this.more = runs.length === PAGE;
      this.problem = '';
      this.loaded = true;
    } catch (error) {
      if (!(error instanceof ConnectionLost) && !hasCode(error, 'MACHINE_OFFLINE')) this.problem = explain(error);
    }
  }
}

const KEPT = 4;
const all = new WeakMap<Connection, { place: Place; runs: Runs }[]>();

/** The commands of a project as they were left; the last few are kept. */
export function runsOf(connection: Connection, place: Place): Runs {
  const known = all.get(connection) ?? [];
  const entry = known.find((other) => other.place.machineKey === place.machineKey && other.place.projectId === place.projectId) ?? { place, runs: new Runs(connection, place) };
  all.set(connection, [entry, ...known.filter((other) => other !== entry)].slice(0, KEPT));
  return entry.runs;
}
