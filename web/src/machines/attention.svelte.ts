import type { OpenPrompt } from '../protocol.gen';
import type { Connection } from '../net/connection';

/** What waits for the user on each machine, whichever session and project it is of. */
export class Attention {
  #counts = $state<Record<string, number | undefined>>({});
  #prompts = $state<Record<string, OpenPrompt[] | undefined>>({});
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
    connection.on('agent_session_changed', ({ machineOpenPrompts }, { machineKey }) => {
      if (machineKey === undefined) return;
      const before = this.count(machineKey);
      this.#tell(machineKey, machineOpenPrompts);
      if (machineOpenPrompts > 0 && machineOpenPrompts !== before) void this.#load(machineKey);
    });
  }

  count(machineKey: string): number {
    return this.#counts[machineKey] ?? 0;
  }

  /** The one that has waited longest. */
  first(machineKey: string): OpenPrompt | undefined {
    return this.#prompts[machineKey]?.[0];
  }

  #tell(machineKey: string, count: number): void {
    this.#heard[machineKey] = (this.#heard[machineKey] ?? 0) + 1;
    this.#counts[machineKey] = count;
    if (count === 0) this.#prompts[machineKey] = [];
  }

  async #load(machineKey: string): Promise<void> {
    const heard = this.#heard[machineKey];
    try {
      const { prompts } = await this.#connection.request('agent_prompts_list', {}, { machineKey });
      if (heard !== this.#heard[machineKey]) return this.count(machineKey) > 0 ? this.#load(machineKey) : undefined;
      this.#prompts[machineKey] = prompts;
      this.#counts[machineKey] = prompts.length;
    } catch {
      // The count that was told stays; the next change or registration asks again.
    }
  }
}
