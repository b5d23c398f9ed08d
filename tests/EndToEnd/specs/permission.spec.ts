import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '../harness/test';

test('a Write asks; allowed it is on disk and the card says so; the next one denied is not', async ({ phone, home }) => {
  await phone.newSession();
  await phone.send('[[scenario:write]]');

  const permission = phone.prompt('Permission');
  await expect(permission).toContainText('hello.txt');
  await expect(permission).toContainText('world');
  await expect(phone.status('needs you')).toBeVisible();
  await expect(access(join(home.project, 'hello.txt'))).rejects.toThrow();

  await permission.getByRole('button', { name: 'Allow', exact: true }).tap();
  await expect(phone.claude.last()).toHaveText('The file is written.');
  expect(await readFile(join(home.project, 'hello.txt'), 'utf8')).toBe('hello\nworld\n');
  await expect(phone.tool('Write')).toContainText('hello.txt');
  await expect(phone.tool('Write')).toContainText('done');
  await expect(permission).toBeHidden();
  await expect(phone.log.getByText('Allowed', { exact: true })).toBeVisible();
  await phone.expectIdle();

  await phone.send('[[scenario:write-again]]');
  await expect(permission).toContainText('second.txt');
  await permission.getByRole('button', { name: 'Deny', exact: true }).tap();
  await expect(phone.claude.last()).toHaveText('I did not write the second file.');
  await expect(access(join(home.project, 'second.txt'))).rejects.toThrow();
  await expect(phone.tool('Write').last()).toContainText('denied');
  await expect(phone.log.getByText('Denied', { exact: true })).toBeVisible();
  await phone.expectIdle();
});

test('an open question survives a reload and is in the list of sessions', async ({ phone, home }) => {
  await phone.newSession();
  await phone.send('Please write. [[scenario:write]]');
  await expect(phone.prompt('Permission')).toBeVisible();

  await phone.page.reload();
  await expect(phone.prompt('Permission')).toHaveCount(1);
  await expect(phone.you).toHaveCount(1);
  await phone.link('Back').tap();
  await expect(phone.page.getByRole('listitem').filter({ has: phone.link(/Please write/) })).toContainText('needs you');

  await phone.link(/Please write/).tap();
  await phone.prompt('Permission').getByRole('button', { name: 'Allow', exact: true }).tap();
  await expect(phone.claude.last()).toHaveText('The file is written.');
  expect(await readFile(join(home.project, 'hello.txt'), 'utf8')).toBe('hello\nworld\n');
});

test('a suggestion that is allowed with it holds for the next write', async ({ phone, home }) => {
  await phone.newSession();
  await phone.send('[[scenario:write]]');
  await phone.prompt('Permission').getByRole('button', { name: /^Allow, and: / }).first().tap();
  await expect(phone.claude.last()).toHaveText('The file is written.');
  await phone.expectIdle();

  await phone.send('[[scenario:write-again]]');
  await expect(phone.claude.last()).toHaveText('The second file is written.');
  expect(await readFile(join(home.project, 'second.txt'), 'utf8')).toBe('second\n');
  await expect(phone.tool('Write').last()).toContainText('done');
});

test('a command is edited and allowed, a denial says what to do instead, and one that stops ends the turn', async ({ phone, home }) => {
  await phone.newSession();
  await phone.send('[[scenario:bash]]');
  const permission = phone.prompt('Permission');
  await permission.getByText('Other answers').tap();
  await permission.getByLabel('Edit the command').fill('touch edited.txt && echo written');
  await permission.getByRole('button', { name: 'Allow as edited' }).tap();
  await expect(permission).toBeHidden();
  await phone.expectIdle();
  await access(join(home.project, 'edited.txt'));
  await expect(access(join(home.project, 'from-a-command.txt'))).rejects.toThrow();

  await phone.send('[[scenario:write]]');
  await permission.getByText('Other answers').tap();
  await permission.getByLabel('What to do instead').fill('Leave the disk alone.');
  await permission.getByRole('button', { name: 'Deny and say this' }).tap();
  await expect(phone.claude.last()).toHaveText('I did not write the file.');
  await phone.expectIdle();
  await phone.tool('Write').getByRole('button').first().tap();
  await expect(phone.tool('Write')).toContainText('Leave the disk alone.');

  await phone.send('[[scenario:write-again]]');
  await permission.getByText('Other answers').tap();
  await permission.getByRole('button', { name: 'Deny and stop' }).tap();
  await phone.expectIdle();
  await expect(phone.log.getByText('Stopped', { exact: true })).toBeVisible();
});

test('a command asks with the command in sight, and stopping withdraws the question', async ({ phone, home }) => {
  await phone.newSession();
  await phone.send('[[scenario:bash]]');
  await expect(phone.prompt('Permission')).toContainText('touch from-a-command.txt && echo written');

  await phone.button('Stop').tap();
  await expect(phone.prompt('Permission')).toBeHidden();
  await expect(phone.log.getByText('Stopped', { exact: true })).toBeVisible();
  await phone.expectIdle();
  await expect(access(join(home.project, 'from-a-command.txt'))).rejects.toThrow();
});
