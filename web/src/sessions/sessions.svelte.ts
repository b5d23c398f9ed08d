import type { AgentSessionEntry } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode } from '../net/errors';
import type { Storage } from '../storage/storage';
import { explain } from '../ui/explain';

const PAGE = 50;
/** What a terminal begins or ends is told by nobody; the machine sees it when it is asked. */
const LOOK_AGAIN_AFTER = 5_000;

/** The agent sessions of one project, the latest first. */
export class Sessions {
  list = $state<AgentSessionEntry[]>([]);
  loaded = $state(false);
  more = $state(false);
  problem = $state('');
  #connection: Connection;
  #machineKey: string;
  #projectId: string;
  #storage: Storage | undefined;

  constructor(connection: Connection, machineKey: string, projectId: string, storage?: Storage) {
    this.#storage = storage;
    this.#connection = connection;
    this.#machineKey = machineKey;
    this.#projectId = projectId;
  }

  /** Loads, and stays true for as long as it is shown. */
  follow(): () => void {
    const reload = (): void => void this.load();
    reload();
    void this.#restore();
    this.#connection.registered.add(reload);
    const looking = setInterval(() => document.visibilityState === 'visible' && this.list.length <= PAGE && reload(), LOOK_AGAIN_AFTER);
    const forget = [
      this.#connection.on('daemon_status', (status) => {
        if (status.machineKey === this.#machineKey && status.connected) reload();
      }),
      this.#connection.on('agent_session_changed', (changed, envelope) => {
        if (envelope.sessionId !== this.#projectId) return;
        const entry = this.list.find((session) => session.agentSessionId === changed.agentSessionId);
        if (!entry) return reload();
        Object.assign(entry, { state: changed.state, title: changed.title, openPrompts: changed.openPrompts, inTerminal: changed.inTerminal, background: changed.background });
      }),
      () => this.#connection.registered.delete(reload),
      () => clearInterval(looking),
    ];
    return () => forget.forEach((stop) => stop());
  }

  load(): Promise<void> {
    return this.#fetch(undefined);
  }

  loadMore(): Promise<void> {
    return this.#fetch(this.list.at(-1)?.agentSessionId);
  }

  get #kept(): string {
    return `sessions ${this.#machineKey} ${this.#projectId}`;
  }

  /** Until the machine tells, as it was last told; how each stands by now nobody knows here. */
  async #restore(): Promise<void> {
    const kept = await this.#storage?.list<AgentSessionEntry[]>(this.#kept);
    if (!kept || this.loaded) return;
    this.list = kept.map((session) => ({ ...session, state: 'idle', inTerminal: undefined, background: undefined, openPrompts: undefined }));
  }

  async #fetch(before: string | undefined): Promise<void> {
    try {
      const target = { machineKey: this.#machineKey, sessionId: this.#projectId };
      const { sessions } = await this.#connection.request('agent_sessions_list', { limit: PAGE, before }, target);
      this.list = before ? [...this.list, ...sessions] : sessions;
      this.more = sessions.length === PAGE;
      this.problem = '';
      this.loaded = true;
      if (!before) void this.#storage?.saveList(this.#kept, sessions);
    } catch (error) {
      if (!(error instanceof ConnectionLost) && !hasCode(error, 'MACHINE_OFFLINE')) this.problem = explain(error);
    }
  }
}
