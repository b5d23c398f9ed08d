import type { ConversationView, Item } from './view';

let batching = false;
/** The items that only the running batch has seen so far. */
let own: Item[] | undefined;

/** The view's items to be changed in place: a copy, which a whole batch of events shares. */
export function mutable(view: ConversationView): Item[] {
  if (!batching) return [...view.items];
  if (own !== view.items) own = [...view.items];
  return own;
}

/** Within it a long log is copied once instead of once an event. */
export function inBatch(work: () => ConversationView): ConversationView {
  batching = true;
  try {
    return work();
  } finally {
    batching = false;
    own = undefined;
  }
}
