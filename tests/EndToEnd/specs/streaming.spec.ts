import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

/** Three deltas with a gate before the second and the third. */
const growing = (name: string): string =>
  scripted('Count for me.', { text: 'one, two, six.', chunks: 3, waitFor: [`${name}-second`, `${name}-third`] });

test('an answer grows while it is written', async ({ phone, anthropic }) => {
  await phone.newSession();
  await expect(phone.button('Send')).toBeDisabled();
  await phone.send(growing('grow'));

  await expect(phone.you).toContainText('Count for me.');
  await expect(phone.claude).toHaveText('one,');
  await expect(phone.claude).toHaveAttribute('aria-busy', 'true');
  await expect(phone.status('running')).toBeVisible();

  await anthropic.release('grow-second');
  await expect(phone.claude).toHaveText('one, two,');

  await anthropic.release('grow-third');
  await expect(phone.claude).toHaveText('one, two, six.');
  await expect(phone.claude).not.toHaveAttribute('aria-busy', 'true');
  await phone.expectIdle();
  await expect(phone.log).toContainText(/\d\s?m?s/);
});

test('a page reloaded in mid-answer loses nothing and doubles nothing', async ({ phone, anthropic }) => {
  await phone.newSession();
  await phone.send(growing('reload'));
  await expect(phone.claude).toHaveText('one,');
  await anthropic.release('reload-second');
  await expect(phone.claude).toHaveText('one, two,');

  await phone.page.reload();
  await expect(phone.claude).toHaveText('one, two,');
  await expect(phone.you).toHaveCount(1);

  await anthropic.release('reload-third');
  await expect(phone.claude).toHaveText('one, two, six.');
  await phone.expectIdle();

  await phone.page.reload();
  await expect(phone.claude).toHaveText(['one, two, six.']);
  await expect(phone.you).toHaveCount(1);
  await phone.send('[[scenario:text]]');
  await expect(phone.claude).toHaveText(['one, two, six.', 'Hello from the scripted model.']);
});

test('stop ends an answer in the middle, and the next message is answered', async ({ phone }) => {
  await phone.newSession();
  await phone.send(growing('stop'));
  await expect(phone.claude).toHaveText('one,');

  await phone.button('Stop').tap();
  await expect(phone.log.getByText('Stopped', { exact: true })).toBeVisible();
  await phone.expectIdle();
  await expect(phone.claude).toHaveText(['one,']);

  await phone.send('[[scenario:text]]');
  await expect(phone.claude.last()).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();
});

test('a message sent while a turn runs waits for its turn', async ({ phone, anthropic }) => {
  await phone.newSession();
  await phone.send(growing('queue'));
  await expect(phone.claude).toHaveText('one,');
  await phone.send('[[scenario:text]]');
  await expect(phone.you).toHaveCount(2);

  await anthropic.release('queue-second');
  await anthropic.release('queue-third');
  await expect(phone.claude).toHaveText(['one, two, six.', 'Hello from the scripted model.']);
  await phone.expectIdle();
});

test('two phones see the same answer grow', async ({ phone, machine, anthropic, anotherPhone }) => {
  await phone.newSession();
  await phone.send(growing('both'));
  await expect(phone.claude).toHaveText('one,');

  const second = await anotherPhone();
  await second.pair(await machine.pairAnother());
  await second.openProject();
  await second.link(/Count for me/).tap();
  await expect(second.claude).toHaveText('one,');

  await anthropic.release('both-second');
  await anthropic.release('both-third');
  for (const each of [phone, second]) {
    await expect(each.claude).toHaveText(['one, two, six.']);
    await each.expectIdle();
  }
});
