import type { AgentDone, AgentUser } from '../protocol.gen';
import { mutable } from './batch';
import { hasEnded, type ConversationView, type Item, type Receipt, type UserItem } from './view';

/** A message as it was told. One that waited is told again when its turn begins: it moves to where it is answered. */
export function applyUser(view: ConversationView, event: AgentUser, key: string): ConversationView {
  const index = event.messageId ? indexOf(view, event.messageId) : -1;
  const known = view.items[index];
  const given = known?.kind === 'user' && known.receipt === 'given';
  const item: UserItem = {
    kind: 'user', key, content: event.content,
    images: event.images ?? [],
    queued: !!event.queued, receipt: event.queued ? 'queued' : given ? 'given' : 'received', messageId: event.messageId,
  };
  return { ...view, items: moved(view, index, item) };
}

const indexOf = (view: ConversationView, messageId: string): number =>
  view.items.findLastIndex((item) => item.kind === 'user' && item.messageId === messageId);

/** At the end, instead of where it was. */
function moved(view: ConversationView, index: number, item: UserItem): Item[] {
  const items = mutable(view);
  if (index >= 0) items.splice(index, 1);
  items.push(item);
  return items;
}

/** A turn begins: when no message of its own was told since the last one ended, it is the first of those that waited. */
export function beginTurn(view: ConversationView): ConversationView {
  const turn = view.items.slice(view.items.findLastIndex((item) => item.kind === 'done') + 1);
  if (turn.some((item) => item.kind === 'user' && !item.queued)) return view;
  const index = view.items.findIndex((item) => item.kind === 'user' && item.queued);
  if (index < 0) return view;
  return { ...view, items: moved(view, index, unqueued(view.items[index] as UserItem)) };
}

const unqueued = (item: UserItem): UserItem => ({ ...item, queued: false, receipt: item.receipt === 'queued' ? 'received' : item.receipt });

/** The agent has the message: it stands from now on where it is answered. */
export function give(view: ConversationView, messageId: string): ConversationView {
  const index = indexOf(view, messageId);
  const item = view.items[index] as UserItem | undefined;
  if (!item || hasEnded(item.receipt)) return view;
  const given: UserItem = { ...item, queued: false, receipt: 'given' };
  if (item.queued) return { ...view, items: moved(view, index, given) };
  const items = mutable(view);
  items[index] = given;
  return { ...view, items };
}

/** The end of a turn is the end of the messages that were in it. */
export function endMessages(items: Item[], event: AgentDone): void {
  const receipt = receiptOf(event);
  for (const [index, item] of items.entries()) if (item.kind === 'user' && belongs(item, event)) items[index] = { ...item, receipt };
}

/** Whether the turn was this message's. A log of before there were receipts does not say: then it was all that did not wait. */
function belongs(item: UserItem, { messageId, steered = [] }: AgentDone): boolean {
  if (item.messageId === undefined || hasEnded(item.receipt)) return false;
  if (messageId === undefined && steered.length === 0) return !item.queued;
  return item.messageId === messageId || steered.includes(item.messageId);
}

function receiptOf(event: AgentDone): Receipt {
  if (event.interrupted) return 'interrupted';
  if (event.cancelled) return 'cancelled';
  return event.isError ? 'failed' : 'done';
}
