import type { ConnectionState } from '../net/connection';
import type { AgentDescription, MachineEntry } from '../protocol.gen';
import { formatWhen } from '../ui/format';
import { text } from '../ui/text';

export interface Hop {
  name: 'phone' | 'relay' | 'machine' | 'agent';
  state: 'ok' | 'broken' | 'asking' | 'unknown';
  /** There and back, of this hop alone. */
  milliseconds?: number;
  line: string;
  /** What to do about it. */
  action?: string;
}

/** How far each question came, and how long it took from here. */
export interface Measured {
  relay?: number;
  machine?: number;
  agent?: number;
  /** The machine is connected and does not answer. */
  silent?: boolean;
  agents?: AgentDescription[];
}

export interface Seen {
  onLine: boolean;
  connection: ConnectionState;
  machine: MachineEntry | undefined;
  measured: Measured;
  host: string;
}

/** The way from this phone to the agent, as far as it is known: behind what is broken nothing is. */
export function hopsOf(seen: Seen): Hop[] {
  const hops = [phone(seen), relay(seen), machine(seen), agent(seen)];
  const broken = hops.findIndex((hop) => hop.state !== 'ok');
  return hops.map((hop, index) => (broken >= 0 && index > broken ? { name: hop.name, state: 'unknown', line: text.connection.unknown } : hop));
}

function phone({ onLine, connection }: Seen): Hop {
  // The system's word is believed only where it fits: some say "offline" behind a tunnel that works.
  if (!onLine && connection.name !== 'online') return { name: 'phone', state: 'broken', line: text.connection.noNetwork, action: text.connection.noNetworkAction };
  return { name: 'phone', state: 'ok', line: text.connection.phoneOk };
}

function relay({ connection, measured, host }: Seen): Hop {
  if (connection.name === 'reconnecting') {
    return { name: 'relay', state: 'broken', line: text.connection.relayAway(host, since(connection.since)), action: text.connection.relayAction };
  }
  if (connection.name !== 'online') return { name: 'relay', state: 'asking', line: text.connection.asking };
  return { name: 'relay', state: 'ok', milliseconds: measured.relay, line: host };
}

function machine({ machine, measured }: Seen): Hop {
  if (!machine) return { name: 'machine', state: 'broken', line: text.projects.noMachines, action: text.projects.noMachinesHint };
  if (!machine.connected) {
    const when = machine.lastSeenAt ? formatWhen(machine.lastSeenAt) : '';
    return { name: 'machine', state: 'broken', line: when ? text.projects.lastSeen(when) : text.projects.offline, action: text.connection.machineAction };
  }
  if (measured.silent) return { name: 'machine', state: 'broken', line: text.connection.silent, action: text.connection.silentAction };
  if (measured.machine === undefined) return { name: 'machine', state: 'asking', line: text.connection.asking };
  const line = [machine.hostname, machine.platform, machine.daemonVersion && `PocketCoder ${machine.daemonVersion}`].filter(Boolean).join(' · ');
  return { name: 'machine', state: 'ok', milliseconds: between(measured.machine, measured.relay), line };
}

function agent({ measured: { agents, agent, machine } }: Seen): Hop {
  if (!agents) return { name: 'agent', state: 'asking', line: text.connection.asking };
  const ready = agents.filter((one) => one.available);
  if (ready.length === 0) {
    const first = agents[0];
    return { name: 'agent', state: 'broken', line: text.connection.noAgent(first?.name ?? 'Claude Code'), action: first?.action ?? text.connection.agentAction };
  }
  return { name: 'agent', state: 'ok', milliseconds: between(agent, machine), line: ready.map((one) => [one.name, one.version].filter(Boolean).join(' ')).join(', ') };
}

/** What the last part of the way took; never less than nothing, whatever the network does meanwhile. */
function between(whole: number | undefined, before: number | undefined): number | undefined {
  return whole === undefined || before === undefined ? undefined : Math.max(0, whole - before);
}

const since = (time: number): string => formatWhen(new Date(time).toISOString());
