import { expect, test } from '../harness/test';

test('a session of a terminal is read along, forked, taken over and continued', async ({ home, phone }) => {
  test.setTimeout(180_000);
  const desk = await home.desk();
  try {
    const session = phone.link(/At the desk/);
    await desk.type('At the desk. [[scenario:text]]', () => session.isVisible());
    await expect(session).toContainText('in a terminal');
    await session.tap();
    const bar = phone.page.getByRole('region', { name: 'In a terminal' });
    await expect(bar).toContainText('Open in a terminal on');
    await expect(phone.message).toBeHidden();
    await expect(phone.claude.last()).toBeVisible();

    // Followed while it is written.
    const line = phone.page.getByText('More from the desk');
    await desk.type('More from the desk. [[scenario:text]]', () => line.isVisible());
    await expect(phone.claude).toHaveCount(2);

    // A fork is a session of its own; the terminal's stays as it is.
    await bar.getByRole('button', { name: 'Fork' }).tap();
    await expect(phone.message).toBeVisible();
    await phone.send('Only in the fork. [[steps:[{"text":"Forked."}]]]');
    await expect(phone.claude.last()).toHaveText('Forked.');
    await phone.link('Back').tap();

    await phone.page.getByRole('link', { name: /in a terminal/ }).tap();
    phone.page.once('dialog', (dialog) => void dialog.accept());
    await bar.getByRole('button', { name: 'Take over' }).tap();
    await desk.ended();
    await phone.send('From the phone now. [[steps:[{"text":"Taken over."}]]]');
    await expect(phone.claude.last()).toHaveText('Taken over.');
    await expect(phone.page.getByText('Only in the fork')).toBeHidden();

    // And back to the desk: the menu has the command.
    await phone.page.getByLabel('More').tap();
    await expect(phone.page.getByText(/^cd '.*' && claude --resume [0-9a-f-]{36}$/)).toBeVisible();
    await phone.page.keyboard.press('Escape');
    await expect(phone.page.getByText('Go on at the desk')).toBeHidden();
  } finally {
    await desk.close();
  }
});
