import { expect, test } from '../harness/test';

test('a slash offers the commands of the agent, by touch', async ({ phone }) => {
  await phone.newSession();
  await phone.message.pressSequentially('/comp');
  const compact = phone.commands.getByRole('option', { name: /^\/compact/ });
  await expect(compact).toBeVisible();

  await compact.tap();
  await expect(phone.message).toHaveValue('/compact ');
  await expect(phone.commands).toBeHidden();
  await expect(phone.message).toBeFocused();
});

test('and by keys', async ({ phone }) => {
  await phone.newSession();
  await phone.message.pressSequentially('/comp');
  const marked = phone.commands.getByRole('option', { selected: true });
  await expect(marked).toContainText('/compact');

  await phone.message.press('Escape');
  await expect(phone.commands).toBeHidden();
  await phone.message.press('a');
  await expect(marked).toContainText('/compact');
  await phone.message.press('Enter');
  await expect(phone.message).toHaveValue('/compact ');
});
