import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';

/** In the directory of this machine's architecture. */
const MINI_BROWSER = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/webkit2gtk-4.1/MiniBrowser`).find(existsSync);
const PATIENCE = 30_000;
/** The key under which WebDriver hands out elements. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

export const hasWebKit = MINI_BROWSER !== undefined && existsSync('/usr/bin/WebKitWebDriver') && existsSync('/usr/bin/xvfb-run');

/** WebKitGTK, the nearest thing to the iPhone's browser on Linux, through its WebDriver (Debian: webkit2gtk-driver, xvfb). */
export class WebKit {
  readonly #driver: ChildProcess;
  readonly #url: string;

  private constructor(driver: ChildProcess, url: string) {
    this.#driver = driver;
    this.#url = url;
  }

  static async start(): Promise<WebKit> {
    const port = await freePort();
    // A group of its own: the driver leaves its display behind when it is killed.
    const driver = spawn('xvfb-run', ['-a', '-s', '-screen 0 390x844x24', 'WebKitWebDriver', `--port=${port}`, '--host=127.0.0.1'], { stdio: 'ignore', detached: true });
    try {
      const base = `http://127.0.0.1:${port}`;
      for (const end = Date.now() + PATIENCE; ; ) {
        const status = await fetch(`${base}/status`).then((response) => response.ok, () => false);
        if (status) break;
        if (Date.now() > end || driver.exitCode !== null) throw new Error('WebKitWebDriver did not start. Debian: apt-get install webkit2gtk-driver xvfb');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation', '--geometry=390x844'] } } };
      const { sessionId } = (await call(`${base}/session`, 'POST', { capabilities })) as { sessionId: string };
      return new WebKit(driver, `${base}/session/${sessionId}`);
    } catch (error) {
      await end(driver);
      throw error;
    }
  }

  async stop(): Promise<void> {
    await call(this.#url, 'DELETE').catch(() => {});
    await end(this.#driver);
  }

  goto(url: string): Promise<unknown> {
    return this.#call('POST', 'url', { url });
  }

  run<Result>(script: string, ...args: unknown[]): Promise<Result> {
    return this.#call('POST', 'execute/sync', { script, args }) as Promise<Result>;
  }

  /** As the user would, and not before the old page has gone. */
  async reload(): Promise<void> {
    await this.run('window.isOld = true; location.reload()');
    await this.#until('return window.isOld || !document.body ? null : true', 'the page anew');
  }

  /** Taps what has this role and name, when it is there. */
  async tap(role: 'button' | 'link', name: string | RegExp): Promise<void> {
    await this.#act(role === 'link' ? 'a[href]' : 'button', name, 'click', {});
  }

  async type(label: string, text: string): Promise<void> {
    await this.#act('textarea, input', label, 'value', { text });
  }

  /** Waits until the page says this. */
  see(text: string | RegExp): Promise<unknown> {
    const test = typeof text === 'string' ? `document.body.innerText.includes(${JSON.stringify(text)})` : `${text}.test(document.body.innerText)`;
    return this.#until(`return ${test} || null`, `the page says ${text}`);
  }

  /** What the page takes away between finding and touching it is looked for again. */
  async #act(selector: string, name: string | RegExp, deed: string, body: object): Promise<void> {
    for (const end = Date.now() + PATIENCE; ; ) {
      try {
        await this.#call('POST', `element/${await this.#named(selector, name)}/${deed}`, body);
        return;
      } catch (error) {
        if (Date.now() > end || !/stale element|not interactable|click intercepted/.test(String(error))) throw error;
      }
    }
  }

  async #named(selector: string, name: string | RegExp): Promise<string> {
    const fits = typeof name === 'string' ? `name === ${JSON.stringify(name)}` : `${name}.test(name)`;
    const script = `for (const element of document.querySelectorAll(${JSON.stringify(selector)})) {
      const name = (element.getAttribute('aria-label') ?? (element.labels?.[0]?.textContent || element.innerText) ?? '').trim();
      if (element.checkVisibility() && !element.disabled && (${fits})) return element;
    } return null`;
    const found = (await this.#until(script, `${selector} ${name}`)) as Record<string, string>;
    return found[ELEMENT];
  }

  async #until(script: string, what: string): Promise<unknown> {
    for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
      // Between two pages there is no document to look at.
      const found = await this.run(script).catch(() => null);
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`Never seen: ${what}. The page says:\n${await this.run<string>('return document.body.innerText')}`);
  }

  #call(method: string, path: string, body?: object): Promise<unknown> {
    return call(`${this.#url}/${path}`, method, body);
  }
}

async function end(driver: ChildProcess): Promise<void> {
  if (driver.exitCode !== null || driver.signalCode !== null || driver.pid === undefined) return;
  const gone = once(driver, 'exit');
  process.kill(-driver.pid, 'SIGTERM');
  await gone;
}

async function call(url: string, method: string, body?: object): Promise<unknown> {
  const response = await fetch(url, { method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const { value } = (await response.json()) as { value: { error?: string; message?: string } };
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}
