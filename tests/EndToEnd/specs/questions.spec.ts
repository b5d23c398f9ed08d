import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '../harness/test';

test('questions are answered with options', async ({ phone }) => {
  await phone.newSession();
  await phone.send('[[scenario:ask]]');
  const question = phone.prompt('Question');
  await expect(question).toContainText('Which colour shall the button get?');

  await question.getByRole('radio', { name: 'Blue' }).check();
  await question.getByRole('checkbox', { name: 'Tests' }).check();
  await question.getByRole('checkbox', { name: 'Docs' }).check();
  await question.getByRole('button', { name: 'Answer', exact: true }).tap();

  await expect(phone.claude.last()).toHaveText('Blue it is.');
  await expect(question).toBeHidden();
  await phone.expectIdle();
});

test('questions are answered in own words', async ({ phone }) => {
  await phone.newSession();
  await phone.send('[[scenario:ask]]');
  const other = phone.prompt('Question').getByRole('textbox', { name: 'Other answer' });
  await other.first().fill('Blueish green');
  await other.last().fill('None');
  await phone.prompt('Question').getByRole('button', { name: 'Answer', exact: true }).tap();

  await expect(phone.claude.last()).toHaveText('Blue it is.');
});

test('questions can be skipped', async ({ phone }) => {
  await phone.newSession();
  await phone.send('[[scenario:ask]]');
  await phone.prompt('Question').getByRole('button', { name: 'Skip', exact: true }).tap();

  await expect(phone.claude.last()).toHaveText('Then I choose for myself.');
  await phone.expectIdle();
});

test('a plan is read, approved and carried out', async ({ phone, home }) => {
  await phone.newSession();
  await phone.mode.selectOption('plan');
  await phone.send('[[scenario:plan]]');
  const plan = phone.prompt('Plan');
  await expect(plan.getByRole('heading', { name: 'Plan', exact: true })).toBeVisible();
  await expect(plan.getByRole('listitem')).toHaveText(['Write planned.txt', 'Say so']);

  await plan.getByRole('button', { name: 'Approve', exact: true }).tap();
  await phone.prompt('Permission').getByRole('button', { name: 'Allow', exact: true }).tap();

  await expect(phone.claude.last()).toHaveText('The plan is carried out.');
  expect(await readFile(join(home.project, 'planned.txt'), 'utf8')).toBe('planned\n');
  await expect(phone.mode).toHaveValue('default');
  await phone.expectIdle();
});

test('a plan approved with its edits asks no more', async ({ phone, home }) => {
  await phone.newSession();
  await phone.mode.selectOption('plan');
  await phone.send('[[scenario:plan]]');
  await phone.prompt('Plan').getByRole('button', { name: 'Approve and accept edits', exact: true }).tap();

  await expect(phone.claude.last()).toHaveText('The plan is carried out.');
  expect(await readFile(join(home.project, 'planned.txt'), 'utf8')).toBe('planned\n');
  await expect(phone.mode).toHaveValue('acceptEdits');

  await phone.page.reload();
  await expect(phone.claude.last()).toHaveText('The plan is carried out.');
  await expect(phone.mode).toHaveValue('acceptEdits');
});

test('a plan sent back keeps Claude planning', async ({ phone }) => {
  await phone.newSession();
  await phone.mode.selectOption('plan');
  await phone.send('[[scenario:plan]]');
  const plan = phone.prompt('Plan');
  await plan.getByRole('textbox', { name: 'What to change' }).fill('Tests first, please.');
  await plan.getByRole('button', { name: 'Keep planning', exact: true }).tap();

  await expect(phone.claude.last()).toHaveText('I will think again.');
  await expect(phone.mode).toHaveValue('plan');
  await phone.expectIdle();
});
