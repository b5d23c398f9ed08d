import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

const answer = (name: string): string => scripted('Count for me.', { text: 'one, two, six.', chunks: 3, waitFor: [`${name}-second`, `${name}-third`] });

test('a network lost in mid-answer: what was missed is there when it is back', async ({ stranger: phone, machine, network, anthropic }) => {
  await phone.pair(network.by(machine.pairUrl));
  await phone.openProject();
  await phone.newSession();
  await phone.send(answer('cut'));
  await expect(phone.claude).toHaveText('one,');

  await network.cut();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await expect(phone.claude).toHaveText('one,');
  await anthropic.release('cut-second');
  await network.restore();
  await expect(phone.claude).toHaveText(['one, two,']);

  await network.cut();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await anthropic.release('cut-third');
  await network.restore();
  await expect(phone.claude).toHaveText(['one, two, six.']);
  await expect(phone.you).toHaveCount(1);
  await phone.expectIdle();
});

test('a link that is dead but looks alive is found out when the phone wakes up', async ({ stranger: phone, machine, network }) => {
  await phone.pair(network.by(machine.pairUrl));
  await phone.openProject();
  await phone.newSession();
  await phone.send('[[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  network.goDead();
  await phone.page.evaluate(() => dispatchEvent(new Event('online')));
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  network.comeAlive();

  await phone.send('[[scenario:memory]]');
  await expect(phone.claude.last()).toContainText('You first told me:', { timeout: 30_000 });
  await phone.expectIdle();
});

test('an open question can be answered after the network was away', async ({ stranger: phone, machine, network }) => {
  await phone.pair(network.by(machine.pairUrl));
  await phone.openProject();
  await phone.newSession();
  await phone.send('[[scenario:write]]');
  await expect(phone.prompt('Permission')).toBeVisible();

  await network.cut();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await network.restore();
  await expect(phone.status(/Reconnecting/)).toBeHidden();
  await phone.prompt('Permission').getByRole('button', { name: 'Allow', exact: true }).tap();
  await expect(phone.claude.last()).toHaveText('The file is written.');
});
