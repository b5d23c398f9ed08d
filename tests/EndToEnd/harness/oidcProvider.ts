import { join } from 'node:path';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { root } from './paths';

/** The real OpenID provider of tests/OidcProvider, with a person in it who says yes at once. */
export class OidcProvider {
  readonly issuer: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, issuer: string) {
    this.#child = child;
    this.issuer = issuer;
  }

  static async start(): Promise<OidcProvider> {
    const child = spawn('node', [join(root, 'tests/OidcProvider/provider.mjs')], { stdio: ['pipe', 'pipe', 'ignore'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return new OidcProvider(child, (JSON.parse(line) as { issuer: string }).issuer);
  }

  /** Who signs in next; null: somebody who says no. */
  async nextIs(user: { sub: string; email: string; email_verified: boolean } | null): Promise<void> {
    await fetch(`${this.issuer}/control`, { method: 'POST', body: JSON.stringify({ user }) });
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
  }
}
