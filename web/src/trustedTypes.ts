/** The part of Trusted Types that is used; where a browser does not know them, the text itself passes. */
interface Policies {
  createPolicy(name: string, rules: { createHTML?(text: string): string; createScriptURL?(url: string): string }): {
    createHTML(text: string): unknown;
    createScriptURL(url: string): unknown;
  };
}

const factory = (globalThis as { trustedTypes?: Policies }).trustedTypes;

/** A function that turns text into HTML the browser lets into the page; `clean` decides what that may be. */
export function htmlPolicy(name: string, clean: (text: string) => string): (text: string) => string {
  const policy = factory?.createPolicy(name, { createHTML: clean });
  return policy ? (text) => policy.createHTML(text) as string : clean;
}

const WORKER = /^\/(?:service-worker|assets\/[\w.-]+)\.js$/;
const workers = factory?.createPolicy('pocketcoder-worker', { createScriptURL: check });

/** Lets the app's own scripts be started as workers, and nothing else. */
export function workerUrl(url: string): string {
  return (workers ? workers.createScriptURL(url) : check(url)) as string;
}

function check(url: string): string {
  if (!WORKER.test(url) && !import.meta.env.DEV) throw new TypeError(`Not a script of this app: ${url}`);
  return url;
}
