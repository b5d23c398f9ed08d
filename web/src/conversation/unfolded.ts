import type { Item } from './view';

export interface Unfolded {
  /** What is shown, in the order of the log. */
  rows: readonly Item[];
  /** How many steps each sub-agent has made, by the call that began it. */
  steps: ReadonlyMap<string, number>;
}

const NONE: ReadonlyMap<string, number> = new Map();
const parentOf = (item: Item): string | undefined => ('parent' in item ? item.parent : undefined);

/** The key under which it is noted whether a sub-agent's steps are shown. */
export const stepsKey = (toolUseId: string): string => `steps ${toolUseId}`;

/** A sub-agent's steps are shown while it works, and folded into its call afterwards, unless the reader says otherwise. */
export function unfolded(items: readonly Item[], opened: { get(key: string): boolean | undefined }): Unfolded {
  if (!items.some((item) => parentOf(item) !== undefined)) return { rows: items, steps: NONE };
  const steps = new Map<string, number>();
  const shown = new Map<string, boolean>();
  const rows = items.filter((item) => {
    const parent = parentOf(item);
    if (parent !== undefined) steps.set(parent, (steps.get(parent) ?? 0) + 1);
    const visible = parent === undefined || (shown.get(parent) ?? true);
    if (item.kind === 'tool') shown.set(item.toolUseId, visible && (opened.get(stepsKey(item.toolUseId)) ?? item.state === 'running'));
    return visible;
  });
  return { rows, steps };
}
