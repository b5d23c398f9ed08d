import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

const held = (gate: string): string => scripted('Count for me.', { text: 'one, two', chunks: 2, waitFor: gate });

test('each message says how far it has come, until its turn has ended', async ({ phone, anthropic }) => {
  await phone.newSession();
  await phone.send(held('receipts'));
  await expect(phone.claude).toHaveText('one,');
  await expect(phone.you).toContainText('given to Claude');

  await phone.send('[[scenario:text]]');
  await expect(phone.you.last()).toContainText('waits for its turn');

  await anthropic.release('receipts');
  await expect(phone.claude.last()).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();
  await expect(phone.you.filter({ hasText: 'done' })).toHaveCount(2);

  await phone.page.reload();
  await expect(phone.you.filter({ hasText: 'done' })).toHaveCount(2);
});

test('a message whose turn was stopped says so', async ({ phone }) => {
  await phone.newSession();
  await phone.send(held('never'));
  await expect(phone.claude).toHaveText('one,');
  await phone.button('Stop').tap();
  await expect(phone.you).toContainText('stopped');
});

test('a message to a machine that is away waits for it, and says so', async ({ phone, machine }) => {
  await phone.newSession();
  await phone.send('[[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  await machine.kill();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await phone.send('[[scenario:memory]]');
  await expect(phone.you.last()).toContainText('waits for the machine');
  await machine.up();
  await expect(phone.you.last()).toContainText('done');
});
