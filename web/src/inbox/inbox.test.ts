import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import type { App } from '../app/app';
import { Attention } from '../machines/attention.svelte';
import { Machines } from '../machines/machines.svelte';
import { ConnectionLost, RequestError } from '../net/errors';
import type { AgentPrompt, OpenPrompt, SessionProblem } from '../protocol.gen';
import InboxPage from './InboxPage.svelte';

const ask = (id: string, prompt: Partial<AgentPrompt> = {}): OpenPrompt => ({
  projectId: 'p', agentSessionId: `s-${id}`, title: `Session ${id}`,
  prompt: { type: 'prompt', promptId: id, kind: 'permission', toolName: 'Bash', toolUseId: 't', input: { command: `echo ${id}` }, title: `Run ${id}`, agentSessionId: `s-${id}`, at: `2026-11-22T10:00:0${id}Z`, ...prompt },
});
const limit: SessionProblem = { projectId: 'p', agentSessionId: 's-9', title: 'Session 9', at: '2026-11-22T10:00:09Z', code: 'rate_limit', message: 'Limit reached.', resetsAt: '2026-11-22T12:00:00Z' };
const changed = { agentSessionId: 's-1', state: 'idle' as const, title: 't', openPrompts: 0, lastSeq: 9 };

let fake: FakeConnection;
let prompts: OpenPrompt[];
let problems: SessionProblem[];

beforeEach(async () => {
  fake = new FakeConnection();
  prompts = [ask('1'), ask('2')];
  problems = [limit];
  fake.when('agent_prompts_list', () => ({ prompts, problems }));
  fake.when('projects_list', () => ({ projects: [{ projectId: 'p', name: 'shop', path: '/home/ada/shop', lastOpenedAt: null, watcherRunning: true, lastFsSeq: 0 }] }));
  fake.when('agent_prompt_response', () => ({ accepted: true }));
  fake.when('agent_problem_dismiss', () => ({}));
  const app = { attention: new Attention(fake.connection), machines: new Machines(fake.connection), connection: fake.connection } as unknown as App;
  render(InboxPage, { app });
  for (const listener of fake.registered) {
    const machine = { machineKey: 'm', label: 'desk', hostname: 'desk', platform: 'linux', connected: true, lastSeenAt: null, daemonVersion: '1' };
    listener({ user_id: 'u', clientId: 'cl', machines: [machine] });
  }
  await screen.findByRole('heading', { name: 'Run 1' });
});
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));
const listed = () => within(screen.getByRole('list', { name: 'Needs you' })).getAllByRole('listitem').map((item) => item.textContent);

test('everything that waits is listed, the oldest first and open to be answered', () => {
  expect(listed().map((line) => /Session \d/.exec(line!)![0])).toEqual(['Session 1', 'Session 2', 'Session 9']);
  screen.getByText('echo 1');
  screen.getByRole('link', { name: 'Needs you 3 waiting' });
});

test('an answer goes to its session, and the next one comes up by itself', async () => {
  await press('Allow');
  await screen.findByRole('heading', { name: 'Run 2' });
  expect(fake.asked.at(-1)).toMatchObject({ type: 'agent_prompt_response', payload: { agentSessionId: 's-1', promptId: '1', decision: 'allow' } });
  expect(fake.request.mock.calls.at(-1)).toContainEqual({ machineKey: 'm', sessionId: 'p' });
  expect(screen.getByText('Done. 2 left.')).toBeTruthy();
});

test('what is tapped is shown, and each suggestion is a choice of its own', async () => {
  prompts = [ask('1'), ask('2', { suggestions: [{ label: 'echo in this session', type: 'addRules' }, { label: 'all edits', type: 'setMode' }] })];
  fake.tell('daemon_status', { machineKey: 'm', connected: true, label: '', lastSeenAt: null });
  await fireEvent.click(await screen.findByRole('button', { name: /Run 2/ }));
  await fireEvent.click(await screen.findByRole('button', { name: 'Allow, and: all edits' }));
  await vi.waitFor(() => expect(fake.asked.at(-1)?.payload).toMatchObject({ promptId: '2', suggestions: [1] }));
});

test('answered elsewhere it goes away', async () => {
  prompts = [ask('2')];
  fake.tell('agent_session_changed', { ...changed, machineOpenPrompts: 1, machineProblems: 1 });
  await screen.findByRole('heading', { name: 'Run 2' });
  expect(listed()).toHaveLength(2);
});

test('the same number may be of other questions', async () => {
  prompts = [ask('2'), ask('3')];
  fake.tell('agent_session_changed', { ...changed, machineOpenPrompts: 2, machineProblems: 1 });
  await vi.waitFor(() => expect(listed().join()).toContain('Session 3'));
});

test('somebody was faster: that counts as answered', async () => {
  fake.answers.set('agent_prompt_response', () => {
    throw new RequestError({ code: 'NOT_FOUND', message: 'gone' });
  });
  await press('Deny');
  await screen.findByRole('heading', { name: 'Run 2' });
});

test('an answer that did not arrive stays to be given, and says why', async () => {
  fake.answers.set('agent_prompt_response', () => {
    throw new ConnectionLost();
  });
  await press('Allow');
  expect((await screen.findByRole('alert')).textContent).toContain('connection was lost');
  screen.getByRole('heading', { name: 'Run 1' });
});

test('a limit says when it resets and is taken note of on all devices', async () => {
  await fireEvent.click(screen.getByRole('button', { name: /Limit reached/ }));
  screen.getByRole('heading', { name: 'A limit is reached' });
  screen.getByText(/resets at/);
  await press('Dismiss');
  await vi.waitFor(() => expect(listed()).toHaveLength(2));
  expect(fake.asked.at(-1)).toEqual({ type: 'agent_problem_dismiss', payload: { agentSessionId: 's-9' } });
});

test('nothing left says so', async () => {
  fake.tell('agent_session_changed', { ...changed, machineOpenPrompts: 0 });
  await screen.findByText('Nothing needs you');
});

test('a command inside the project is a tap, outside of it a hold', async () => {
  prompts = [ask('1', { toolName: 'Write', input: { file_path: '/home/ada/shop/a.ts', content: 'x' } })];
  problems = [];
  fake.tell('agent_session_changed', { ...changed, openPrompts: 1, machineOpenPrompts: 1 });
  await screen.findByText('/home/ada/shop/a.ts');
  screen.getByRole('button', { name: 'Allow' });
});
