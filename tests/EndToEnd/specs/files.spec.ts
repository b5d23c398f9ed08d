import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from '@playwright/test';
import type { Phone } from '../harness/phone';
import { SECRET } from '../harness/project';
import { expect, test } from '../harness/test';

const REFUSED = /out of the project|outside/i;
const file = (phone: Phone, name: string): Locator => phone.page.getByRole('link', { name: new RegExp(`^${name.replace('.', '\\.')}`) });
const region = (phone: Phone, name: string): Locator => phone.page.getByRole('region', { name });
const editor = (phone: Phone, name: string): Locator => phone.page.getByRole('textbox', { name });

test('the tree unfolds in place, follows the disk, and a file is read', async ({ phone, home }) => {
  await phone.link('Files').tap();
  await expect(file(phone, 'README.md')).toBeVisible();
  await phone.button('src').tap();
  await expect(file(phone, 'server.ts')).toBeVisible();
  await home.write('src/made-just-now.ts', 'export {};\n');
  await expect(file(phone, 'made-just-now.ts')).toBeVisible();

  await file(phone, 'server.ts').tap();
  await expect(region(phone, 'src/server.ts')).toContainText('hello from the server');
  await expect(region(phone, 'src/server.ts').locator('.tok-keyword').first()).toBeVisible();
  await home.write('src/server.ts', 'written since\n');
  await expect(region(phone, 'src/server.ts')).toContainText('written since');
  await phone.page.reload();
  await expect(region(phone, 'src/server.ts')).toContainText('written since');
});

test('a picture is shown; a binary file and a too large one say so', async ({ phone }) => {
  await phone.link('Files').tap();
  await file(phone, 'logo.png').tap();
  await expect(phone.page.getByText('1 × 1')).toBeVisible();
  await phone.link('Up').tap();
  await file(phone, 'data.bin').tap();
  await expect(phone.page.getByText(/binary/i)).toBeVisible();
  await phone.link('Up').tap();
  await file(phone, 'huge.txt').tap();
  await expect(phone.page.getByText(/too large.*1\.0 MB of 11\.0 MB/i)).toBeVisible();
  await expect(region(phone, 'huge.txt')).toContainText('one of many lines');
});

test('a path that leads out of the project is refused, by link and by address', async ({ phone }) => {
  await phone.link('Files').tap();
  await file(phone, 'way-out.txt').tap();
  await expect(phone.alert).toContainText(REFUSED);
  await expect(phone.page.getByText(SECRET)).toBeHidden();

  await phone.page.goto(phone.page.url().replace('way-out.txt', '..%2Foutside.txt'));
  await phone.page.reload();
  await expect(phone.alert).toContainText(REFUSED);
  await expect(phone.page.getByText(SECRET)).toBeHidden();
});

test('what is typed survives a reload and a tunnel, and is saved when the machine is back', async ({ stranger: phone, machine, network, home }) => {
  await phone.pair(network.by(machine.pairUrl));
  await phone.openProject();
  await phone.link('Files').tap();
  await phone.button('src').tap();
  await file(phone, 'server.ts').tap();
  await phone.button('Edit').tap();
  await editor(phone, 'src/server.ts').pressSequentially('// one ');
  await expect(phone.status(/This device keeps it/)).toBeVisible();
  await phone.page.reload();
  await expect(editor(phone, 'src/server.ts')).toContainText('// one');

  await network.cut();
  await editor(phone, 'src/server.ts').pressSequentially('two ');
  await phone.button('Save').tap();
  await expect(phone.status(/saved as soon as it is back/)).toBeVisible();
  await network.restore();
  await expect(phone.status(/^Saved/)).toBeVisible();
  expect(await readFile(join(home.project, 'src/server.ts'), 'utf8')).toMatch(/two .*hello from the server|\/\/ one .*hello/s);
});

test('when both wrote, both are shown, and the choice is what is saved', async ({ phone, home }) => {
  await phone.link('Files').tap();
  await file(phone, 'README.md').tap();
  await phone.button('Edit').tap();
  await editor(phone, 'README.md').pressSequentially('mine ');
  await expect(phone.status(/Not saved yet/)).toBeVisible();
  await home.write('README.md', '# Shop\n\nold words\n\ntheirs\n');
  await phone.button('Compare').tap();
  await phone.button('Use theirs').last().tap();
  await phone.button('Save as merged').tap();
  await expect(phone.status(/^Saved/)).toBeVisible();
  expect(await readFile(join(home.project, 'README.md'), 'utf8')).toBe('mine # Shop\n\nold words\n\ntheirs\n');
});

test('files are created, renamed, found by what stands in them, and deleted', async ({ phone }) => {
  await phone.link('Files').tap();
  await phone.button('What to do with the project').tap();
  await phone.button('New file').tap();
  await phone.page.getByLabel('Name').fill('notes/today.txt');
  await phone.button('Create').tap();
  await phone.button('Edit').tap();
  await editor(phone, 'notes/today.txt').pressSequentially('buy a needle');
  await phone.button('Save').tap();
  await expect(phone.status(/^Saved/)).toBeVisible();
  await phone.link('Up').tap();

  await phone.page.getByRole('searchbox', { name: 'Search' }).fill('needle');
  await phone.button('Contents').tap();
  await phone.link(/buy a needle/).tap();
  await expect(region(phone, 'notes/today.txt')).toContainText('buy a needle');
  await phone.link('Up').tap();
  await phone.button('End the search').tap();

  await phone.button('What to do with today.txt').tap();
  await phone.button('Rename or move').tap();
  await phone.page.getByLabel('New path in the project').fill('notes/tomorrow.txt');
  await phone.page.getByRole('dialog').getByRole('button', { name: 'Rename or move' }).tap();
  await expect(file(phone, 'tomorrow.txt')).toBeVisible();
  await phone.button('What to do with notes').tap();
  await phone.button('Delete').tap();
  await phone.button('Delete').tap();
  await expect(phone.button('notes')).toBeHidden();
});
