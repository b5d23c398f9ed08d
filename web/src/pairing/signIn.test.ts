import { beforeEach, expect, test, vi } from 'vitest';
import { askAuthMode, beginSignIn, takeSignInFromAddress } from './signIn';

beforeEach(() => {
  sessionStorage.clear();
  history.replaceState(null, '', '/');
});

async function begin(): Promise<URLSearchParams> {
  return new URLSearchParams((await beginSignIn()).split('?')[1]);
}

test('what is sent is the challenge; what proves it stays here until it is used once', async () => {
  const sent = await begin();
  history.replaceState(null, '', `/?code=abc&state=${sent.get('state')}`);

  const returned = takeSignInFromAddress() as { exchange: { code: string; code_verifier: string; redirect_uri: string } };

  expect(returned.exchange).toMatchObject({ code: 'abc', redirect_uri: `${location.origin}/` });
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(returned.exchange.code_verifier)));
  expect(sent.get('code_challenge')).toBe(btoa(String.fromCharCode(...digest)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''));
  expect(sent.get('code_challenge_method')).toBe('S256');
  expect(location.search).toBe('');
  expect(sessionStorage).toHaveLength(0);
  history.replaceState(null, '', `/?code=abc&state=${sent.get('state')}`);
  expect(takeSignInFromAddress()).toBeUndefined();
});

test('a return that this tab did not begin is dropped, and does not stay in the address', async () => {
  history.replaceState(null, '', '/?code=planted&state=planted');
  expect(takeSignInFromAddress()).toBeUndefined();
  expect(location.search).toBe('');

  await begin();
  history.replaceState(null, '', '/?code=planted&state=another');
  expect(takeSignInFromAddress()).toBeUndefined();
});

test('somebody who said no is told apart', async () => {
  const sent = await begin();
  history.replaceState(null, '', `/?error=access_denied&state=${sent.get('state')}`);
  expect(takeSignInFromAddress()).toEqual({ refused: true });
});

test('two sign-ins have nothing in common', async () => {
  const [first, second] = [await begin(), await begin()];
  expect(first.get('state')).not.toBe(second.get('state'));
  expect(first.get('code_challenge')).not.toBe(second.get('code_challenge'));
});

test('another address is left alone', () => {
  history.replaceState(null, '', '/?x=1#/m/k/p/x');
  expect(takeSignInFromAddress()).toBeUndefined();
  expect(location.search).toBe('?x=1');
});

test.each([
  [{ type: 'connected', payload: { protocolVersion: 1, authMode: 'oidc' } }, 'oidc'],
  [{ type: 'error' }, undefined],
  [undefined, undefined],
])('the relay says how it knows its users: %j', async (greeting, mode) => {
  const close = vi.fn();
  const socket = { close } as unknown as WebSocket;
  const asked = askAuthMode(() => socket);
  if (greeting) socket.onmessage!({ data: JSON.stringify(greeting) } as MessageEvent);
  else socket.onerror!(new Event('error'));
  expect(await asked).toBe(mode);
  expect(close).toHaveBeenCalled();
});
