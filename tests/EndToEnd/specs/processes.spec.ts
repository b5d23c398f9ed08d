import type { Home } from '../harness/home';
import { expect, test } from '../harness/test';
import type { Phone } from '../harness/phone';

/** A command that Claude Code runs in a session of its own, out of reach of whoever kills Claude Code. */
async function startCommand(phone: Phone, home: Home): Promise<void> {
  await phone.newSession();
  await phone.send('[[scenario:bash-long]]');
  await phone.prompt('Permission').getByRole('button', { name: 'Allow', exact: true }).tap();
  await expect.poll(() => commands(home), { message: 'the command runs' }).toContain('tail -f');
}

async function commands(home: Home): Promise<string> {
  return (await home.processes()).map(({ command }) => command.trim()).join('\n');
}

test('stop ends the command that runs', async ({ phone, home }) => {
  await startCommand(phone, home);
  await expect(phone.tool('Bash')).toContainText('running');

  await phone.button('Stop').tap();
  await phone.expectIdle();
  await expect.poll(() => commands(home)).not.toContain('tail -f');
});

test('a clean stop of the machine leaves no process behind', async ({ phone, home, machine }) => {
  await startCommand(phone, home);

  await machine.stop();
  expect(await home.processes()).toEqual([]);
});

test('neither does a power cut of the daemon', async ({ phone, home, machine }) => {
  await startCommand(phone, home);

  await machine.kill();
  await expect.poll(() => commands(home), { message: 'everything ends by itself' }).toBe('');
});
