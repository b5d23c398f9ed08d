import { render, screen } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import type { AgentPrompt, OpenPrompt } from '../protocol.gen';
import { Attention } from './attention.svelte';
import NeedsYou from './NeedsYou.svelte';

const open = (agentSessionId: string): OpenPrompt => ({ projectId: 'p', agentSessionId, title: 't', prompt: { agentSessionId, promptId: `of ${agentSessionId}`, at: agentSessionId } as AgentPrompt });
const changed = { agentSessionId: 's', state: 'waiting' as const, title: 't', openPrompts: 1, lastSeq: 1 };

function follow(prompts: () => OpenPrompt[]) {
  const fake = new FakeConnection();
  fake.when('agent_prompts_list', () => ({ prompts: prompts() }));
  const attention = new Attention(fake.connection);
  render(NeedsYou, { attention, machineKey: 'm' });
  return { fake, attention };
}

test('what waits is counted, and the count leads to what has waited longest', async () => {
  let prompts = [open('first'), open('second')];
  const { fake } = follow(() => prompts);
  fake.tell('daemon_status', { machineKey: 'm', connected: true, label: '', lastSeenAt: null });
  const link = await screen.findByRole('link', { name: '2 need you' });
  expect(link.getAttribute('href')).toBe('#/m/m/p/p/s/first');

  prompts = [open('second')];
  fake.tell('agent_session_changed', { ...changed, machineOpenPrompts: 1 });
  await vi.waitFor(() => expect(screen.getByRole('link', { name: '1 needs you' }).getAttribute('href')).toBe('#/m/m/p/p/s/second'));
});

test('answered elsewhere it empties itself, without asking', async () => {
  const { fake } = follow(() => [open('first')]);
  fake.tell('daemon_status', { machineKey: 'm', connected: true, label: '', lastSeenAt: null });
  await screen.findByText('1 needs you');
  fake.tell('agent_session_changed', { ...changed, openPrompts: 0, machineOpenPrompts: 0 });
  await vi.waitFor(() => expect(screen.queryByText(/need/)).toBeNull());
  expect(fake.count('agent_prompts_list')).toBe(1);
});

test('the answer to an older question does not bring back what is answered since', async () => {
  let answer = (_: { prompts: OpenPrompt[] }): void => {};
  const { fake, attention } = follow(() => []);
  fake.when('agent_prompts_list', () => new Promise((resolve) => (answer = resolve)));
  fake.tell('daemon_status', { machineKey: 'm', connected: true, label: '', lastSeenAt: null });
  fake.tell('agent_session_changed', { ...changed, machineOpenPrompts: 0 });
  answer({ prompts: [open('first')] });
  await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  expect(attention.count('m')).toBe(0);
});

test('a machine that went away asks nothing', async () => {
  const { fake } = follow(() => [open('first')]);
  fake.tell('daemon_status', { machineKey: 'm', connected: true, label: '', lastSeenAt: null });
  await screen.findByText('1 needs you');
  fake.tell('daemon_status', { machineKey: 'm', connected: false, label: '', lastSeenAt: null });
  await vi.waitFor(() => expect(screen.queryByText(/need/)).toBeNull());
});
