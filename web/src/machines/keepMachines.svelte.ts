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
  const kept = local.read(KEPT) as Kept | undefined;
  if (kept?.list && kept.projects) {
    machines.list = kept.list.map((machine) => ({ ...machine, connected: false }));
    machines.projects = kept.projects;
  }
  $effect.root(() => {
    $effect(() => {
      if (machines.known) local.write(KEPT, { list: machines.list, projects: machines.projects } satisfies Kept);
    });
  });
}

export function forgetMachines(): void {
  local.write(KEPT, undefined);
}
