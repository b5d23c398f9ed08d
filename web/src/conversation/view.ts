import type { AgentActivity, AgentEvent, AgentImage, AgentPrompt, FileEdit, PromptKind, PromptOutcome } from '../protocol.gen';

export type ToolState = 'running' | 'done' | 'failed' | 'denied' | 'stopped';

interface ItemBase {
  /** Stable for as long as the item lives, so that its element is kept. */
  key: string;
}

export interface UserItem extends ItemBase {
  kind: 'user';
  content: string;
  images: AgentImage[];
  queued: boolean;
  messageId?: string;
}

export interface TextItem<Kind extends 'text' | 'thinking'> extends ItemBase {
  kind: Kind;
  text: string;
  truncated: boolean;
  depth: number;
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
}

export interface OutcomeItem extends ItemBase {
  kind: 'outcome';
  outcome: PromptOutcome;
  about: PromptKind;
  title: string;
}

export interface NoticeItem<Kind extends 'retry' | 'error' | 'gap'> extends ItemBase {
  kind: Kind;
  text: string;
}

export type Notice = NoticeItem<'retry'> | NoticeItem<'error'> | NoticeItem<'gap'> | OutcomeItem | DoneItem;

export interface DoneItem extends ItemBase {
  kind: 'done';
  cancelled: boolean;
  interrupted: boolean;
  isError: boolean;
  result?: string;
  durationMs: number;
  costUsd?: number;
}

export type Item = UserItem | TextItem<'text'> | TextItem<'thinking'> | ToolItem | Notice;

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
  /** Events that arrived ahead of a hole, by seq. Not empty: attach again. */
  early: Readonly<Record<number, AgentEvent>>;
}

export const emptyView: ConversationView = { lastSeq: 0, items: [], prompts: [], activity: 'idle', early: {} };

export const hasHole = (view: ConversationView): boolean => Object.keys(view.early).length > 0;
