import type { Page } from '@playwright/test';
import { Phone } from '../harness/phone';
import { expect, test } from '../harness/test';

test('the link asks first: nothing connects before the tap, and the code leaves the address at once', async ({ stranger, machine }) => {
  const { page } = stranger;
  let sockets = 0;
  page.on('websocket', () => sockets++);

  await page.goto(machine.pairUrl);
  await expect(stranger.heading('Pair this phone')).toBeVisible();

  await expect(page.getByText(new URL(machine.url).host)).toBeVisible();
  await expect(page.locator('#first-sight')).toHaveCount(0);
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

test('before the app has arrived the page can be typed into and pressed, and nothing of that is lost', async ({ stranger, machine }) => {
  const { page } = stranger;
  const arrive = await holdScripts(page);
  const code = page.getByRole('textbox', { name: 'Pairing link or code' });

  await page.goto(machine.url, { waitUntil: 'commit' });
  await expect(page.getByText(`with the relay at ${new URL(machine.url).host}`)).toBeVisible();
  await code.tap();
  await page.keyboard.type('hel');
  await expect(code).toHaveValue('hel');
  arrive();
  await expect(stranger.button('Paste').or(page.getByText('Pairing lets this device'))).toBeVisible(); // the app's own form
  await expect(code).toBeFocused();
  await page.keyboard.type('lo?');
  await expect(code).toHaveValue('hello?');
});

for (const way of ['by a link', 'by hand']) {
  test(`a press before the app has arrived counts, ${way}`, async ({ stranger, machine }) => {
    const { page } = stranger;
    let sockets = 0;
    page.on('websocket', () => sockets++);
    const arrive = await holdScripts(page);

    await page.goto(way === 'by a link' ? machine.pairUrl : machine.url, { waitUntil: 'commit' });
    if (way === 'by hand') await page.getByRole('textbox', { name: 'Pairing link or code' }).fill(machine.pairUrl);
    else await expect(page.getByText('Pairing lets this device run code')).toBeVisible();
    await stranger.button('Pair').tap();
    await expect(page.getByRole('button', { name: 'Pairing…' })).toBeDisabled();
    expect(sockets).toBe(0);

    arrive();
    await expect(stranger.heading('Projects')).toBeVisible();
  });
}

test('a pairing that is forgotten leaves nothing of it here, and takes the other tabs with it', async ({ stranger, machine }) => {
  await stranger.pair(machine.pairUrl);
  const other = new Phone(await stranger.page.context().newPage());
  await other.page.goto(machine.url);
  await expect(other.link('shop')).toBeVisible();
  const kept = (): Promise<string> => stranger.page.evaluate(() => JSON.stringify({ ...localStorage }));
  expect(await kept()).toContain('shop');

  await stranger.page.goto(`${machine.url}/#/settings`);
  await stranger.button('Forget this pairing').tap();
  await stranger.page.getByRole('dialog').getByRole('button', { name: 'Forget this pairing' }).tap();

  for (const phone of [stranger, other]) await expect(phone.page.getByRole('textbox', { name: 'Pairing link or code' })).toBeVisible();
  expect(await kept()).not.toContain('shop');
  await other.page.reload();
  await expect(other.page.getByRole('textbox', { name: 'Pairing link or code' })).toBeVisible();
});

/** The page arrives without its scripts, as on a slow line; they come when the answer is called. */
async function holdScripts(page: Page): Promise<() => void> {
  let arrive = (): void => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  await page.route('**/assets/*.js', async (route) => {
    await arrived;
    await route.continue();
  });
  return arrive;
}
