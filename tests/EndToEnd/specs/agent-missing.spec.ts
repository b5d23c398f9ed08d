import { expect, test } from '../harness/test';

test.describe('without Claude Code on the machine', () => {
  test.use({ homeOptions: { claude: '/nonexistent/claude' } });

  test('a prompt says what to install, and what was written is not lost', async ({ phone }) => {
    await phone.newSession();
    await phone.send('Hello there.');

    await expect(phone.alert.first()).toContainText(/Claude Code/);
    await expect(phone.alert.first()).toContainText(/install/i);
    await expect(phone.page.getByText('Hello there.').first()).toBeVisible();
  });
});

test.describe('with a Claude Code that is not logged in', () => {
  test.use({ homeOptions: { loggedIn: false } });

  test('a prompt says how to log in, and what was written is not lost', async ({ phone }) => {
    await phone.newSession();
    await phone.send('Hello there.');

    await expect(phone.alert.first()).toContainText(/log ?in|logged in/i);
    await expect(phone.page.getByText('Hello there.').first()).toBeVisible();
  });
});
