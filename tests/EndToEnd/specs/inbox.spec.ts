import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

test('what waits is answered in the inbox; what deletes has to be held, and elsewhere it goes away', async ({ phone, home, machine, anotherPhone }) => {
  await phone.newSession();
  await phone.send(scripted('Clean up.', { blocks: [{ tool: 'Bash', input: { command: 'rm README.md', description: 'Remove it' } }] }, { text: 'It is gone.' }));
  await expect(phone.prompt('Permission')).toContainText('This deletes something.');

  const second = await anotherPhone();
  await second.pair(await machine.pairAnother());
  await second.link(/^Needs you/).tap();
  await expect(second.prompt('Permission')).toContainText('rm README.md');
  const hold = second.button('Hold: Allow');
  await hold.tap();
  await expect(second.page.getByRole('status').filter({ hasText: 'press longer' })).toHaveCount(1);
  await access(join(home.project, 'README.md'));

  await hold.hover();
  await second.page.mouse.down();
  await expect(second.page.getByText('Nothing needs you')).toBeVisible();
  await second.page.mouse.up();
  await expect(phone.claude.last()).toHaveText('It is gone.');
  await expect(access(join(home.project, 'README.md'))).rejects.toThrow();
  await expect(phone.prompt('Permission')).toBeHidden();
});

test('the connection screen names the hop that broke, and notices when it is whole again', async ({ stranger, network, machine }) => {
  await stranger.pair(network.by(machine.pairUrl));
  await stranger.link('Settings').tap();
  await stranger.link('Connection').tap();
  await expect(stranger.status('Everything answers.')).toBeVisible();
  await expect(stranger.page.getByText(/^\d+ ms$|under 1 ms/).first()).toBeVisible();

  await network.cut();
  await expect(stranger.status('The way ends here: Relay.')).toBeVisible();
  await expect(stranger.page.getByText(/does not answer, since/)).toBeVisible();
  await network.restore();
  await stranger.button('Check again').tap();
  await expect(stranger.status('Everything answers.')).toBeVisible();
});

test('a device that is revoked on another one is cut off at once', async ({ phone, machine, anotherPhone }) => {
  const second = await anotherPhone();
  await second.pair(await machine.pairAnother());
  await second.link('Settings').tap();
  await second.link('Devices').tap();
  const other = second.page.getByRole('listitem').filter({ hasText: 'Device' }).filter({ hasNotText: 'this device' });
  await other.getByRole('button', { name: /^Revoke/ }).tap();
  await second.page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).tap();
  await expect(other).toHaveCount(0);
  await expect(phone.alert).toContainText('no longer paired');
});
