import { expect, test } from '../harness/test';

test('a command prints as it runs, and ends with what it ended with', async ({ phone }) => {
  await phone.link('Commands').tap();
  await phone.command.fill("printf '\\033[31mred\\033[0m\\033]0;title\\007 \\342\\200\\256x\\n'; exit 7");
  await phone.button('Run').tap();
  const output = phone.page.getByRole('region', { name: /^Output of/ });
  await expect(output).toContainText('red ⟨U+202E⟩x');
  await expect(output.locator('.fg-1')).toHaveText('red');
  await expect(phone.status('exit 7')).toBeVisible();

  await phone.button('Favourite').tap();
  await phone.link('All commands').tap();
  await phone.page.reload();
  await phone.button(/^Run printf/).tap();
  await expect(phone.status('exit 7')).toBeVisible();
  await phone.link('All commands').tap();
  await expect(phone.page.getByRole('list', { name: 'Commands that ran' }).getByRole('listitem')).toHaveCount(2);
});

test('it goes on in a tunnel, is followed again without a gap, and stopped', async ({ stranger: phone, machine, network, home }) => {
  await phone.pair(network.by(machine.pairUrl));
  await phone.openProject();
  await phone.link('Commands').tap();
  // Waits for a file, so that it is known what was printed before the cut and what after.
  await phone.command.fill('echo first; until [ -e go ]; do sleep 0.05; done; echo second; sleep 300');
  await phone.button('Run').tap();
  const output = phone.page.getByRole('region', { name: /^Output of/ });
  await expect(output).toContainText('first');
  await network.cut();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await home.write('go', '');
  await network.restore();
  await expect(output).toHaveText(/first\s*second/);

  await phone.page.reload();
  await expect(output).toHaveText(/first\s*second/);
  await phone.button('Stop').tap();
  await expect(phone.status('stopped')).toBeVisible();

  await network.cut();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await phone.command.fill('echo from the tunnel >> said; cat said');
  await phone.button('Run').tap();
  await expect(phone.status('waits for the connection')).toBeVisible();
  await network.restore();
  await expect(output).toHaveText('from the tunnel'); // and once
});
