import { expect, test } from '../harness/test';

test('what waits for an answer is counted on every phone, leads to the question, and is gone when it is answered', async ({ phone, machine, anotherPhone }) => {
  await phone.newSession();
  await phone.send('Please write. [[scenario:write]]');
  await expect(phone.prompt('Permission')).toBeVisible();

  const second = await anotherPhone();
  await second.pair(await machine.pairAnother());
  await expect(second.link('1 needs you')).toBeVisible();
  await second.openProject();
  await second.link('1 needs you').tap();
  await expect(second.prompt('Permission')).toContainText('hello.txt');
  await second.link('Back').tap();
  await expect(second.link('1 needs you')).toBeVisible();

  await phone.prompt('Permission').getByRole('button', { name: 'Allow', exact: true }).tap();
  await expect(phone.claude.last()).toHaveText('The file is written.');
  await expect(second.link('1 needs you')).toBeHidden();
});

test('questions of several sessions are counted together', async ({ phone }) => {
  for (const count of ['1 needs you', '2 need you']) {
    await phone.newSession();
    await phone.send('[[scenario:write]]');
    await expect(phone.prompt('Permission')).toBeVisible();
    await phone.link('Back').tap();
    await expect(phone.link(count)).toBeVisible();
  }
});
