import type { Place } from '../conversation/conversation.svelte';
import type { Connection } from '../net/connection';
import { deliver, passes } from '../net/deliver';
import { ConnectionLost, hasCode, NotConnected, RequestError } from '../net/errors';
import { newId } from '../net/ids';
import type { Target } from '../net/link';
import type { GitStatusResponse, Requests } from '../protocol.gen';
import { explain } from '../ui/explain';
import { text } from '../ui/text';
import { CommitDraft } from './commitDraft.svelte';
import { explainGit, Refusal, type Failure } from './failure';

/** Changes come in bursts; git is asked once for a burst, and while an agent is at work no more often than this. */
const CALM = 300;
const APART = 1_000;
/** What happens in .git alone, such as a commit at the desk, is told by nobody. */
const LOOK_AGAIN_AFTER = 10_000;

/** A machine that was not restarted remembers for a quarter of an hour what it did under a key; after that, asking again would do it again. */
const ASK_AGAIN_FOR = 10 * 60_000;

/** What is done once, however often it is asked for under one key. */
type Keyed = 'git_stage' | 'git_unstage' | 'git_commit' | 'git_branch_create' | 'git_checkout' | 'git_discard' | 'git_discard_undo';

/** The request went out, and no answer came back. */
const mayBeDone = (error: unknown): boolean =>
  (error instanceof ConnectionLost && !(error instanceof NotConnected)) ||
  hasCode(error, 'RELAY_TIMEOUT') ||
  (hasCode(error, 'MACHINE_OFFLINE') && (error as RequestError).details?.reason === 'gone');

export interface Discarded {
  ref: string;
  /** What is said of it. */
  told: string;
}

/** The git repository of one project: how it stands, kept true while somebody looks, and the work that is done on it, one thing at a time. */
export class Repository {
  status = $state.raw<GitStatusResponse>();
  /** The project is no repository. */
  missing = $state(false);
  /** Why the status could not be had. */
  problem = $state('');
  /** Grows whenever something may have changed: who shows a difference asks again. */
  revision = $state(0);
  /** What is being done now. */
  busy = $state('');
  /** What goes over the network now, and how far it is. */
  transfer = $state.raw<{ requestId: string; progress: string }>();
  failure = $state.raw<Failure>();
  /** What was done last, said to those who cannot see it. */
  told = $state('');
  /** What can be brought back, the latest last. */
  discarded = $state.raw<Discarded[]>([]);
  /** While something that may be done already waits to be asked for again: ends that. */
  stopWaiting = $state.raw<() => void>();
  readonly place: Place;
  /** The commit message that is being written. */
  readonly draft: CommitDraft;
  #connection: Connection;
  #followers = 0;
  #stop: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loading = false;
  #again = false;
  #last = 0;

  constructor(connection: Connection, place: Place) {
    this.#connection = connection;
    this.place = { machineKey: place.machineKey, projectId: place.projectId };
    this.draft = new CommitDraft(this.place);
  }

  get count(): number {
    const { status } = this;
    return status ? new Set([...status.conflicted, ...status.staged, ...status.unstaged].map((change) => change.path)).size : 0;
  }

