import { openSocket } from '../net/openSocket';
import type { AuthMode, Envelope, Requests } from '../protocol.gen';

export type Exchange = Requests['auth_exchange']['request'];

/** What a browser brought back from signing in: something to trade for tokens, or nothing, because somebody said no. */
export type Returned = { exchange: Exchange } | { refused: true } | undefined;

const KEY = 'pocketcoder-sign-in';

/** The address that signs in at the relay and leads back here. What proves that it was this tab that began stays in this tab. */
export async function beginSignIn(): Promise<string> {
  const verifier = randomText();
  const state = randomText();
  sessionStorage.setItem(KEY, JSON.stringify({ verifier, state }));
  const challenge = base64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
  return `/auth/authorize?${new URLSearchParams({ redirect_uri: ownPage(), state, code_challenge: challenge, code_challenge_method: 'S256' })}`;
}

/** Takes the code out of the address before anything else can see it. A return that this tab did not begin is not taken at all. */
export function takeSignInFromAddress(): Returned {
  const query = new URLSearchParams(location.search);
  const state = query.get('state');
  if (state === null) return undefined;
  history.replaceState(null, '', location.pathname);
  const begun = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as { verifier?: string; state?: string };
  sessionStorage.removeItem(KEY);
  if (begun.verifier === undefined || begun.state !== state) return undefined;
  const code = query.get('code');
  return code ? { exchange: { code, code_verifier: begun.verifier, redirect_uri: ownPage() } } : { refused: true };
}

/** How the relay knows its users; undefined when it does not say. */
export function askAuthMode(open: () => WebSocket = openSocket): Promise<AuthMode | undefined> {
  return new Promise((resolve) => {
    const socket = open();
    const end = (mode?: AuthMode): void => {
      resolve(mode);
      socket.close();
    };
    socket.onerror = socket.onclose = () => end();
    socket.onmessage = ({ data }) => {
      const { type, payload } = JSON.parse(String(data)) as Envelope & { payload?: { authMode?: AuthMode } };
      end(type === 'connected' ? payload?.authMode : undefined);
    };
  });
}

const ownPage = (): string => `${location.origin}/`;
const randomText = (): string => base64Url(crypto.getRandomValues(new Uint8Array(32)));

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
