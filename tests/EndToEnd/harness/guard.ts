import { type BrowserContext, expect } from '@playwright/test';

/** What no page of the app may ever do: break the CSP, talk to another origin, throw. */
export class Guard {
  readonly #own = new Set<string>();
  readonly #found: string[] = [];

  /** The relay, under an address that the test uses for it. */
  allow(relay: string): void {
    this.#own.add(new URL(relay).host);
  }

  async watch(context: BrowserContext): Promise<void> {
    const check = (what: string, url: string): void => {
      const { protocol, host } = new URL(url);
      if (protocol !== 'data:' && protocol !== 'blob:' && !this.#own.has(host)) this.#found.push(`${what} to another origin: ${url}`);
    };
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    context.on('request', (request) => check('request', request.url()));
    context.on('weberror', (error) => this.#found.push(`uncaught: ${error.error().stack ?? error.error().message}`));
    context.on('console', (message) => {
      if (/content.security.policy|trusted ?types?/i.test(message.text())) this.#found.push(message.text());
    });
    context.on('page', (page) => page.on('websocket', (socket) => check('WebSocket', socket.url())));
  }

  expectNothing(): void {
    expect(this.#found, 'CSP violations, foreign requests and uncaught errors').toEqual([]);
  }
}
