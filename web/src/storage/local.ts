/**
 * What the first frame needs, for which IndexedDB answers too late: a few small things, none of them secret. Written at once and whole.
 * A browser that refuses them (some private modes, a full disk) keeps nothing, and what it kept in another form counts as nothing.
 */
export const local = {
  read(name: string): unknown {
    try {
      return JSON.parse(localStorage.getItem(`pocketcoder-${name}`) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  },

  /** Undefined removes it. */
  write(name: string, value: unknown): void {
    try {
      if (value === undefined) localStorage.removeItem(`pocketcoder-${name}`);
      else localStorage.setItem(`pocketcoder-${name}`, JSON.stringify(value));
    } catch {
      // it lasts as long as the page
    }
  },

  /** Tells when another tab has removed it. */
  onRemoved(name: string, work: () => void): void {
    addEventListener('storage', ({ key, newValue }) => {
      if (key === null || (key === `pocketcoder-${name}` && newValue === null)) work();
    });
  },
};
