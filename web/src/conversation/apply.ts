import type { AgentDone, AgentEvent, AgentPromptResolved, AgentStatus, AgentTask, AgentToolResult } from '../protocol.gen';
import { mutable } from './batch';
import { applyUser, beginTurn, endMessages, give } from './receipts';
import type { ConversationView, Item, TaskItem, ToolItem } from './view';

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
        ...add(view, { kind: 'text', key, text: event.text, truncated: !!event.truncated, ...within(view, event.parentToolUseId) }),
        partial: event.parentToolUseId ? view.partial : undefined,
      };
    case 'thinking':
      return add(view, { kind: 'thinking', key, text: event.text, truncated: !!event.truncated, ...within(view, event.parentToolUseId) });
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
      return add(view, { kind: 'error', key, text: event.message, resetsAt: event.resetsAt, action: event.action });
    case 'done':
      return applyDone(view, event, key);
    case 'todo':
      return { ...view, todo: event.items };
    case 'task':
      return applyTask(view, event, key);
    default:
      return view; // a newer daemon's event: its seq counts, the rest is not for us
  }
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
  const given = event.messageId ? give(view, event.messageId) : view;
  const next = { ...given, activity: event.state, mode: event.permissionMode ?? view.mode, background: event.background ?? given.background };
  if (event.state !== 'retrying') return next;
  const last = next.items.at(-1);
  const items = mutable(next);
  if (last?.kind === 'retry') items.pop(); // attempts replace each other
  items.push({ kind: 'retry', key, text: event.detail ?? '' });
  return { ...next, items };
}

function applyDone(view: ConversationView, event: AgentDone, key: string): ConversationView {
  const items = mutable(view);
  endMessages(items, event);
  for (const [index, item] of items.entries()) if (item.kind === 'tool' && item.state === 'running') items[index] = { ...item, state: 'stopped' };
  items.push({
    kind: 'done', key, cancelled: event.cancelled, interrupted: !!event.interrupted, isError: event.isError,
    result: event.result, durationMs: event.durationMs, costUsd: event.costUsd,
    totalCostUsd: event.totalCostUsd, contextTokens: event.contextTokens, contextWindow: event.contextWindow,
  });
  return { ...view, items, activity: 'idle', partial: undefined };
}

/** One line a task, below the call that began it; told again, it changes where it stands. */
function applyTask(view: ConversationView, event: AgentTask, key: string): ConversationView {
  const index = view.items.findLastIndex((item) => item.kind === 'task' && item.taskId === event.taskId);
  const told = { task: event.kind, state: event.state, description: event.description };
  if (index >= 0) {
    const before = view.items[index] as TaskItem;
    const items = mutable(view);
    items[index] = { ...before, ...told, summary: event.summary ?? before.summary };
    return counted(view, items);
  }
  const parent = event.toolUseId ? view.items.findLastIndex((item) => item.kind === 'tool' && item.toolUseId === event.toolUseId) : -1;
  const item: TaskItem = { kind: 'task', key, taskId: event.taskId, ...told, summary: event.summary, depth: depthOf(view, event.toolUseId) };
  const items = mutable(view);
  items.splice(parent < 0 ? items.length : parent + 1, 0, item);
  return counted(view, items);
}

const counted = (view: ConversationView, items: readonly Item[]): ConversationView => ({
  ...view, items, background: items.filter((item) => item.kind === 'task' && item.state === 'running').length,
});

function tool(
  view: ConversationView,
  key: string,
  event: { toolUseId: string; truncated?: boolean; parentToolUseId?: string },
  name: string,
): ToolItem {
  return { kind: 'tool', key, toolUseId: event.toolUseId, name, truncated: !!event.truncated, state: 'running', ...within(view, event.parentToolUseId) };
}

const within = (view: ConversationView, parent: string | undefined): { depth: number; parent?: string } =>
  parent ? { depth: depthOf(view, parent), parent } : { depth: 0 };

function depthOf(view: ConversationView, parentToolUseId: string | undefined): number {
  if (!parentToolUseId) return 0;
  const parent = view.items.findLast((item) => item.kind === 'tool' && item.toolUseId === parentToolUseId);
  return parent?.kind === 'tool' ? parent.depth + 1 : 1;
}

function changeTool(view: ConversationView, toolUseId: string, change: (item: ToolItem) => ToolItem): ConversationView {
  const index = view.items.findLastIndex((item) => item.kind === 'tool' && item.toolUseId === toolUseId);
  if (index < 0) return view;
  const items = mutable(view);
  items[index] = change(items[index] as ToolItem);
  return { ...view, items };
}

function add(view: ConversationView, item: Item): ConversationView {
  const items = mutable(view);
  items.splice(placeOf(items, item), 0, item);
  return { ...view, items };
}

/** At the end; what a sub-agent does stands with its call, whatever others do meanwhile. */
function placeOf(items: readonly Item[], item: Item): number {
  const parent = 'parent' in item ? item.parent : undefined;
  if (parent === undefined) return items.length;
  const call = items.findLastIndex((other) => other.kind === 'tool' && other.toolUseId === parent);
  if (call < 0) return items.length;
  const { depth } = items[call] as ToolItem;
  let place = call + 1;
  while (place < items.length) {
    const next = items[place];
    if (!('depth' in next) || next.depth <= depth) break;
    place++;
  }
  return place;
}
