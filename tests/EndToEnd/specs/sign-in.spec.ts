import { join } from 'node:path';
import type { Home } from '../harness/home';
import { OidcProvider } from '../harness/oidcProvider';
import type { Running } from '../harness/running';
import { expect, test as base } from '../harness/test';

const test = base.extend<{ provider: OidcProvider; relay: string }>({
  provider: async ({ guard }, use) => {
    const provider = await OidcProvider.start();
    guard.allow(provider.issuer);
    await use(provider);
    await provider.stop();
  },
  relay: async ({ home, provider, guard }, use) => {
    const relay = await startRelay(home, provider);
    guard.allow(relay.ready.url);
    await use(relay.ready.url);
    await relay.end('SIGTERM');
  },
});

function startRelay(home: Home, provider: OidcProvider): Promise<Running<{ url: string }>> {
  const args = ['relay', '--json', '--listen', 'http://127.0.0.1:0', '--data-dir', join(home.directory, 'relay')];
  return home.start(args, (line) => JSON.parse(line) as { url: string }, {
    POCKETCODER_AUTH: 'oidc',
    POCKETCODER_OIDC_ISSUER: provider.issuer,
    POCKETCODER_OIDC_CLIENT_ID: 'public',
    POCKETCODER_OIDC_ALLOW: '@example.org',
  });
}

test('a phone signs in at the provider and stays signed in', async ({ stranger, relay }) => {
  await stranger.page.goto(relay);
  await expect(stranger.heading(/^Sign in/)).toBeVisible();

  await stranger.button('Sign in').tap();

  await expect(stranger.heading('Projects')).toBeVisible();
  expect(stranger.page.url()).not.toMatch(/code=|state=/);
  expect(await stranger.page.evaluate(() => sessionStorage.length)).toBe(0);
  await stranger.page.reload();
  await expect(stranger.heading('Projects')).toBeVisible();
});

test('somebody who is not on the list is told so, and may try again as somebody else', async ({ stranger, relay, provider }) => {
  await provider.nextIs({ sub: 'eve', email: 'eve@evil.example', email_verified: true });
  await stranger.page.goto(relay);
  await stranger.button('Sign in').tap();
  await expect(stranger.alert).toContainText('refused');
  expect(stranger.page.url()).not.toContain('error=');

  // The provider has a session for her still; another browser has none.
  await stranger.page.context().clearCookies();
  await provider.nextIs({ sub: 'ann', email: 'ann@example.org', email_verified: true });
  await stranger.button('Sign in').tap();
  await expect(stranger.heading('Projects')).toBeVisible();
});

test('a code that somebody planted in a link is not used', async ({ stranger, relay }) => {
  await stranger.page.goto(`${relay}/?code=planted&state=planted`);

  await expect(stranger.heading(/^Sign in/)).toBeVisible();
  expect(stranger.page.url()).not.toContain('planted');
  await expect(stranger.heading('Projects')).toBeHidden();
});
