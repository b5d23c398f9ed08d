import type { AgentEvent, AgentGap, AgentTextDelta } from '../protocol.gen';
import { apply } from './apply';
import { inBatch } from './batch';
import { hasHole, type ConversationView } from './view';

/**
 * The next view. Whatever is repeated, cut off or out of order on the way here, the same log ends in the same view:
 * an event known already changes nothing, one that is too early waits until the hole before it is filled or told to be a gap.
 */
export function reduce(view: ConversationView, event: AgentEvent): ConversationView {
  if (event.type === 'text_delta') return addDelta(view, event);
  if (event.type === 'gap') return passGap(view, event);
  const seq = event.seq;
  if (event.type === 'prompt' && seq !== undefined && seq <= view.goneTo) return apply(view, event);
  if (seq === undefined || seq <= view.lastSeq) return view;
  if (seq > view.lastSeq + 1) return { ...view, early: { ...view.early, [seq]: event } };
  return takeEarly({ ...apply(view, event), lastSeq: seq });
}

/** The view after many events, at the cost of few. */
export const reduceAll = (view: ConversationView, events: readonly AgentEvent[]): ConversationView =>
  inBatch(() => events.reduce(reduce, view));

/** Before the log is sent again: the partial text comes again as well, whole. */
export const forgetPartial = (view: ConversationView): ConversationView =>
  view.partial ? { ...view, partial: undefined } : view;

/** The log itself has a hole (events too old to be kept): go on behind it, and show that something is missing. */
export function skipHole(view: ConversationView): ConversationView {
  if (!hasHole(view)) return view;
  const next = Math.min(...Object.keys(view.early).map(Number));
  return passGap(view, { from: view.lastSeq + 1, to: next - 1 });
}

/** Goes on behind what is not here, with one quiet line. What was open before may have been closed in it. */
function passGap(view: ConversationView, { from, to, kept, carried = [] }: Pick<AgentGap, 'from' | 'to' | 'kept' | 'carried'>): ConversationView {
  if (to <= view.lastSeq || from > view.lastSeq + 1) return view;
  const before = view.items.map((item) => (item.kind === 'tool' && item.state === 'running' ? { ...item, state: 'stopped' as const } : item));
  const kind = kept ? ('earlier' as const) : ('gap' as const);
  const items = before.at(-1)?.kind === kind ? before : [...before, { kind, key: `${kind}${to}`, text: '' }];
  const early = Object.fromEntries(Object.entries(view.early).filter(([seq]) => Number(seq) > to));
  const passed = { ...view, items, prompts: [], partial: undefined, lastSeq: to, goneTo: to, early, earlier: kept ? to + 1 : view.earlier };
  return takeEarly(carried.reduce(apply, passed));
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

function addDelta(view: ConversationView, { messageId, delta, whole }: AgentTextDelta): ConversationView {
  const before = view.partial?.messageId === messageId && !whole ? view.partial.text : '';
  return { ...view, partial: { messageId, text: before + delta } };
}
