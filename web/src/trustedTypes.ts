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

/** Lets exactly one script URL pass. */
export function scriptUrlPolicy(name: string, allowed: string): string {
  const check = (url: string): string => {
    if (url !== allowed) throw new TypeError(`Not a script of this app: ${url}`);
    return url;
  };
  return (factory?.createPolicy(name, { createScriptURL: check }).createScriptURL(allowed) as string | undefined) ?? allowed;
}
