/** Begun when it is first asked for, and the same for all who ask; after a failure it is tried again. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}

/** When the page has nothing better to do, or soon in any case. */
export function whenIdle(work: () => void): void {
  if (typeof requestIdleCallback === 'function') requestIdleCallback(work, { timeout: 2_000 });
  else setTimeout(work, 500); // Safari
}

/** In ms. */
const QUIET = 3_000;

/** For work that would be in the way of what the user does first: when they have left the page alone for some seconds, or left it. */
export function whenQuiet(work: () => void): void {
  const watched = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = (): void => {
    clearTimeout(timer);
    watched.abort();
    work();
  };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(begin, QUIET);
  };
  wait();
  for (const touch of ['pointerdown', 'keydown', 'hashchange']) addEventListener(touch, wait, { passive: true, signal: watched.signal });
  document.addEventListener('visibilitychange', () => document.hidden && begin(), { signal: watched.signal });
}
