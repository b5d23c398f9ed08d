import type { AgentActivity, AgentEvent, AgentImage, AgentPrompt, FileEdit, PromptKind, PromptOutcome, TaskKind, TaskState, TodoItem } from '../protocol.gen';

export type ToolState = 'running' | 'done' | 'failed' | 'denied' | 'stopped';

/** How far a message has come: with the machine, waiting there, with the agent, or how its turn ended. */
export type Receipt = 'received' | 'queued' | 'given' | 'done' | 'cancelled' | 'interrupted' | 'failed';

export const hasEnded = (receipt: Receipt): boolean => receipt !== 'received' && receipt !== 'queued' && receipt !== 'given';

interface ItemBase {
  /** Stable for as long as the item lives, so that its element is kept. */
  key: string;
}

export interface UserItem extends ItemBase {
  kind: 'user';
  content: string;
  images: AgentImage[];
  queued: boolean;
  receipt: Receipt;
  /** Absent: written in a terminal, where nobody asks for receipts. */
  messageId?: string;
}

export interface TextItem<Kind extends 'text' | 'thinking'> extends ItemBase {
  kind: Kind;
  text: string;
  truncated: boolean;
  depth: number;
  /** The call whose sub-agent said it. */
  parent?: string;
}

export interface ToolItem extends ItemBase {
  kind: 'tool';
  toolUseId: string;
  name: string;
  path?: string;
  input?: unknown;
  content?: string;
  edits?: FileEdit[];
  patch?: string;
  truncated: boolean;
  result?: { content: string; isError: boolean; truncated: boolean };
  state: ToolState;
  /** How many sub-agents deep. */
  depth: number;
  /** The call whose sub-agent made this one. */
  parent?: string;
}

export interface OutcomeItem extends ItemBase {
  kind: 'outcome';
  outcome: PromptOutcome;
  about: PromptKind;
  title: string;
}

/** A sub-agent or a command in the background, as it was last told. */
export interface TaskItem extends ItemBase {
  kind: 'task';
  taskId: string;
  task: TaskKind;
  state: TaskState;
  description: string;
  summary?: string;
  depth: number;
}

export interface NoticeItem<Kind extends 'retry' | 'gap' | 'earlier'> extends ItemBase {
  kind: Kind;
  text: string;
}

export interface ErrorItem extends ItemBase {
  kind: 'error';
  text: string;
  /** When a limit ends. */
  resetsAt?: string;
  /** What to do on the machine. */
  action?: string;
}

export type Notice = NoticeItem<'retry'> | NoticeItem<'gap'> | ErrorItem | OutcomeItem | DoneItem;

export interface DoneItem extends ItemBase {
  kind: 'done';
  cancelled: boolean;
  interrupted: boolean;
  isError: boolean;
  result?: string;
  durationMs: number;
  /** The turn's; `totalCostUsd` is the session's. */
  costUsd?: number;
  totalCostUsd?: number;
  contextTokens?: number;
  contextWindow?: number;
}

export type Item = UserItem | TextItem<'text'> | TextItem<'thinking'> | ToolItem | TaskItem | Notice | NoticeItem<'earlier'>;

/** Everything a conversation shows, made from its events alone. */
export interface ConversationView {
  /** Every event up to this one is in the view, none of them twice. */
  lastSeq: number;
  items: readonly Item[];
  prompts: readonly AgentPrompt[];
  /** The answer in the making; never part of what is kept. */
  partial?: { messageId: string; text: string };
  activity: AgentActivity;
  mode?: string;
  model?: string;
  /** The agent's list of what is to be done. */
  todo: readonly TodoItem[];
  /** What runs on between turns. */
  background: number;
  /** What is before this event is with the machine, and not here; absent: all that is kept is here. */
  earlier?: number;
  /** Up to here events are not here any more; only a prompt that is still open comes again from before. */
  goneTo: number;
  /** Events that arrived ahead of a hole, by seq. Not empty: attach again. */
  early: Readonly<Record<number, AgentEvent>>;
}

export const emptyView: ConversationView = { lastSeq: 0, items: [], prompts: [], activity: 'idle', todo: [], background: 0, goneTo: 0, early: {} };

export const hasHole = (view: ConversationView): boolean => Object.keys(view.early).length > 0;
