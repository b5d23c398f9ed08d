import 'fake-indexeddb/auto';
import { flushSync } from 'svelte';
import { expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { forgetMachines, keepMachines } from '../machines/keepMachines.svelte';
import { Machines } from '../machines/machines.svelte';
import { ConnectionLost } from '../net/errors';
import type { AgentSessionEntry, MachineEntry } from '../protocol.gen';
import { Storage } from '../storage/storage';
import { Sessions } from './sessions.svelte';

const machine: MachineEntry = { machineKey: 'm', label: 'desk', hostname: 'desk', platform: 'linux', connected: true, lastSeenAt: null, daemonVersion: '1' };
const project = { projectId: 'p', name: 'shop', path: '~/shop', lastOpenedAt: null, watcherRunning: true, lastFsSeq: 0 };
const session: AgentSessionEntry = { agentSessionId: 's', title: 'Rename it', startedAt: '', lastActivityAt: '', messageCount: 1, state: 'running', queued: 0 };

test('machines and projects of the last visit are there before the relay answers, but not as online', async () => {
  const fake = new FakeConnection();
  fake.when('projects_list', () => ({ projects: [project] }));
  const machines = new Machines(fake.connection);
  keepMachines(machines);
  for (const listener of fake.registered) listener({ user_id: 'u', clientId: 'c', machines: [machine] });
  await vi.waitFor(() => expect(machines.project('m', 'p')).toBeDefined());
  flushSync();

  const next = new Machines(new FakeConnection().connection);
  keepMachines(next);
  expect(next.list).toMatchObject([{ label: 'desk', connected: false }]);
  expect(next.project('m', 'p')?.name).toBe('shop');
  expect(next.known).toBe(false);

  forgetMachines(machines);
  const strange = new Machines(new FakeConnection().connection);
  keepMachines(strange);
  expect(strange.list).toEqual([]);
});

test('nothing of whoever was paired before comes back with whoever is paired next', async () => {
  const fake = new FakeConnection();
  fake.when('projects_list', () => ({ projects: [project] }));
  const machines = new Machines(fake.connection);
  keepMachines(machines);
  const register = (machine: MachineEntry): void => {
    for (const listener of fake.registered) listener({ user_id: 'u', clientId: 'c', machines: [machine] });
  };
  register(machine);
  await vi.waitFor(() => expect(machines.project('m', 'p')).toBeDefined());
  flushSync();
  forgetMachines(machines);
  flushSync();
  expect(localStorage.getItem('pocketcoder-machines')).toBeNull();

  register({ ...machine, machineKey: 'other', label: 'theirs', connected: false });
  flushSync();
  const kept = localStorage.getItem('pocketcoder-machines')!;
  expect(kept).toContain('theirs');
  expect(kept).not.toContain('shop');
});

test.each([
  ['no JSON', '{'],
  ['null', 'null'],
  ['another form', '{"list":{},"projects":{}}'],
  ['a machine without a name', '{"list":[{"machineKey":"m"}],"projects":{}}'],
  ['projects that are none', '{"list":[],"projects":{"m":[null]}}'],
])('what was kept as %s is nothing', (_, kept) => {
  localStorage.setItem('pocketcoder-machines', kept);
  const machines = new Machines(new FakeConnection().connection);
  keepMachines(machines);
  expect(machines.list).toEqual([]);
});

test('the sessions of a project are there without a connection, none of them as running', async () => {
  const storage = new Storage('lists-sessions');
  const online = new FakeConnection();
  online.when('agent_sessions_list', () => ({ sessions: [session] }));
  await new Sessions(online.connection, 'm', 'p', storage).load();
  await vi.waitFor(async () => expect(await storage.list('sessions m p')).toBeDefined());

  const away = new FakeConnection();
  away.when('agent_sessions_list', () => {
    throw new ConnectionLost();
  });
  const sessions = new Sessions(away.connection, 'm', 'p', storage);
  const stop = sessions.follow();
  await vi.waitFor(() => expect(sessions.list).toMatchObject([{ title: 'Rename it', state: 'idle' }]));
  expect(sessions.loaded).toBe(false);
  stop();
});
