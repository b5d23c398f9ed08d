import { execFileSync } from 'node:child_process';
import { scripted } from '../harness/fakeAnthropic';
import { commitsSaying, hostile, hostileBranches, hostileNames } from '../harness/hostile';
import type { Phone } from '../harness/phone';
import { Repository } from '../harness/repository';
import { expect, test } from '../harness/test';

const TITLE = '<img src=x onerror=alert(1)> <script>alert(1)</script>';

/** Nothing ran, and nothing on the page could: the guard sees requests, broken rules of the CSP and what throws. */
async function expectInert(phone: Phone, where: string): Promise<void> {
  const alive = await phone.page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.querySelectorAll('body *')) {
      if (/^(script|iframe|object|embed|base|meta|link|style|animate|audio|video)$/i.test(element.tagName) && !element.closest('head')) found.push(element.outerHTML.slice(0, 200));
      for (const { name, value } of element.attributes) {
        if (/^on/i.test(name) || (/^(href|src|action|formaction|xlink:href|srcdoc|poster)$/i.test(name) && /^[\s\u0000-\u001f]*(javascript|vbscript|data:text|file|intent):/i.test(value))) found.push(`${element.tagName} ${name}=${value}`);
      }
    }
    return found;
  });
  expect(alive, where).toEqual([]);
}

test.beforeEach(({ phone }) => {
  phone.page.on('dialog', (dialog) => {
    throw new Error(`It ran: ${dialog.message()}`);
  });
});

test('what an agent says, and what its tools print, is text', async ({ phone, home }) => {
  expect(hostile.length).toBeGreaterThan(500);
  await home.write('hostile.txt', hostile.join('\n\n'));
  await home.write('more.txt', hostile.slice(200).join('\n'));
  await phone.newSession();
  const parts = Array.from({ length: 8 }, (_, index) => hostile.filter((_, at) => at % 8 === index).join('\n\n'));
  await phone.send(
    scripted(TITLE,
      { blocks: [...parts.map((text) => ({ text })), { tool: 'Read', input: { file_path: '{{cwd}}/hostile.txt' } }], chunks: 3 },
      { blocks: [{ text: 'and' }, { tool: 'Bash', input: { command: 'touch made.txt && head -c 20000 more.txt', description: TITLE } }] },
      { text: 'All said.' }),
  );
  await expect(phone.prompt('Permission')).toBeVisible({ timeout: 30_000 });
  await expectInert(phone, 'the permission');
  await phone.prompt('Permission').getByRole('button', { name: 'Allow', exact: true }).tap();
  await expect(phone.claude.last()).toHaveText('All said.');
  await phone.tool('Bash').getByRole('button').first().tap();
  await phone.tool('Read').getByRole('button').first().tap();
  await expectInert(phone, 'the end of the conversation');
  for (const article of await phone.log.locator('article').all()) {
    await article.scrollIntoViewIfNeeded().catch(() => {});
    await expectInert(phone, 'the conversation');
  }
  await phone.link('Back').tap();
  await expect(phone.page.getByText(TITLE).first()).toBeVisible();
  await expectInert(phone, 'the list of sessions');
});

test('an error, the names of machine and files, and what is in a file are text', async ({ phone, home }) => {
  await home.run(['machine', 'label', TITLE]);
  for (const [index, name] of hostileNames.entries()) await home.write(`names/${name}`, hostile[index]);
  await home.write('hostile.md', hostile.join('\n\n'));
  await home.write('page.html', `<html><body>${hostile.join('\n')}</body></html>`);
  await home.write('picture.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script><image href="https://evil.example/p.png"/></svg>');
  await phone.newSession();
  await phone.send('[[steps:[{"error":{"status":400,"type":"invalid_request_error","message":"<img src=x onerror=alert(1)><script>alert(1)</script>"}}]]]');
  await expect(phone.log.getByText('onerror=alert(1)').first()).toBeVisible({ timeout: 30_000 });
  await expectInert(phone, 'an error');

  await phone.link('Back').tap();
  await phone.link('Files').tap();
  await phone.button('names').tap();
  await expect(phone.page.getByText('<img src=x onerror=alert(1)>', { exact: true }).first()).toBeVisible();
  expect(hostileNames.length).toBeGreaterThan(20);
  await expectInert(phone, 'the tree');
  for (const name of ['hostile.md', 'page.html', 'picture.svg']) {
    await phone.page.getByRole('link', { name: new RegExp(`^${name.replace('.', '\\.')}`) }).tap();
    await expect(phone.link('Up')).toBeVisible();
    await expect(phone.page.getByText('alert(1)').or(phone.page.getByRole('img', { name: /picture/ })).first()).toBeVisible();
    await expectInert(phone, name);
    await phone.link('Up').tap();
  }
  await phone.page.getByRole('searchbox', { name: 'Search' }).fill('onerror');
  await expect(phone.page.getByText('onerror').first()).toBeVisible();
  await expectInert(phone, 'the search');
  await phone.page.goto(new URL('/#/', phone.page.url()).href);
  await expect(phone.page.getByText(TITLE).first()).toBeVisible();
  await expectInert(phone, 'the machines');
});

test('branches, commits, their authors and differences are text', async ({ phone, home }) => {
  const repository = await Repository.begin(home);
  const head = await repository.git('rev-parse', 'HEAD');
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: home.project, input: commitsSaying(hostile, 'hostile', head) });
  for (const branch of hostileBranches) await repository.git('update-ref', `refs/heads/${branch}`, head);
  expect(hostileBranches.length).toBeGreaterThan(10);
  await repository.git('checkout', '--quiet', 'hostile');
  await home.write('src/server.ts', hostile.slice(0, 100).join('\n'));
  await home.write('<img src=x onerror=alert(1)>', hostile.slice(100, 150).join('\n'));

  await phone.link(/^Git/).tap();
  await phone.button(/^server\.ts/).tap();
  await expect(phone.page.getByText('alert(1)').first()).toBeVisible();
  await expectInert(phone, 'the differences');
  await phone.link('History').tap();
  await expect(phone.page.getByText('Eve').first()).toBeVisible();
  await expectInert(phone, 'the history');
  await phone.link('Branches').tap();
  await expect(phone.page.getByText('onerror=alert(1)').first()).toBeVisible();
  await expectInert(phone, 'the branches');
});