  /** Kept true from the first follower to the last. */
  follow(): () => void {
    if (this.#followers++ === 0) this.#stop = this.#listen();
    return () => {
      if (--this.#followers === 0) this.#stop?.();
    };
  }

  /** While git itself is on the screen. */
  watch(): () => void {
    const looking = setInterval(() => document.hidden || this.busy || this.#soon(), LOOK_AGAIN_AFTER);
    return () => clearInterval(looking);
  }

  request = <T extends keyof Requests>(type: T, payload: Requests[T]['request'], more: Omit<Target, 'machineKey' | 'sessionId'> = {}): Promise<Requests[T]['response']> =>
    this.#connection.request(type, payload, { machineKey: this.place.machineKey, sessionId: this.place.projectId, ...more });

  /** Changes something: when the answer is lost on the way, it is asked for again when the machine can be reached, and done once all the same. */
  change = async <T extends Keyed>(type: T, payload: Requests[T]['request']): Promise<Requests[T]['response']> => {
    const memory = this.status?.keyMemory;
    if (memory === undefined) return this.request(type, payload);
    const [key, began] = [newId(), Date.now()];
    try {
      return await this.request(type, { ...payload, key });
    } catch (error) {
      if (!mayBeDone(error)) throw error;
    }
    const stop = new AbortController();
    const { signal } = stop;
    this.stopWaiting = () => stop.abort(new Refusal(text.git.errors.lost));
    const tooLate = (): boolean => Date.now() - began > ASK_AGAIN_FOR;
    try {
      return await deliver(this.#connection, {
        machineKey: this.place.machineKey,
        attempt: async () => {
          if (tooLate() || (await this.#memory(signal)) !== memory || tooLate()) throw new Refusal(text.git.errors.lost);
          return this.request(type, { ...payload, key }, { signal });
        },
        waiting: () => {},
        signal,
      });
    } finally {
      this.stopWaiting = undefined;
    }
  };

  /** What remembers the keys now. */
  async #memory(signal: AbortSignal): Promise<string | undefined> {
    try {
      return (await this.request('git_status', {}, { signal })).keyMemory;
    } catch (error) {
      throw passes(error) ? error : new Refusal(text.git.errors.lost);
    }
  }

  /** Does one thing; undefined when it failed, which `failure` then explains, or when something else is being done. */
  async run<T>(work: string, action: () => Promise<T>, done: (result: T) => string = () => ''): Promise<T | undefined> {
    if (this.busy) return undefined;
    this.busy = work;
    this.failure = undefined;
    this.told = '';
    try {
      const result = await action();
      this.told = done(result);
      return result;
    } catch (error) {
      this.failure = explainGit(error, work);
      return undefined;
    } finally {
      this.busy = '';
      void this.load();
    }
  }

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#loading) return void (this.#again = true);
    this.#loading = true;
    try {
      this.status = await this.request('git_status', {});
      this.missing = false;
      this.problem = '';
      this.revision++;
    } catch (error) {
      this.missing = hasCode(error, 'GIT_NOT_INITIALIZED');
      const later = error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE'); // comes again by itself
      if (!later && !this.missing) this.problem = error instanceof RequestError && error.code === 'GIT_ERROR' ? explainGit(error, 'status').sentence : explain(error);
    } finally {
      this.#loading = false;
      this.#last = Date.now();
      if (this.#again && this.#followers > 0) void this.load();
      this.#again = false;
    }
  }

  #soon = (): void => {
    this.#timer ??= setTimeout(() => void this.load(), Math.max(CALM, this.#last + APART - Date.now()));
  };

  #listen(): () => void {
    const { machineKey, projectId } = this.place;
    const ours = (_: unknown, envelope: { machineKey?: string; sessionId?: string }): void => {
      if (envelope.machineKey === machineKey && envelope.sessionId === projectId) this.#soon();
    };
    const now = (): void => void this.load();
    const awake = (): void => void (document.hidden || this.#soon());
    now();
    this.#connection.registered.add(now);
    document.addEventListener('visibilitychange', awake);
    const forget = [
      this.#connection.on('fs_changed', ours),
      this.#connection.on('agent_session_changed', ours),
      this.#connection.on('daemon_status', (status) => {
        if (status.machineKey === machineKey && status.connected) now();
      }),
      () => this.#connection.registered.delete(now),
      () => document.removeEventListener('visibilitychange', awake),
      () => clearTimeout(this.#timer),
      () => (this.#timer = undefined),
    ];
    return () => forget.forEach((end) => end());
  }
}

const known = new WeakMap<Connection, Map<string, Repository>>();

/** The one that the tab's count and the screens share. */
export function repositoryOf(connection: Connection, place: Place): Repository {
  const all = known.get(connection) ?? new Map<string, Repository>();
  known.set(connection, all);
  const key = JSON.stringify([place.machineKey, place.projectId]);
  const repository = all.get(key) ?? new Repository(connection, place);
  all.set(key, repository);
  return repository;
}
