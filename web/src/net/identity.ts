import type { Requests } from '../protocol.gen';
import { hasCode, NotPaired } from './errors';
import { newId } from './ids';
import type { Requester } from './link';
import type { TokenStore } from './tokenStore';

export type Welcome = Requests['client_register']['response'];
type Tokens = Requests['token_refresh']['response'];

/** A token that ends this soon is replaced before it is used. */
const MARGIN_SECONDS = 30;

/** Who this device is: pairs it, keeps its tokens fresh and signs sockets in. */
export class Identity {
  #store: TokenStore;
  #deviceName: string;
  #access: { token: string; expiresAt: number } | undefined;

  constructor(store: TokenStore, deviceName: string) {
    this.#store = store;
    this.#deviceName = deviceName;
  }

  async isPaired(): Promise<boolean> {
    return (await this.#store.load()) !== undefined;
  }

  async pair(request: Requester, proof: Requests['auth_exchange']['request']): Promise<Welcome> {
    await this.#keep(await request('auth_exchange', proof));
    return this.#register(request);
  }

  /** Makes a socket this device's own. */
  async signIn(request: Requester): Promise<Welcome> {
    if (!this.#access || this.#access.expiresAt - Date.now() / 1000 < MARGIN_SECONDS) return this.renew(request);
    try {
      return await this.#register(request);
    } catch (error) {
      if (!hasCode(error, 'UNAUTHORIZED')) throw error;
      return this.renew(request);
    }
  }

  /** New tokens, then the same socket registers again with them. */
  async renew(request: Requester): Promise<Welcome> {
    await oneTabAtATime(() => this.#refresh(request));
    try {
      return await this.#register(request);
    } catch (error) {
      if (!hasCode(error, 'UNAUTHORIZED')) throw error;
      throw await this.#revoked(); // a brand-new token that is refused: the device is no longer welcome
    }
  }

  /** Not to be used again, though it has not ended yet. */
  distrustAccessToken(): void {
    if (this.#access) this.#access.expiresAt = 0;
  }

  /** Has the relay end this device: what is only forgotten here could still be used by whoever copied it. */
  async revoke(request: Requester): Promise<void> {
    const kept = await this.#store.load();
    if (kept !== undefined) await request('token_revoke', { refresh_token: kept.token });
  }

  async forget(): Promise<void> {
    this.#access = undefined;
    await this.#store.clear();
  }

  async #refresh(request: Requester): Promise<void> {
    let kept = await this.#store.load();
    if (kept === undefined) throw new NotPaired(this.#access !== undefined); // another tab lost it
    for (;;) {
      const { token } = kept;
      const attempt = kept.attempt ?? newId();
      if (!kept.attempt) await this.#store.save({ token, attempt }); // so that a second try is recognized as the same
      try {
        await this.#keep(await request('token_refresh', { refresh_token: token, attempt }));
        return;
      } catch (error) {
        if (!hasCode(error, 'UNAUTHORIZED')) throw error;
        kept = await this.#store.load();
        if (kept === undefined || kept.token === token) throw await this.#revoked();
        // without Web Locks another tab may have rotated it meanwhile
      }
    }
  }

  /** On disk before it is used: the old refresh token is spent from now on. */
  async #keep(tokens: Tokens): Promise<void> {
    await this.#store.save({ token: tokens.refresh_token });
    this.#access = { token: tokens.access_token, expiresAt: tokens.expires_at };
  }

  #register(request: Requester): Promise<Welcome> {
    return request('client_register', { token: this.#access!.token, device: { name: this.#deviceName }, features: ['binary'] });
  }

  async #revoked(): Promise<NotPaired> {
    await this.forget();
    return new NotPaired(true);
  }
}

/** Two tabs must not spend the same refresh token; Web Locks are missing where the page is not served over HTTPS. */
function oneTabAtATime<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request('pocketcoder-refresh', work) as Promise<T> : work();
}
