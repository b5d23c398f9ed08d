import { expect, test } from '../harness/test';
import { Phone } from '../harness/phone';

const memory = 'You first told me: My number is 42.';

test('in a tunnel: what was read is there, and what is typed survives the app, a second tab, and is sent once', async ({ stranger: phone, machine, network, context }) => {
  await phone.pair(network.by(machine.pairUrl));
  await phone.openProject();
  await phone.newSession();
  await phone.send('My number is 42. [[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.', { timeout: 30_000 });
  await phone.expectIdle();
  await phone.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await phone.page.reload(); // from here on the app is the service worker's
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await phone.expectIdle();

  await network.cut();
  await expect(phone.status(/Reconnecting/)).toBeVisible();
  await phone.send('What is my number? [[scenario:memory]]');
  await expect(phone.you.last()).toContainText('waits for the machine');
  await phone.message.fill('and a half thought');
  await phone.page.reload();
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  await expect(phone.you.last()).toContainText('waits for the machine');
  await expect(phone.message).toHaveValue('and a half thought');

  const other = new Phone(await context.newPage());
  await other.page.goto(phone.page.url());
  await expect(other.you).toHaveCount(2);
  await network.restore();
  for (const tab of [phone, other]) {
    await expect(tab.claude).toHaveText(['Hello from the scripted model.', memory], { timeout: 30_000 });
    await expect(tab.you).toHaveCount(2);
    await tab.expectIdle();
  }
  await phone.page.reload();
  await expect(phone.claude).toHaveText(['Hello from the scripted model.', memory]);
  await expect(phone.you).toHaveCount(2);
});

test('an image is made small, shown, and sent', async ({ phone }) => {
  await phone.newSession();
  const data = await phone.page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 3_000, height: 2_000 });
    canvas.getContext('2d')!.fillRect(0, 0, 1_000, 1_000);
    return canvas.toDataURL('image/jpeg').split(',')[1];
  });
  await phone.page.locator('input[type=file][multiple]').setInputFiles({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(data, 'base64') });
  await expect(phone.page.getByRole('img', { name: 'Image 1' })).toBeVisible();
  await phone.send('[[scenario:text]]');
  await expect(phone.claude).toHaveText('Hello from the scripted model.');
  const image = phone.you.getByRole('img');
  await expect(image).toBeVisible();
  expect(await image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(1_568);
});
