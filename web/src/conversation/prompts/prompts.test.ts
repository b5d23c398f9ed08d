import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import type { AgentPrompt } from '../../protocol.gen';
import { HOLD } from '../../ui/hold';
import PromptPanel from './PromptPanel.svelte';

const base: AgentPrompt = {
  type: 'prompt', promptId: 'p', kind: 'permission', toolName: 'Write', toolUseId: 't', input: {}, title: 'Claude wants to write a.txt', agentSessionId: 's', at: '',
};

function show(prompt: Partial<AgentPrompt>, taken = true) {
  const answer = vi.fn(() => Promise.resolve(taken));
  render(PromptPanel, { prompt: { ...base, ...prompt }, waiting: 0, answer });
  const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));
  return { answer, press };
}

test('permission: the whole input is readable, controls shown for what they are', () => {
  const content = `first\n${'x'.repeat(5_000)}\u202eend`;
  show({ input: { file_path: 'a\u001b.txt', content, nested: { deep: [1, 2] } } });
  const section = within(screen.getByRole('region', { name: 'Permission' }));
  section.getByRole('heading', { name: 'Claude wants to write a.txt' });
  section.getByText('a␛.txt');
  expect(section.getByText(/^first/).textContent).toBe(content.replace('\u202e', '⟨U+202E⟩'));
  expect(section.getByText(/"deep"/).textContent).toContain('2');
});

test('permission: an edit is shown as its difference, and nothing else is left out', () => {
  show({ toolName: 'Edit', input: { file_path: 'a.ts', old_string: 'one\ntwo', new_string: 'one\n2', replace_all: true } });
  expect(document.querySelector('.removed')?.textContent).toBe('− two');
  expect(document.querySelector('.added')?.textContent).toBe('+ 2');
  screen.getByText('replace_all');
});

test.each([
  ['Allow', { decision: 'allow' }],
  ['Deny', { decision: 'deny' }],
  ['Allow, and: second', { decision: 'allow', suggestions: [1] }],
])('permission: %s', async (name, expected) => {
  const { answer, press } = show({ suggestions: [{ label: 'first', type: 'setMode' }, { label: 'second', type: 'addRules' }] });
  await press(name);
  expect(answer).toHaveBeenCalledExactlyOnceWith(expected);
});

test('permission: a denial can say what to do instead, or stop the turn', async () => {
  const say = show({});
  expect(screen.getByRole('button', { name: 'Deny and say this', hidden: true })).toHaveProperty('disabled', true);
  await fireEvent.input(screen.getByLabelText('What to do instead'), { target: { value: ' use b.txt ' } });
  await fireEvent.click(screen.getByRole('button', { name: 'Deny and say this', hidden: true }));
  expect(say.answer).toHaveBeenCalledExactlyOnceWith({ decision: 'deny', message: 'use b.txt' });
  cleanup();
  const stop = show({});
  await fireEvent.click(screen.getByRole('button', { name: 'Deny and stop', hidden: true }));
  expect(stop.answer).toHaveBeenCalledExactlyOnceWith({ decision: 'deny', message: undefined, interrupt: true });
});

test('permission: a command can be edited before it is allowed', async () => {
  const { answer } = show({ toolName: 'Bash', input: { command: 'rm -rf dist', description: 'Clean' } });
  await fireEvent.input(screen.getByLabelText('Edit the command'), { target: { value: 'rm -r dist' } });
  await hold('Hold: Allow as edited');
  expect(answer).toHaveBeenCalledExactlyOnceWith({ decision: 'allow', updatedInput: { command: 'rm -r dist', description: 'Clean' } });
});

/** Long enough, as a finger does. */
async function hold(name: string, time = HOLD): Promise<void> {
  vi.useFakeTimers();
  const button = screen.getByRole('button', { name: new RegExp(name), hidden: true });
  await fireEvent.pointerDown(button, { button: 0 });
  await vi.advanceTimersByTimeAsync(time);
  await fireEvent.pointerUp(button);
  await fireEvent.click(button, { detail: 1 });
  vi.useRealTimers();
}

const deletion = { toolName: 'Bash', input: { command: 'rm -rf dist' }, suggestions: [{ label: 'rm in this session', type: 'addRules' }] };

test('permission: what is dangerous says why, and a tap does not allow it', async () => {
  const { answer, press } = show(deletion);
  screen.getByText('This deletes something.');
  expect(screen.queryByRole('button', { name: 'Allow' })).toBeNull();
  await hold('^Hold: Allow$', HOLD - 50);
  expect(answer).not.toHaveBeenCalled();
  screen.getAllByText('Not done: press longer.');
  await press('Deny');
  expect(answer).toHaveBeenCalledExactlyOnceWith({ decision: 'deny' });
});

test.each([['^Hold: Allow$', { decision: 'allow' }], ['^Hold: Allow, and', { decision: 'allow', suggestions: [0] }]])('permission: what is dangerous is held: %s', async (name, expected) => {
  const { answer } = show(deletion);
  await hold(name);
  expect(answer).toHaveBeenCalledExactlyOnceWith(expected);
});

