import type { MachineEntry, ProjectEntry } from '../protocol.gen';
import type { Storage } from '../storage/storage';
import type { Machines } from './machines.svelte';

interface Kept {
  list: MachineEntry[];
  projects: Record<string, ProjectEntry[] | undefined>;
}

/** Until the relay tells, machines and projects are those of the last visit, and none of them counts as there. */
export async function keepMachines(machines: Machines, storage: Storage): Promise<void> {
  $effect.root(() => {
    $effect(() => {
      if (!machines.known) return;
      void storage.saveList('machines', $state.snapshot({ list: machines.list, projects: machines.projects }));
    });
  });
  const kept = await storage.list<Kept>('machines');
  if (!kept || machines.known) return;
  machines.list = kept.list.map((machine) => ({ ...machine, connected: false }));
  machines.projects = { ...kept.projects, ...machines.projects };
}
