import { Repository } from '../harness/repository';
import { expect, test } from '../harness/test';
import { hasWebKit, WebKit } from '../harness/webkit';

test.skip(!hasWebKit, 'WebKitGTK is not there (Debian: webkit2gtk-driver, xvfb)');

test('the journey in WebKit: paired, asked, allowed, read and committed', async ({ machine, home }) => {
  test.setTimeout(180_000);
  const repository = await Repository.begin(home);
  const webkit = await WebKit.start();
  try {
    await webkit.goto(machine.pairUrl);
    await webkit.tap('button', 'Pair');
    await webkit.tap('link', /^shop/);
    await webkit.tap('button', 'New session');
    await webkit.type('Message', 'Add a health check');
    await webkit.tap('button', 'Send');
    await webkit.tap('button', 'Allow');
    await webkit.see('answers 200');
    await webkit.reload();
    await webkit.see('answers 200');

    await webkit.tap('link', 'Back');
    await webkit.tap('link', 'Files');
    await webkit.tap('button', 'src');
    await webkit.tap('link', /^health\.ts/);
    await webkit.see('isOpen');
    await webkit.tap('link', 'Up');
    await webkit.tap('link', /^Git/);
    await webkit.tap('button', /^\W*health\.ts/);
    await webkit.tap('button', /^Stage src\/health\.ts|^Stage health\.ts/);
    await webkit.tap('button', 'Commit 1 file…');
    await webkit.type('Commit message', 'Is it open?');
    await webkit.tap('button', 'Commit 1 file');
    await webkit.see('Committed: Is it open?');
    expect(await repository.git('log', '-1', '--format=%s')).toBe('Is it open?');

    expect(await webkit.run('return document.documentElement.scrollWidth <= innerWidth'), 'nothing is wider than the screen').toBe(true);
    expect(await webkit.run('return Object.keys(localStorage).filter((key) => /token/i.test(localStorage.getItem(key)))')).toEqual([]);
  } finally {
    await webkit.stop();
  }
});
