import type { MachineEntry, ProjectEntry } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode } from '../net/errors';
import { explain } from '../ui/explain';

/** The user's machines and what is registered on them; always as the relay last told. */
export class Machines {
  list = $state<MachineEntry[]>([]);
  /** Undefined until the machine has told. */
  projects = $state<Record<string, ProjectEntry[] | undefined>>({});
  problems = $state<Record<string, string | undefined>>({});
  known = $state(false);
  #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.registered.add(({ machines }) => {
      this.list = machines;
      this.known = true;
      for (const machine of machines) if (machine.connected) void this.load(machine.machineKey);
    });
    connection.on('daemon_status', (status) => {
      const machine = this.find(status.machineKey);
      if (machine) Object.assign(machine, { connected: status.connected, label: status.label, lastSeenAt: status.lastSeenAt });
      else void this.#loadMachines();
      if (status.connected) void this.load(status.machineKey);
    });
  }

  /** They are those of whoever was paired. */
  forget(): void {
    [this.list, this.projects, this.problems, this.known] = [[], {}, {}, false];
  }

  find(machineKey: string): MachineEntry | undefined {
    return this.list.find((machine) => machine.machineKey === machineKey);
  }

  project(machineKey: string, projectId: string): ProjectEntry | undefined {
    return this.projects[machineKey]?.find((project) => project.projectId === projectId);
  }

  /** The machine tells every device of it; who asked need not wait for that. */
  async rename(machineKey: string, label: string): Promise<void> {
    const kept = await this.#connection.request('machine_rename', { label }, { machineKey });
    const machine = this.find(machineKey);
    if (machine) machine.label = kept.label;
  }

  async load(machineKey: string): Promise<void> {
    try {
      const { projects } = await this.#connection.request('projects_list', {}, { machineKey });
      this.projects[machineKey] = projects;
      this.problems[machineKey] = undefined;
    } catch (error) {
      // Away or cut off: both show elsewhere and both load again by themselves.
      if (!(error instanceof ConnectionLost) && !hasCode(error, 'MACHINE_OFFLINE')) this.problems[machineKey] = explain(error);
    }
  }

  /** A machine nobody mentioned before: the relay knows the rest about it. */
  async #loadMachines(): Promise<void> {
    try {
      this.list = (await this.#connection.request('machines_list', {})).machines;
    } catch {
      // the next registration brings the list anyway
    }
  }
}
