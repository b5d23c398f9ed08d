export type Pasted = { code: string } | { otherHost: string } | undefined;

const CODE = /^[A-Za-z0-9_-]{8,128}$/;

/** Takes the code out of the address before anything else can see it; it must not stay in the history. */
export function takeCodeFromAddress(): string | undefined {
  const code = codeOf(location.hash);
  if (location.hash.startsWith('#pair=')) history.replaceState(null, '', location.pathname);
  return code;
}

/** Understands a code, or the whole link it came in. */
export function readPasted(input: string, ownHost: string): Pasted {
  const trimmed = input.trim();
  if (CODE.test(trimmed)) return { code: trimmed };
  try {
    const url = new URL(trimmed);
    const code = codeOf(url.hash);
    if (!code) return undefined;
    return url.host === ownHost ? { code } : { otherHost: url.host };
  } catch {
    return undefined;
  }
}

function codeOf(hash: string): string | undefined {
  const code = hash.startsWith('#pair=') ? hash.slice('#pair='.length) : '';
  return CODE.test(code) ? code : undefined;
}
