import { render, screen, within } from '@testing-library/svelte';
import { test } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import type { App } from '../app/app';
import { Attention } from '../machines/attention.svelte';
import { Machines } from '../machines/machines.svelte';
import type { AgentSessionEntry } from '../protocol.gen';
import SessionsPage from './SessionsPage.svelte';

const entry = (more: Partial<AgentSessionEntry>): AgentSessionEntry => ({
  agentSessionId: 's', title: 'Rename it', startedAt: '', lastActivityAt: new Date().toISOString(), messageCount: 1, state: 'idle', queued: 0, ...more,
});

async function list(session: AgentSessionEntry) {
  const fake = new FakeConnection();
  fake.when('agent_sessions_list', () => ({ sessions: [session] }));
  const app = { connection: fake.connection, machines: new Machines(fake.connection), attention: new Attention(fake.connection) } as unknown as App;
  render(SessionsPage, { app, place: { machineKey: 'm', projectId: 'p' } });
  return { fake, row: within(await screen.findByRole('listitem')) };
}

test.each<[Partial<AgentSessionEntry>, string]>([
  [{ state: 'running' }, 'running'],
  [{ state: 'waiting', inTerminal: true }, 'needs you'],
  [{ state: 'running', inTerminal: true }, 'in a terminal'],
  [{}, 'idle'],
])('where it is: %j', async (session, chip) => {
  const { row } = await list(entry(session));
  row.getByText(chip);
});

test('what runs on, where it was begun, and its branch, shown for what it is', async () => {
  const { row } = await list(entry({ background: 2, origin: 'terminal', branch: 'main\u202e' }));
  row.getByText('just now · 2 in the background · begun in a terminal · on main⟨U+202E⟩');
});

test('a terminal that opens or closes it shows at once', async () => {
  const { fake, row } = await list(entry({}));
  const changed = { agentSessionId: 's', state: 'idle' as const, title: 'Rename it', openPrompts: 0, lastSeq: 1, machineOpenPrompts: 0 };
  fake.tell('agent_session_changed', { ...changed, inTerminal: true });
  await row.findByText('in a terminal');
  fake.tell('agent_session_changed', changed);
  await row.findByText('idle');
});
