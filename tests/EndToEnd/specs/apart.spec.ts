import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

const answer = (name: string): string => scripted('Count for me.', { text: 'one, two, six.', chunks: 3, waitFor: [`${name}-second`, `${name}-third`] });

test('the relay is killed in mid-answer and started again: everything comes back by itself', async ({ stranger: phone, apart, anthropic }) => {
  await phone.pair(await apart.pairAnother());
  await phone.openProject();
  await phone.newSession();
  await phone.send(answer('relay'));
  await expect(phone.claude).toHaveText('one,');

  await apart.killRelay();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await anthropic.release('relay-second');
  await apart.startRelay();
  await expect(phone.claude).toHaveText(['one, two,']);

  await anthropic.release('relay-third');
  await expect(phone.claude).toHaveText(['one, two, six.']);
  await expect(phone.you).toHaveCount(1);
  await phone.expectIdle();
  await phone.send('[[scenario:memory]]');
  await expect(phone.claude.last()).toHaveText('You first told me: Count for me.');
});

test('the daemon is killed and started again: the phone says so, and the session goes on with its memory', async ({ stranger: phone, apart }) => {
  await phone.pair(await apart.pairAnother());
  await phone.openProject();
  await phone.newSession();
  await phone.send('My number is 42. [[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  await apart.killDaemon();
  await expect(phone.status(/is offline/)).toBeVisible();
  await phone.send('What is my number? [[scenario:memory]]');
  await apart.startDaemon();

  await expect(phone.claude).toHaveText(['Hello from the scripted model.', 'You first told me: My number is 42.']);
  await expect(phone.status(/is offline/)).toBeHidden();
  await expect(phone.you).toHaveCount(2);
  await phone.expectIdle();
});

test('a machine that is away is shown as such, and its return too', async ({ stranger: phone, apart }) => {
  await phone.pair(await apart.pairAnother());
  await expect(phone.page.getByText('online', { exact: true })).toBeVisible();

  await apart.killDaemon();
  await expect(phone.page.getByText('offline', { exact: true })).toBeVisible();
  await apart.startDaemon();
  await expect(phone.page.getByText('online', { exact: true })).toBeVisible();
  await expect(phone.link('shop')).toBeVisible();
});
