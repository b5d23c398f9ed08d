import type { AgentEvent } from '../protocol.gen';
import { apply } from './apply';
import { hasHole, type ConversationView } from './view';

/**
 * The next view. Whatever is repeated, cut off or out of order on the way here, the same log ends in the same view:
 * an event known already changes nothing, one that is too early waits until the hole before it is filled.
 */
export function reduce(view: ConversationView, event: AgentEvent): ConversationView {
  if (event.type === 'text_delta') return addDelta(view, event.messageId, event.delta);
  const seq = event.seq;
  if (seq === undefined || seq <= view.lastSeq) return view;
  if (seq > view.lastSeq + 1) return { ...view, early: { ...view.early, [seq]: event } };
  return takeEarly({ ...apply(view, event), lastSeq: seq });
}

/** Before the log is sent again: the partial text comes again as well, whole. */
export const forgetPartial = (view: ConversationView): ConversationView =>
  view.partial ? { ...view, partial: undefined } : view;

/** The log itself has a hole (events too old to be kept): go on behind it, and show that something is missing. */
export function skipHole(view: ConversationView): ConversationView {
  if (!hasHole(view)) return view;
  const next = Math.min(...Object.keys(view.early).map(Number));
  const items = [...view.items, { kind: 'gap' as const, key: `gap${next}`, text: '' }];
  return takeEarly({ ...view, items, lastSeq: next - 1 });
}

function takeEarly(view: ConversationView): ConversationView {
  let next = view;
  for (;;) {
    const seq = next.lastSeq + 1;
    const event = next.early[seq];
    if (!event) return next;
    const { [seq]: _, ...early } = next.early;
    next = { ...apply(next, event), lastSeq: seq, early };
  }
}

function addDelta(view: ConversationView, messageId: string, delta: string): ConversationView {
  const before = view.partial?.messageId === messageId ? view.partial.text : '';
  return { ...view, partial: { messageId, text: before + delta } };
}
