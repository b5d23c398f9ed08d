import { readdir, readFile } from 'node:fs/promises';

export interface Process {
  pid: number;
  command: string;
}

/** The processes that were started with this in their environment: an agent's children are in sessions of their own, but keep it. */
export async function processesWith(variable: string): Promise<Process[]> {
  const found = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (!environment.split('\0').includes(variable)) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    if (command) found.push({ pid: Number(pid), command });
  }
  return found;
}
