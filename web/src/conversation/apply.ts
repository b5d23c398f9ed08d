import type { AgentDone, AgentEvent, AgentPromptResolved, AgentStatus, AgentToolResult, AgentUser } from '../protocol.gen';
import type { ConversationView, Item, ToolItem, UserItem } from './view';

/** What one event, in its turn, makes of the view. */
export function apply(view: ConversationView, event: AgentEvent): ConversationView {
  const key = `e${event.seq}`;
  switch (event.type) {
    case 'init':
      return { ...beginTurn(view), mode: event.permissionMode, model: event.model };
    case 'user':
      return applyUser(view, event, key);
    case 'text':
      return {
        ...add(view, { kind: 'text', key, text: event.text, truncated: !!event.truncated, depth: depthOf(view, event.parentToolUseId) }),
        partial: event.parentToolUseId ? view.partial : undefined,
      };
    case 'thinking':
      return add(view, { kind: 'thinking', key, text: event.text, truncated: !!event.truncated, depth: depthOf(view, event.parentToolUseId) });
    case 'file_create':
      return add(view, { ...tool(view, key, event, 'Write'), path: event.path, content: event.content });
    case 'file_edit':
      return add(view, { ...tool(view, key, event, 'Edit'), path: event.path, edits: event.edits, patch: event.patch });
    case 'tool_use':
      return add(view, { ...tool(view, key, event, event.name), input: event.input });
    case 'tool_result':
      return applyResult(view, event);
    case 'prompt':
      if (view.prompts.some((prompt) => prompt.promptId === event.promptId)) return view;
      return { ...view, prompts: [...view.prompts, event], activity: 'waiting' };
    case 'prompt_resolved':
      return applyResolved(view, event, key);
    case 'status':
      return applyStatus(view, event, key);
    case 'error':
      return add(view, { kind: 'error', key, text: event.message });
    case 'done':
      return applyDone(view, event, key);
    default:
      return view; // a newer daemon's event: its seq counts, the rest is not for us
  }
}

function applyUser(view: ConversationView, event: AgentUser, key: string): ConversationView {
  const item: UserItem = {
    kind: 'user', key, content: event.content, images: event.images ?? [], queued: !!event.queued, messageId: event.messageId,
  };
  // A message that waited is told again when its turn begins: it moves to where it is answered.
  const others = event.messageId ? view.items.filter((other) => !(other.kind === 'user' && other.messageId === event.messageId)) : view.items;
  return { ...view, items: [...others, item] };
}

/** A turn begins: when no message of its own was told since the last one ended, it is the first of those that waited. */
function beginTurn(view: ConversationView): ConversationView {
  const turn = view.items.slice(view.items.findLastIndex((item) => item.kind === 'done') + 1);
  if (turn.some((item) => item.kind === 'user' && !item.queued)) return view;
  const next = view.items.find((item): item is UserItem => item.kind === 'user' && item.queued);
  if (!next) return view;
  return { ...view, items: [...view.items.filter((item) => item !== next), { ...next, queued: false }] };
}

function applyResult(view: ConversationView, event: AgentToolResult): ConversationView {
  return changeTool(view, event.toolUseId, (item) => ({
    ...item,
    patch: event.patch ?? item.patch,
    result: { content: event.content, isError: event.isError, truncated: !!event.truncated },
    state: item.state === 'denied' ? 'denied' : event.isError ? 'failed' : 'done',
  }));
}

function applyResolved(view: ConversationView, event: AgentPromptResolved, key: string): ConversationView {
  const prompt = view.prompts.find((open) => open.promptId === event.promptId);
  if (!prompt) return view;
  const prompts = view.prompts.filter((open) => open !== prompt);
  const next = add(
    { ...view, prompts, activity: prompts.length > 0 ? 'waiting' : 'running' },
    { kind: 'outcome', key, outcome: event.outcome, about: prompt.kind, title: prompt.title },
  );
  if (event.outcome === 'allowed') return next;
  return changeTool(next, prompt.toolUseId, (item) => ({ ...item, state: 'denied' }));
}

function applyStatus(view: ConversationView, event: AgentStatus, key: string): ConversationView {
  const next = { ...view, activity: event.state, mode: event.permissionMode ?? view.mode };
  if (event.state !== 'retrying') return next;
  const last = view.items.at(-1);
  const items = last?.kind === 'retry' ? view.items.slice(0, -1) : view.items; // attempts replace each other
  return { ...next, items: [...items, { kind: 'retry', key, text: event.detail ?? '' }] };
}

function applyDone(view: ConversationView, event: AgentDone, key: string): ConversationView {
  const items: Item[] = view.items.map((item) => (item.kind === 'tool' && item.state === 'running' ? { ...item, state: 'stopped' } : item));
  items.push({
    kind: 'done', key, cancelled: event.cancelled, interrupted: !!event.interrupted, isError: event.isError,
    result: event.result, durationMs: event.durationMs, costUsd: event.costUsd,
  });
  return { ...view, items, activity: 'idle', partial: undefined };
}

function tool(
  view: ConversationView,
  key: string,
  event: { toolUseId: string; truncated?: boolean; parentToolUseId?: string },
  name: string,
): ToolItem {
  const depth = depthOf(view, event.parentToolUseId);
  return { kind: 'tool', key, toolUseId: event.toolUseId, name, truncated: !!event.truncated, state: 'running', depth };
}

function depthOf(view: ConversationView, parentToolUseId: string | undefined): number {
  if (!parentToolUseId) return 0;
  const parent = view.items.findLast((item) => item.kind === 'tool' && item.toolUseId === parentToolUseId);
  return parent?.kind === 'tool' ? parent.depth + 1 : 1;
}

function changeTool(view: ConversationView, toolUseId: string, change: (item: ToolItem) => ToolItem): ConversationView {
  const index = view.items.findLastIndex((item) => item.kind === 'tool' && item.toolUseId === toolUseId);
  if (index < 0) return view;
  return { ...view, items: view.items.with(index, change(view.items[index] as ToolItem)) };
}

function add(view: ConversationView, item: Item): ConversationView {
  return { ...view, items: [...view.items, item] };
}
