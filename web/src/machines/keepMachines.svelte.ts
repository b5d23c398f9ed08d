import type { MachineEntry, ProjectEntry } from '../protocol.gen';
import { local } from '../storage/local';
import type { Machines } from './machines.svelte';

interface Kept {
  list: MachineEntry[];
  projects: Record<string, ProjectEntry[] | undefined>;
}

const KEPT = 'machines';

/** Until the relay tells, machines and projects are those of the last visit, and none of them counts as there. They stand in the first frame. */
export function keepMachines(machines: Machines): void {
  const kept = local.read(KEPT);
  if (isKept(kept)) {
    machines.list = kept.list.map((machine) => ({ ...machine, connected: false }));
    machines.projects = kept.projects;
  }
  $effect.root(() => {
    $effect(() => {
      if (!machines.known) return;
      const { list } = machines;
      const projects = Object.fromEntries(list.map(({ machineKey }) => [machineKey, machines.projects[machineKey]]));
      local.write(KEPT, { list, projects } satisfies Kept);
    });
  });
}

export function forgetMachines(machines: Machines): void {
  machines.forget();
  local.write(KEPT, undefined);
}

/** Another version may have kept it otherwise, and then there is nothing: who cannot be shown must not stop the app from starting. */
function isKept(value: unknown): value is Kept {
  const { list, projects } = (value ?? {}) as Partial<Kept>;
  const strings = (entry: unknown, names: string[]): boolean => names.every((name) => typeof (entry as Record<string, unknown> | null)?.[name] === 'string');
  return (
    Array.isArray(list) &&
    list.every((machine) => strings(machine, ['machineKey', 'label'])) &&
    typeof projects === 'object' &&
    projects !== null &&
    Object.values(projects).every((of) => Array.isArray(of) && of.every((project) => strings(project, ['projectId', 'name', 'path'])))
  );
}
