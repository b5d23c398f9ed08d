export interface Option {
  label: string;
  hint?: string;
  detail: string;
}

/** What is on offer while something is being written, and which of it is marked. */
export interface Choice {
  readonly label: string;
  readonly options: readonly Option[];
  readonly marked: number;
  readonly found: string;
  take(index: number): void;
  /** True when the key was for the list. */
  key(key: string): boolean;
}

/** Moves the mark, or says what else the key means. */
export function keyOf(key: string, marked: number, count: number): number | 'take' | 'close' | undefined {
  if (count === 0) return undefined;
  if (key === 'ArrowDown') return (marked + 1) % count;
  if (key === 'ArrowUp') return (marked + count - 1) % count;
  if (key === 'Escape') return 'close';
  return key === 'Tab' || key === 'Enter' ? 'take' : undefined;
}
