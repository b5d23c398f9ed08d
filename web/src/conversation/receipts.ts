import type { AgentDone, AgentUser } from '../protocol.gen';
import { hasEnded, type ConversationView, type Item, type Receipt, type UserItem } from './view';

/** A message as it was told. One that waited is told again when its turn begins: it moves to where it is answered. */
export function applyUser(view: ConversationView, event: AgentUser, key: string): ConversationView {
  const known = event.messageId ? view.items.find((other) => other.kind === 'user' && other.messageId === event.messageId) : undefined;
  const given = known?.kind === 'user' && known.receipt === 'given';
  const item: UserItem = {
    kind: 'user', key, content: event.content,
    images: event.images ?? [],
    queued: !!event.queued, receipt: event.queued ? 'queued' : given ? 'given' : 'received', messageId: event.messageId,
  };
  return { ...view, items: [...view.items.filter((other) => other !== known), item] };
}

/** A turn begins: when no message of its own was told since the last one ended, it is the first of those that waited. */
export function beginTurn(view: ConversationView): ConversationView {
  const turn = view.items.slice(view.items.findLastIndex((item) => item.kind === 'done') + 1);
  if (turn.some((item) => item.kind === 'user' && !item.queued)) return view;
  const next = view.items.find((item): item is UserItem => item.kind === 'user' && item.queued);
  if (!next) return view;
  return { ...view, items: [...view.items.filter((item) => item !== next), unqueued(next)] };
}

const unqueued = (item: UserItem): UserItem => ({ ...item, queued: false, receipt: item.receipt === 'queued' ? 'received' : item.receipt });

/** The agent has the message: it stands from now on where it is answered. */
export function give(view: ConversationView, messageId: string): ConversationView {
  const item = view.items.find((other): other is UserItem => other.kind === 'user' && other.messageId === messageId);
  if (!item || hasEnded(item.receipt)) return view;
  const given: UserItem = { ...item, queued: false, receipt: 'given' };
  if (!item.queued) return { ...view, items: view.items.map((other) => (other === item ? given : other)) };
  return { ...view, items: [...view.items.filter((other) => other !== item), given] };
}

/** The end of a turn is the end of the messages that were in it. */
export function endMessages(items: readonly Item[], event: AgentDone): Item[] {
  const receipt = receiptOf(event);
  return items.map((item) => (item.kind === 'user' && belongs(item, event) ? { ...item, receipt } : item));
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
