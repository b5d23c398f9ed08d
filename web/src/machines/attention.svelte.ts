import type { AgentPrompt, Requests, SessionProblem } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { hasCode } from '../net/errors';

type Answer = Omit<Requests['agent_prompt_response']['request'], 'agentSessionId' | 'promptId'>;
type Listed = Requests['agent_prompts_list']['response'];

/** One thing that waits for the user: a prompt, or why a session's last turn failed. */
export interface Waiting {
  /** Unlike that of anything else that waits. */
  key: string;
  machineKey: string;
  projectId: string;
  agentSessionId: string;
  /** The session's. */
  title: string;
  at: string;
  prompt?: AgentPrompt;
  problem?: SessionProblem;
}

/** What waits for the user on each machine, whichever session and project it is of. */
export class Attention {
  #counts = $state<Record<string, number | undefined>>({});
  #waiting = $state.raw<Record<string, Waiting[] | undefined>>({});
  /** How often each machine was heard of: an answer that was asked for before that is out of date. */
  #heard: Record<string, number> = {};
  #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.registered.add(({ machines }) => {
      for (const machine of machines) if (machine.connected) void this.#load(machine.machineKey);
    });
    connection.on('daemon_status', ({ machineKey, connected }) => {
      if (connected) void this.#load(machineKey);
      else this.#tell(machineKey, 0); // nothing can be answered there now
    });
    connection.on('agent_session_changed', ({ agentSessionId, openPrompts, machineOpenPrompts, machineProblems = 0 }, { machineKey }) => {
      if (machineKey === undefined) return;
      const before = this.count(machineKey);
      const known = this.#of(machineKey).filter((one) => one.agentSessionId === agentSessionId && one.prompt).length;
      const now = machineOpenPrompts + machineProblems;
      this.#tell(machineKey, now);
      if (now > 0 && (now !== before || known !== openPrompts)) void this.#load(machineKey);
    });
  }

  /** It was somebody else's. What was asked of their machines ends with the link, so no late answer brings it back. */
  forget(): void {
    [this.#counts, this.#waiting] = [{}, {}];
  }

  /** On all machines, the one that has waited longest first. */
  get all(): Waiting[] {
    return Object.values(this.#waiting).flatMap((waiting) => waiting ?? []).sort((one, other) => Number(one.at > other.at) - Number(one.at < other.at));
  }

  get total(): number {
    return Object.values(this.#counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }

  /** By machine, of those that were heard of. */
  get counts(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#counts).map(([machineKey, count]) => [machineKey, count ?? 0]));
  }

  count(machineKey: string): number {
    return this.#counts[machineKey] ?? 0;
  }

  /** The one that has waited longest. */
  first(machineKey: string): Waiting | undefined {
    return this.#waiting[machineKey]?.[0];
  }

  /** Answers a prompt. What was answered elsewhere meanwhile counts as answered. */
  async answer(waiting: Waiting, answer: Answer): Promise<void> {
    const { agentSessionId, prompt } = waiting;
    await this.#settle(waiting, () => this.#request(waiting, 'agent_prompt_response', { ...answer, agentSessionId, promptId: prompt!.promptId }));
  }

  /** Takes note of a problem: it waits no longer, on any device. */
  async dismiss(waiting: Waiting): Promise<void> {
    await this.#settle(waiting, () => this.#request(waiting, 'agent_problem_dismiss', { agentSessionId: waiting.agentSessionId }));
  }

  #request<T extends 'agent_prompt_response' | 'agent_problem_dismiss'>({ machineKey, projectId }: Waiting, type: T, payload: Requests[T]['request']) {
    return this.#connection.request(type, payload, { machineKey, sessionId: projectId });
  }

  async #settle(waiting: Waiting, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!hasCode(error, 'NOT_FOUND')) throw error;
    }
    // At once, before the machine says so to all devices.
    const left = this.#of(waiting.machineKey).filter((one) => one.key !== waiting.key);
    if (left.length === this.#of(waiting.machineKey).length) return;
    this.#waiting = { ...this.#waiting, [waiting.machineKey]: left };
    this.#counts[waiting.machineKey] = left.length;
  }

  #of(machineKey: string): Waiting[] {
    return this.#waiting[machineKey] ?? [];
  }

  #tell(machineKey: string, count: number): void {
    this.#heard[machineKey] = (this.#heard[machineKey] ?? 0) + 1;
    this.#counts[machineKey] = count;
    if (count === 0) this.#waiting = { ...this.#waiting, [machineKey]: [] };
  }

  async #load(machineKey: string): Promise<void> {
    const heard = this.#heard[machineKey];
    try {
      const listed = await this.#connection.request('agent_prompts_list', {}, { machineKey });
      if (heard !== this.#heard[machineKey]) return this.count(machineKey) > 0 ? this.#load(machineKey) : undefined;
      const waiting = waitingIn(machineKey, listed);
      this.#waiting = { ...this.#waiting, [machineKey]: waiting };
      this.#counts[machineKey] = waiting.length;
    } catch {
      // The count that was told stays; the next change or registration asks again.
    }
  }
}

function waitingIn(machineKey: string, { prompts, problems = [] }: Listed): Waiting[] {
  return [
    ...prompts.map(({ projectId, agentSessionId, title, prompt }) => ({ key: `${machineKey} ${prompt.promptId}`, machineKey, projectId, agentSessionId, title, at: prompt.at, prompt })),
    ...problems.map((problem) => {
      const { projectId, agentSessionId, title, at } = problem;
      return { key: `${machineKey} ${agentSessionId} ${at}`, machineKey, projectId, agentSessionId, title, at, problem };
    }),
  ];
}
