import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

const HELD = 'never-released';
const held = scripted('Think long.', { text: 'half and half', chunks: 2, waitFor: HELD });
const memory = 'You first told me: My number is 42.';

test('everything comes back by itself after a power cut, and the session goes on with its memory', async ({ phone, machine }) => {
  await phone.newSession();
  await phone.send('My number is 42. [[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  await machine.kill();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await machine.up();
  await phone.expectIdle();
  await expect(phone.status(/Reconnecting/)).toBeHidden();
  await expect(phone.claude).toHaveText(['Hello from the scripted model.']);

  await phone.send('What is my number? [[scenario:memory]]');
  await expect(phone.claude).toHaveText(['Hello from the scripted model.', memory]);
  await expect(phone.you).toHaveCount(2);
  await phone.expectIdle();
});

test('a clean restart is no different', async ({ phone, machine }) => {
  await phone.newSession();
  await phone.send('My number is 42. [[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  await machine.stop();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await machine.up();
  await phone.expectIdle();

  await phone.send('What is my number? [[scenario:memory]]');
  await expect(phone.claude.last()).toHaveText(memory);
});

test('a power cut in mid-answer: the turn says that it was interrupted, and the session goes on', async ({ phone, machine }) => {
  await phone.newSession();
  await phone.send('My number is 42. [[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();
  await phone.send(held);
  await expect(phone.claude.last()).toContainText('half');

  await machine.kill();
  await machine.up();
  await expect(phone.log.getByText('Interrupted', { exact: true })).toBeVisible();
  await phone.expectIdle();

  await phone.send('What is my number? [[scenario:memory]]');
  await expect(phone.claude.last()).toHaveText(memory);
  await phone.expectIdle();
});

test('what is written while the relay is away is sent once when it is back', async ({ phone, machine }) => {
  await phone.newSession();
  await phone.send('My number is 42. [[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  await machine.kill();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await phone.send('What is my number? [[scenario:memory]]');
  await expect(phone.you).toHaveCount(2);
  await machine.up();

  await expect(phone.claude).toHaveText(['Hello from the scripted model.', memory]);
  await phone.expectIdle();
  await phone.page.reload();
  await expect(phone.claude).toHaveText(['Hello from the scripted model.', memory]);
  await expect(phone.you).toHaveCount(2);
});

test('a session is found again in the list', async ({ phone }) => {
  await phone.newSession();
  await phone.send('My number is 42. [[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  await phone.link('Back').tap();
  await expect(phone.page.getByRole('listitem').filter({ has: phone.link(/My number is 42/) })).toContainText('idle');
  await phone.link(/My number is 42/).tap();

  await expect(phone.claude).toHaveText(['Hello from the scripted model.']);
  await expect(phone.you).toHaveCount(1);
});

test('a phone whose storage was taken away pairs again, and everything is there', async ({ phone, machine }) => {
  await phone.newSession();
  await phone.send('My number is 42. [[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  // What a browser does to an app that it thinks forgotten: everything goes at once.
  const developer = await phone.page.context().newCDPSession(phone.page);
  await phone.page.goto('about:blank');
  await developer.send('Storage.clearDataForOrigin', { origin: machine.url.replace(/\/$/, ''), storageTypes: 'all' });
  await phone.page.goto(machine.url);
  await expect(phone.page.getByRole('textbox', { name: 'Pairing link or code' })).toBeVisible();

  await phone.pair(await machine.pairAnother());
  await phone.openProject();
  await phone.link(/My number is 42/).tap();
  await expect(phone.claude).toHaveText(['Hello from the scripted model.']);
  await phone.send('What is my number? [[scenario:memory]]');
  await expect(phone.claude.last()).toHaveText(memory);
});
