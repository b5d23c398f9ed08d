import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import type { App } from '../app/app';
import { RequestError } from '../net/errors';
import ConnectionPage from './ConnectionPage.svelte';
import { Machines } from './machines.svelte';

const machine = { machineKey: 'm', label: 'desk', hostname: 'desk', platform: 'linux', connected: true, lastSeenAt: null, daemonVersion: '1' };
function page(more: Partial<typeof machine> = {}): FakeConnection {
  const fake = new FakeConnection();
  const connection = Object.assign(fake.connection, { ping: () => Promise.resolve(1) });
  fake.when('agent_prompts_list', () => ({ prompts: [] }));
  fake.when('agents_list', () => ({ agents: [] }));
  const machines = new Machines(connection);
  machines.list = [{ ...machine, ...more }];
  render(ConnectionPage, { app: { connection, machines } as unknown as App, machineKey: 'm' });
  return fake;
}
const submit = () => fireEvent.submit(screen.getByRole('dialog').querySelector('form')!);
const asked = (fake: FakeConnection) => fake.asked.filter(({ type }) => type === 'machine_rename').map(({ payload }) => payload);

test('a machine is renamed, without what cannot be seen, and its new name is shown at once', async () => {
  const fake = page({ label: 'de\u202esk' });
  fake.when('machine_rename', ({ label }) => ({ label }));
  await fireEvent.click(screen.getByRole('button', { name: 'Rename' }));
  const field = screen.getByLabelText<HTMLInputElement>('Name of the machine', { selector: 'input' });
  expect(field.value).toBe('desk');
  await fireEvent.input(field, { target: { value: ' Work\u2066 Lap\u200btop ' } });
  await submit();
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(asked(fake)).toEqual([{ label: 'Work Laptop' }]);
  expect(screen.getAllByText('Work Laptop').length).toBeGreaterThan(0);
});

test('a name of nothing cannot be sent', async () => {
  const fake = page();
  await fireEvent.click(screen.getByRole('button', { name: 'Rename' }));
  await fireEvent.input(screen.getByLabelText('Name of the machine', { selector: 'input' }), { target: { value: ' \u200b ' } });
  await submit();
  expect(asked(fake)).toEqual([]);
});

test('a refusal is said in a sentence, and what was typed stays', async () => {
  const fake = page();
  fake.when('machine_rename', () => {
    throw new RequestError({ code: 'INVALID_REQUEST', message: 'A label has 1 to 64 characters and no control characters.' });
  });
  await fireEvent.click(screen.getByRole('button', { name: 'Rename' }));
  const field = screen.getByLabelText<HTMLInputElement>('Name of the machine', { selector: 'input' });
  await fireEvent.input(field, { target: { value: 'laptop' } });
  await submit();
  expect((await screen.findByRole('alert')).textContent).toContain('1 to 64 characters');
  expect(field.value).toBe('laptop');
});

test('a machine that is away cannot be renamed, and the button says why', () => {
  page({ connected: false });
  const button = screen.getByRole<HTMLButtonElement>('button', { name: 'Rename' });
  expect(button.disabled).toBe(true);
  expect(document.getElementById(button.getAttribute('aria-describedby')!)?.textContent).toBe('It can be renamed when it is connected.');
});
