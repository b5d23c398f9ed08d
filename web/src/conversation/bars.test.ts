import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import type { TodoItem } from '../protocol.gen';
import AgentChoice from './AgentChoice.svelte';
import { Conversation } from './conversation.svelte';
import SessionMenu from './SessionMenu.svelte';
import TerminalBar from './TerminalBar.svelte';
import TodoBar from './TodoBar.svelte';
import { emptyView } from './view';

afterEach(() => vi.restoreAllMocks());

function conversationOf(id: string | undefined = 's') {
  const fake = new FakeConnection();
  return { fake, conversation: new Conversation(fake.connection, { machineKey: 'm', projectId: 'p' }, id, () => {}) };
}

const todo = (...states: TodoItem['state'][]): TodoItem[] => states.map((state, index) => ({ id: `${index}`, content: `Step ${index + 1}\u202e`, state }));

test.each([
  [todo('completed', 'in_progress', 'pending'), '2 of 3: Step 2⟨U+202E⟩'],
  [todo('completed', 'completed', 'pending'), '3 of 3: Step 3⟨U+202E⟩'],
  [todo('pending', 'pending'), '1 of 2: Step 1⟨U+202E⟩'],
  [todo('completed', 'completed'), '2 of 2: all done'],
])('the list is one line: %j', (items, line) => {
  render(TodoBar, { view: { ...emptyView, activity: 'running', todo: items } });
  screen.getByText(line);
  expect(within(screen.getByRole('list', { hidden: true })).getAllByRole('listitem', { hidden: true })).toHaveLength(items.length);
});

test('no list, or one that is done when its turn is over, takes no place', () => {
  render(TodoBar, { view: emptyView });
  render(TodoBar, { view: { ...emptyView, todo: todo('completed') } });
  expect(document.querySelector('details')).toBeNull();
});

test('taking over asks once, and only then ends the session in the terminal', async () => {
  const { fake, conversation } = conversationOf();
  fake.when('agent_session_take_over', () => ({ takenOver: true }));
  conversation.inTerminal = true;
  render(TerminalBar, { conversation, machine: 'desk\u202e', open: () => {} });
  screen.getByRole('heading', { name: 'Open in a terminal on desk⟨U+202E⟩' });

  const asked = vi.spyOn(window, 'confirm').mockReturnValue(false);
  await fireEvent.click(screen.getByRole('button', { name: 'Take over' }));
  expect(fake.asked).toEqual([]);
  asked.mockReturnValue(true);
  await fireEvent.click(screen.getByRole('button', { name: 'Take over' }));
  expect(fake.asked).toEqual([{ type: 'agent_session_take_over', payload: { agentSessionId: 's' } }]);
  await vi.waitFor(() => expect(conversation.inTerminal).toBe(false));
});

test('a fork opens the new session, and a refused one says why', async () => {
  const { fake, conversation } = conversationOf();
  const open = vi.fn();
  render(TerminalBar, { conversation, machine: '', open });
  await fireEvent.click(screen.getByRole('button', { name: 'Fork' }));
  await vi.waitFor(() => expect(conversation.problem).not.toBe(''));
  expect(open).not.toHaveBeenCalled();

  fake.when('agent_session_fork', () => ({ agentSessionId: 'forked' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Fork' }));
  await vi.waitFor(() => expect(open).toHaveBeenCalledExactlyOnceWith('forked'));
});

test('the menu tells the command for the desk, and stops what runs in the background', async () => {
  const { fake, conversation } = conversationOf();
  fake.when('agent_session_resume_command', () => ({ command: "cd '/shop' && claude --resume s" }));
  fake.when('agent_cancel', () => ({ cancelled: true }));
  conversation.view = { ...emptyView, background: 2 };
  render(SessionMenu, { conversation });
  const details = document.querySelector('details')!;
  details.open = true;
  await screen.findByText("cd '/shop' && claude --resume s");
  await fireEvent.click(screen.getByRole('button', { name: 'Stop 2 in the background' }));

  expect(fake.asked).toEqual([
    { type: 'agent_session_resume_command', payload: { agentSessionId: 's' } },
    { type: 'agent_cancel', payload: { agentSessionId: 's', background: true } },
  ]);
  expect(details.open).toBe(false);
});

test('where no terminal could go on, the menu says so', async () => {
  const { fake, conversation } = conversationOf();
  fake.when('agent_session_resume_command', () => ({}));
  render(SessionMenu, { conversation });
  const details = document.querySelector('details')!;
  details.open = true;
  await screen.findByText('There is nothing yet that a terminal could open.');
});

const claude = { agent: 'claude', name: 'Claude Code', available: true };
const acp = { agent: 'acp', name: 'Other', available: true, version: '1.0' };
const missing = { agent: 'gemini', name: 'Gemini', available: false, action: 'Install it.' };

test('where more than one agent is installed, a new session chooses; the others say what to do', async () => {
  const { fake, conversation } = conversationOf(undefined);
  fake.when('agents_list', () => ({ agents: [claude, missing, acp] }));
  render(AgentChoice, { connection: fake.connection, conversation });
  const choice = await screen.findByRole<HTMLSelectElement>('combobox', { name: 'Agent' });
  expect([...choice.options].map((option) => option.text)).toEqual(['Claude Code', 'Other 1.0']);
  await fireEvent.change(choice, { target: { value: 'acp' } });
  expect(conversation.agent).toBe('acp');
  screen.getByText('1 more is not ready');
  screen.getByText('Install it.');
});

test('where there is one, nothing is asked', async () => {
  const { fake, conversation } = conversationOf(undefined);
  const answered = Promise.resolve({ agents: [claude, missing] });
  fake.when('agents_list', () => answered);
  render(AgentChoice, { connection: fake.connection, conversation });
  await answered;
  expect(screen.queryByRole('combobox')).toBeNull();
});

test('the menu says what the session has cost and how full it is, and changes the model', async () => {
  const { fake, conversation } = conversationOf();
  fake.when('agent_set_mode', () => ({ permissionMode: 'default', model: 'opus' }));
  fake.when('agent_session_resume_command', () => ({}));
  conversation.view = {
    ...emptyView,
    model: 'claude-sonnet-4-5-20250929',
    items: [{ kind: 'done', key: 'e1', cancelled: false, interrupted: false, isError: false, durationMs: 1, totalCostUsd: 1.5, contextTokens: 50, contextWindow: 200 }],
  };
  render(SessionMenu, { conversation });
  screen.getByText('$1.50');
  screen.getByText('25 %');
  const model = screen.getByRole<HTMLSelectElement>('combobox', { name: 'Model', hidden: true });
  expect(within(model).getAllByRole('option', { hidden: true }).map((option) => option.textContent)).toEqual(['sonnet-4-5', 'Default', 'Opus', 'Sonnet', 'Haiku']);
  await fireEvent.change(model, { target: { value: 'opus' } });
  expect(fake.asked.find(({ type }) => type === 'agent_set_mode')?.payload).toEqual({ agentSessionId: 's', model: 'opus' });
  expect(model.value).toBe('opus');

  fake.when('agent_set_mode', () => {
    throw new Error('no');
  });
  await fireEvent.change(model, { target: { value: 'haiku' } });
  await vi.waitFor(() => expect(conversation.chosenModel).toBeUndefined());
});
