import { expect, test } from '../harness/test';

test('the link asks first: nothing connects before the tap, and the code leaves the address at once', async ({ stranger, machine }) => {
  const { page } = stranger;
  let sockets = 0;
  page.on('websocket', () => sockets++);

  await page.goto(machine.pairUrl);
  await expect(stranger.heading('Pair this phone')).toBeVisible();

  await expect(page.getByText(new URL(machine.url).host)).toBeVisible();
  expect(page.url()).not.toContain('pair=');
  await page.waitForLoadState('networkidle');
  expect(sockets).toBe(0);

  await stranger.button('Pair').tap();
  await expect(stranger.heading('Projects')).toBeVisible();
  expect(sockets).toBeGreaterThan(0);
  await page.goBack();
  expect(page.url()).not.toContain('pair=');
});

test('the machine and its projects are listed, also after a reload', async ({ stranger, machine }) => {
  await stranger.pair(machine.pairUrl);

  for (const look of ['first', 'after a reload']) {
    await test.step(look, async () => {
      await expect(stranger.link('shop')).toBeVisible();
      await expect(stranger.page.getByText('online', { exact: true })).toBeVisible();
    });
    await stranger.page.reload();
  }
});

test('a spent code says so', async ({ stranger, machine, anotherPhone }) => {
  await stranger.pair(machine.pairUrl);
  const second = await anotherPhone();

  await second.page.goto(machine.pairUrl);
  await second.button('Pair').tap();

  await expect(second.alert).toContainText(/code.*(not valid|once)/i);
  await expect(second.heading('Projects')).toBeHidden();
});

test('without a link a pasted one is as good, and nonsense is told apart', async ({ stranger, machine }) => {
  await stranger.page.goto(machine.url);
  await expect(stranger.heading('Pair this phone')).toBeVisible();
  const code = stranger.page.getByRole('textbox', { name: 'Pairing link or code' });

  await code.fill('hello?');
  await stranger.button('Pair').tap();
  await expect(stranger.alert).toBeVisible();

  await code.fill(machine.pairUrl);
  await stranger.button('Pair').tap();
  await expect(stranger.heading('Projects')).toBeVisible();
});