test('permission: a key is held too, and who has a screen reader press it says so twice', async () => {
  vi.useFakeTimers();
  const keys = show(deletion);
  const button = () => screen.getByRole('button', { name: 'Hold: Allow' });
  await fireEvent.keyDown(button(), { key: 'Enter' });
  await vi.advanceTimersByTimeAsync(HOLD);
  expect(keys.answer).toHaveBeenCalledOnce();
  vi.useRealTimers();
  cleanup();

  const spoken = show(deletion);
  await fireEvent.click(button(), { detail: 0 });
  screen.getAllByText('Press again to confirm.');
  expect(spoken.answer).not.toHaveBeenCalled();
  await fireEvent.click(button(), { detail: 0 });
  expect(spoken.answer).toHaveBeenCalledExactlyOnceWith({ decision: 'allow' });
});

test('permission: inside the project a file is written with a tap, outside of it not', () => {
  const panel = (file_path: string) => render(PromptPanel, { prompt: { ...base, input: { file_path } }, waiting: 0, root: '/home/ada/shop', answer: async () => true });
  panel('/home/ada/shop/a.ts');
  screen.getByRole('button', { name: 'Allow' });
  cleanup();
  panel('/etc/hosts');
  screen.getByText('This reaches outside the project.');
});

test('permission: a command that is too long to be read in a field is not edited', () => {
  show({ toolName: 'Bash', input: { command: 'x'.repeat(3_000) } });
  expect(screen.queryByLabelText('Edit the command')).toBeNull();
});

test('one answer a prompt: the buttons rest afterwards', async () => {
  const { answer, press } = show({});
  await press('Allow');
  await press('Deny');
  await vi.waitFor(() => expect(screen.getByRole('button', { name: 'Deny' })).toHaveProperty('disabled', true));
  expect(answer).toHaveBeenCalledOnce();
});

test('an answer that did not arrive can be given again', async () => {
  const { answer, press } = show({}, false);
  await press('Allow');
  await vi.waitFor(() => expect(screen.getByRole('button', { name: 'Allow' })).toHaveProperty('disabled', false));
  await press('Allow');
  expect(answer).toHaveBeenCalledTimes(2);
});

const questions = [
  { question: 'Which colour?', header: 'Colour', multiSelect: false, options: [{ label: 'Red', description: 'Warm' }, { label: 'Blue' }] },
  { question: 'Which sizes?', header: 'Size', multiSelect: true, options: [{ label: 'S' }, { label: 'M' }, { label: 'L' }] },
];

test('question: one of a kind, several of another, in the order they were offered', async () => {
  const { answer, press } = show({ kind: 'question', questions });
  expect(screen.getByRole('button', { name: 'Answer' })).toHaveProperty('disabled', true);
  await fireEvent.click(screen.getByRole('radio', { name: 'Red' }));
  await fireEvent.click(screen.getByRole('radio', { name: 'Blue' }));
  await fireEvent.click(screen.getByRole('checkbox', { name: 'L' }));
  await fireEvent.click(screen.getByRole('checkbox', { name: 'S' }));
  await press('Answer');
  expect(answer).toHaveBeenCalledExactlyOnceWith({ decision: 'allow', answers: { 'Which colour?': 'Blue', 'Which sizes?': 'S, L' } });
});

test('question: an answer of one’s own instead of the offered ones', async () => {
  const { answer, press } = show({ kind: 'question', questions: [questions[0]] });
  await fireEvent.click(screen.getByRole('radio', { name: 'Red' }));
  await fireEvent.input(screen.getByRole('textbox', { name: 'Other answer' }), { target: { value: ' Green ' } });
  expect(screen.getByRole('radio', { name: 'Red' })).toHaveProperty('checked', false);
  await press('Answer');
  expect(answer).toHaveBeenCalledExactlyOnceWith({ decision: 'allow', answers: { 'Which colour?': 'Green' } });
});

test('question: skipped', async () => {
  const { answer, press } = show({ kind: 'question', questions });
  await press('Skip');
  expect(answer).toHaveBeenCalledExactlyOnceWith({ decision: 'deny', message: 'The user skipped the question.' });
});

test('plan: rendered, approved, approved with edits, sent back with a wish', async () => {
  const plan = {
    kind: 'plan' as const, plan: '# The plan\n\n1. first', title: 'Claude has a plan', suggestions: [{ label: 'accept all edits', type: 'setMode' }],
  };
  const approve = show(plan);
  expect(screen.getByRole('region', { name: 'Plan' }).querySelector('li')?.textContent).toBe('first');
  await approve.press('Approve');
  expect(approve.answer).toHaveBeenCalledExactlyOnceWith({ decision: 'allow' });
  document.body.replaceChildren();

  const withEdits = show(plan);
  await withEdits.press('Approve and accept edits');
  expect(withEdits.answer).toHaveBeenCalledExactlyOnceWith({ decision: 'allow', suggestions: [0] });
  document.body.replaceChildren();

  const keep = show(plan);
  await fireEvent.input(screen.getByRole('textbox', { name: 'What to change' }), { target: { value: 'Smaller steps' } });
  await keep.press('Keep planning');
  expect(keep.answer).toHaveBeenCalledExactlyOnceWith({ decision: 'deny', message: 'Smaller steps' });
});
