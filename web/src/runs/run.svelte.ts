import type { Place } from '../conversation/conversation.svelte';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode, NotConnected } from '../net/errors';
import type { CommandExit, CommandHistoryEntry, CommandOutput, CommandStarted, CommandState, Envelope } from '../protocol.gen';
import { explain } from '../ui/explain';
import { nextFrame } from '../ui/nextFrame';
import { text } from '../ui/text';
import { Screen } from './screen';

/** The machine sends this much of the output of one run. */
const SENT_BYTES = 300 * 1024;

/** "waiting": not sent yet, for there is no connection; "lost": nobody knows whether it was begun; "gone": its output is not kept on the machine any more. */
export type RunState = CommandState | 'waiting' | 'starting' | 'lost' | 'gone';

/** One run of a command and what it printed; followed again from its beginning when the connection comes back. */
export class Run {
  readonly command: string;
  runId = $state<string>();
  state = $state<RunState>('starting');
  exitCode = $state<number | null>(null);
  signal = $state<string | null>(null);
  startedAt = $state(Date.now());
  duration = $state<number>();
  truncated = $state(false);
  /** The end of an output that was cut off. */
  preview = $state('');
  problem = $state('');
  /** Grows with the output, so that who shows `screen` knows. */
  version = $state(0);
  screen = new Screen();
  stopping = $state(false);
  /** Told when the machine has named a run that was begun here. */
  begun: ((runId: string) => void) | undefined;
  #connection: Connection;
  #place: Place;
  #timeoutMs: number | undefined;
  #bytes = 0;
  #framed = false;
  #following = false;
  #abort = new AbortController();

  constructor(connection: Connection, place: Place, command: string, { entry, timeoutMs }: { entry?: CommandHistoryEntry; timeoutMs?: number } = {}) {
    this.#connection = connection;
    this.#place = place;
    this.command = command;
    this.#timeoutMs = timeoutMs;
    if (entry) this.take(entry);
  }

  get running(): boolean {
    return this.state === 'running' || this.state === 'starting' || this.state === 'waiting';
  }
  get full(): boolean {
    return this.truncated || this.#bytes >= SENT_BYTES;
  }

  /** What the machine's history says about it. */
  take(entry: CommandHistoryEntry): void {
    this.runId = entry.runId;
    this.state = entry.state;
    [this.exitCode, this.signal, this.truncated, this.preview] = [entry.exitCode, entry.signal ?? null, entry.truncated, entry.outputPreview];
    this.startedAt = Date.parse(entry.startedAt);
    if (entry.endedAt) this.duration = Date.parse(entry.endedAt) - this.startedAt;
  }

  exec(): Promise<void> {
    [this.state, this.startedAt] = ['starting', Date.now()];
    return this.#follow('command_exec', { command: this.command, timeoutMs: this.#timeoutMs });
  }

  /** Its output from the beginning, and on while it runs. */
  async attach(): Promise<void> {
    if (this.#following || !this.runId) return;
    await this.#follow('command_attach', { runId: this.runId });
  }

  async stop(): Promise<void> {
    if (this.state === 'waiting') this.state = 'cancelled';
    if (!this.runId) return;
    this.stopping = true;
    try {
      await this.#connection.request('command_cancel', { runId: this.runId }, this.#target);
    } catch (error) {
      if (!hasCode(error, 'NOT_FOUND')) this.problem = explain(error); // else it has ended
      this.stopping = false;
    }
  }

  /** Nobody looks at it any more; on the machine it goes on. */
  leave(): void {
    this.#abort.abort();
  }

  async #follow(...[type, payload]: ['command_exec', { command: string; timeoutMs?: number }] | ['command_attach', { runId: string }]): Promise<void> {
    this.#following = true;
    this.#abort = new AbortController();
    const target = { ...this.#target, signal: this.#abort.signal, onEvent: (envelope: Envelope) => this.#heard(envelope) };
    try {
      const exit = await (type === 'command_exec' ? this.#connection.request(type, payload, target) : this.#connection.request(type, payload, target));
      this.#ended(exit);
    } catch (error) {
      this.#failed(error, type);
    } finally {
      this.#following = false;
    }
  }

  #heard({ type, payload }: Envelope): void {
    if (type === 'command_started') {
      [this.screen, this.#bytes] = [new Screen(), 0];
      const first = this.runId === undefined;
      this.runId = (payload as CommandStarted).runId;
      if (this.state === 'starting' || this.state === 'lost') this.state = 'running';
      if (first) this.begun?.(this.runId);
      this.#show();
    } else if (type === 'command_output') {
      const { stdoutChunk, stderrChunk } = payload as CommandOutput;
      const chunk = stdoutChunk ?? stderrChunk ?? '';
      this.#bytes += new TextEncoder().encode(chunk).length;
      this.screen.write(stdoutChunk === undefined ? 'error' : 'out', chunk);
      this.#show();
    }
  }

  #ended(exit: CommandExit): void {
    this.screen.end();
    [this.exitCode, this.signal, this.truncated, this.duration] = [exit.exitCode, exit.signal, exit.truncated, exit.durationMs];
    if (this.running) this.state = this.stopping ? 'cancelled' : 'exited';
    this.problem = '';
    this.stopping = false;
    this.#show();
  }

  #failed(error: unknown, type: string): void {
    if (this.#abort.signal.aborted) return;
    if (hasCode(error, 'COMMAND_TIMEOUT')) {
      this.screen.end();
      this.state = 'timed_out';
    } else if (error instanceof NotConnected && type === 'command_exec') {
      this.state = 'waiting'; // Runs begins it when the connection is there
      return;
    } else if (error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE', 'RELAY_TIMEOUT')) {
      if (this.state === 'starting') this.state = 'lost';
      return; // Runs finds it again
    } else if (type === 'command_attach' && hasCode(error, 'NOT_FOUND')) {
      if (this.running) this.state = 'gone';
    } else {
      if (this.state === 'starting') this.state = 'interrupted';
      this.problem = explain(error);
    }
    this.stopping = false;
    this.#show();
  }

  /** At most once a frame, however much is printed. */
  #show(): void {
    if (this.#framed) return;
    this.#framed = true;
    nextFrame(() => {
      this.#framed = false;
      this.version++;
    });
  }

  get #target() {
    return { machineKey: this.#place.machineKey, sessionId: this.#place.projectId };
  }
}

export const stateText = (run: { state: RunState; exitCode: number | null; signal: string | null }): string =>
  run.state === 'exited' ? (run.exitCode === 0 ? text.runs.done : run.exitCode === null ? text.runs.killed(run.signal ?? '') : text.runs.exit(run.exitCode)) : text.runs.states[run.state];
