import { SECRET } from '../harness/project';
import { expect, test } from '../harness/test';

const REFUSED = /out of the project|outside/i;

test('files are listed, directories first, and one is read', async ({ phone }) => {
  await phone.link('Files').tap();
  await expect(phone.page.getByRole('listitem').getByRole('link', { name: /^(src|README\.md|logo\.png|huge\.txt|way-out\.txt)$/ })).toHaveCount(5);
  const names = await phone.page.getByRole('listitem').getByRole('link').allTextContents();
  expect(names.findIndex((name) => name.includes('src'))).toBeLessThan(names.findIndex((name) => name.includes('README.md')));

  await phone.link('README.md').tap();
  await expect(phone.page.getByRole('region', { name: 'README.md' })).toContainText('old words');
  await phone.link('Up').tap();

  await phone.link('src').tap();
  await phone.link('server.ts').tap();
  await expect(phone.page.getByRole('region', { name: 'src/server.ts' })).toContainText('hello from the server');
  await phone.page.reload();
  await expect(phone.page.getByRole('region', { name: 'src/server.ts' })).toContainText('hello from the server');
});

test('what is on disk now is what is shown', async ({ phone, home }) => {
  await phone.link('Files').tap();
  await home.write('README.md', 'written since\n');
  await phone.link('README.md').tap();

  await expect(phone.page.getByRole('region', { name: 'README.md' })).toContainText('written since');
});

test('a binary file and a too large one say so', async ({ phone }) => {
  await phone.link('Files').tap();
  await phone.link('logo.png').tap();
  await expect(phone.page.getByText(/binary/i)).toBeVisible();
  await phone.link('Up').tap();

  await phone.link('huge.txt').tap();
  await expect(phone.page.getByText(/too large/i)).toBeVisible();
});

test('a path that leads out of the project is refused, by link and by address', async ({ phone }) => {
  await phone.link('Files').tap();
  await phone.link('way-out.txt').tap();
  await expect(phone.alert).toContainText(REFUSED);
  await expect(phone.page.getByText(SECRET)).toBeHidden();

  await phone.page.goto(phone.page.url().replace('way-out.txt', '..%2Foutside.txt'));
  await phone.page.reload();
  await expect(phone.alert).toContainText(REFUSED);
  await expect(phone.page.getByText(SECRET)).toBeHidden();
});
