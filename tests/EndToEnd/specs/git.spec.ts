import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Repository } from '../harness/repository';
import { expect, test } from '../harness/test';

test('changes are staged by hunk, committed and pushed; what is discarded comes back', async ({ phone, home }) => {
  const repository = await Repository.begin(home);
  await phone.link(/^Git/).tap();
  await expect(phone.page.getByText('Nothing has changed')).toBeVisible();
  await repository.changeServer();
  await home.write('README.md', '# Shop\n\nbetter words\n');
  await phone.button(/^server\.ts/).tap();
  await expect(phone.page.getByText('good morning', { exact: true })).toBeVisible();
  await phone.button('Stage these lines').first().tap();
  await phone.button('Commit 1 file…').tap();
  await phone.page.getByRole('textbox', { name: 'Commit message' }).fill('Greet in the morning');
  await phone.page.reload();
  await phone.button('Commit 1 file…').tap();
  await phone.button('Commit 1 file').tap();
  await expect(phone.status('Committed: Greet in the morning')).toBeVisible();
  expect(await repository.git('show', '--format=', 'HEAD')).toContain('+export const greeting = \'good morning');
  expect(await repository.git('diff')).toContain('+export const since');

  await phone.button('Push').tap();
  await expect(phone.status('Pushed to origin/main.')).toBeVisible();
  expect(await repository.git('rev-parse', 'origin/main')).toBe(await repository.git('rev-parse', 'HEAD'));

  await phone.button('Discard all').tap();
  await expect(phone.page.getByText('Nothing has changed')).toBeVisible();
  expect(await readFile(join(home.project, 'README.md'), 'utf8')).toContain('old words');
  await phone.button('Undo').tap();
  await expect(phone.button('Stage README.md')).toBeVisible();
  expect(await readFile(join(home.project, 'README.md'), 'utf8')).toContain('better words');

  await home.write('.hooks/pre-commit', '#!/bin/sh\necho "the words are not good enough" >&2\nexit 1\n', 0o755);
  await phone.button('Stage README.md').tap();
  await phone.button('Commit 1 file…').tap();
  await phone.page.getByRole('textbox', { name: 'Commit message' }).fill('Better words');
  await phone.button('Commit 1 file').tap();
  await expect(phone.alert).toContainText('a hook of the repository refused');
  await expect(phone.alert).toContainText('the words are not good enough');
});

test('what a turn of the agent changed is undone, brought back and kept, file by file', async ({ phone, home }) => {
  const repository = await Repository.begin(home);
  await phone.newSession();
  await phone.mode.selectOption('acceptEdits');
  await phone.send('[[scenario:edit]] Change the words');
  await expect(phone.claude.last()).toHaveText('Edited.');
  await phone.expectIdle();
  await phone.send('Add a health check');
  await expect(phone.claude.last()).toContainText('answers 200');
  await phone.link('Review 1 file').first().tap();
  await expect(phone.button(/^README\.md/)).toBeVisible();
  await phone.page.goBack();
  await phone.link('Back').tap();
  await phone.link(/^Git/).tap();
  await phone.link('What the agent changed').tap();
  await expect(phone.button(/^health\.ts/)).toBeVisible();

  await phone.button('Undo: health.ts').tap();
  await expect.poll(() => repository.git('status', '--short')).toBe('M README.md');
  await phone.button('Bring back: health.ts').tap();
  await expect(phone.button('Keep: health.ts')).toBeVisible();

  await phone.page.getByRole('combobox', { name: 'Turn' }).selectOption({ label: '[[scenario:edit]] Change the words' });
  await home.write('README.md', `# Shop, since\n${(await readFile(join(home.project, 'README.md'), 'utf8')).slice(7)}`);
  await phone.button('Undo: README.md').tap();
  await expect(phone.button('Bring back: README.md')).toBeVisible();
  expect(await readFile(join(home.project, 'README.md'), 'utf8')).toBe('# Shop, since\n\nold words\n');
  await phone.button('Bring back: README.md').tap();
  await phone.button('Keep: README.md').tap();
  await expect(phone.page.getByText('kept, staged')).toBeVisible();
  expect(await repository.git('diff', '--cached', '--name-only')).toBe('README.md');
});
