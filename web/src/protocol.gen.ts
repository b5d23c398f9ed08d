// Generated from src/Protocol by tools/ProtocolGen. Do not edit: ./test says when it is stale, scripts/protocol writes it anew.

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = 'pocketcoder.v1';

/** Every request by its wire name. */
export interface Requests {
  auth_exchange: { request: AuthExchangeRequest; response: AuthExchangeResponse };
  token_refresh: { request: TokenRefreshRequest; response: TokenRefreshResponse };
  pairing_code_create: { request: PairingCodeCreateRequest; response: PairingCodeCreateResponse };
  daemon_register: { request: DaemonRegisterRequest; response: DaemonRegisterResponse };
  client_register: { request: ClientRegisterRequest; response: ClientRegisterResponse };
  machines_list: { request: MachinesListRequest; response: MachinesListResponse };
  projects_list: { request: ProjectsListRequest; response: ProjectsListResponse };
  fs_list: { request: FsListRequest; response: FsListResponse };
  fs_read: { request: FsReadRequest; response: FsReadResponse };
  git_status: { request: GitStatusRequest; response: GitStatusResponse };
  agent_session_new: { request: AgentSessionNewRequest; response: AgentSessionNewResponse };
  agent_message: { request: AgentMessageRequest; response: AgentMessageResponse };
  agent_sessions_list: { request: AgentSessionsListRequest; response: AgentSessionsListResponse };
  agent_session_attach: { request: AgentSessionAttachRequest; response: AgentSessionAttachResponse };
  agent_cancel: { request: AgentCancelRequest; response: AgentCancelResponse };
  agent_set_mode: { request: AgentSetModeRequest; response: AgentSetModeResponse };
  agent_prompt_response: { request: AgentPromptResponseRequest; response: AgentPromptResponseResponse };
}

/** Every event by its wire name. */
export interface Events {
  progress: Progress;
  connected: Connected;
  token_expiring: TokenExpiring;
  daemon_status: DaemonStatus;
  client_disconnected: ClientDisconnected;
  agent_session_changed: AgentSessionChanged;
  agent_event: AgentEvent;
}

/** One message on the wire. */
export interface Envelope {
  type: string;
  requestId?: string;
  machineKey?: string;
  clientId?: string;
  sessionId?: string;
  payload?: unknown;
  error?: ErrorInfo;
}

/** The `error` member of an `error` message. `message` is for a person to read. */
export interface ErrorInfo {
  code: ErrorCode;
  message: string;
  details?: ErrorDetails;
}

/** Sent every 5 s about a request that is still in work, so that the relay's 15 s start again. */
export interface Progress {
  message?: string;
}

/** The relay's greeting on every socket. */
export interface Connected {
  protocolVersion: number;
  authMode: AuthMode;
}

/** Trades a one-time pairing code (or an OAuth code with its verifier) for tokens. Every failure is `UNAUTHORIZED`. */
export interface AuthExchangeRequest {
  code: string;
  code_verifier?: string;
  redirect_uri?: string;
}

/** An access token (JWT, minutes), a refresh token (one use, days), the access token's end in Unix seconds. */
export interface AuthExchangeResponse {
  access_token: string;
  refresh_token: string;
  expires_at: number;
  user_id: string;
}

/** Trades a refresh token for new tokens. Using a spent one revokes its whole family, unless it repeats an `attempt` (any random text of the client's) of the last two minutes whose answer was lost on the way. */
export interface TokenRefreshRequest {
  refresh_token: string;
  attempt?: string;
}

/** The same members as `auth_exchange_response`. */
export interface TokenRefreshResponse {
  access_token: string;
  refresh_token: string;
  expires_at: number;
  user_id: string;
}

/** The access token of this socket ends in a minute: refresh, then register again on the same socket. */
export interface TokenExpiring {
  expires_at: number;
}

/** A registered daemon asks the relay for a one-time code that pairs one more device with its user. */
export type PairingCodeCreateRequest = Record<string, never>;

/** The code (128 bits, one use) and when it ends. */
export interface PairingCodeCreateResponse {
  code: string;
  expiresAt: string;
}

/** A daemon presents itself. The same machine registering again replaces its older socket (4409). */
export interface DaemonRegisterRequest {
  machineKey: string;
  token: string;
  machine: MachineInfo;
  projects: RegisteredProject[];
  capabilities: Capabilities;
  features?: string[];
}

export interface DaemonRegisterResponse {
  user_id: string;
}

/** A client presents itself. */
export interface ClientRegisterRequest {
  token: string;
  device?: DeviceInfo;
  features?: string[];
}

export interface ClientRegisterResponse {
  user_id: string;
  clientId: string;
  machines: MachineEntry[];
}

/** The user's machines; the relay answers. */
export type MachinesListRequest = Record<string, never>;

export interface MachinesListResponse {
  machines: MachineEntry[];
}

/** A machine came or went; sent to every client of its user. */
export interface DaemonStatus {
  machineKey: string;
  connected: boolean;
  label: string;
  lastSeenAt: string | null;
}

/** The relay tells a daemon that a client's socket is gone, so that it stops sending to it. */
export interface ClientDisconnected {
  clientId: string;
}

/** The projects registered on a machine. */
export type ProjectsListRequest = Record<string, never>;

export interface ProjectsListResponse {
  projects: ProjectEntry[];
}

/** One directory of the project. Paths are relative to its root, `/`-separated; "" is the root. */
export interface FsListRequest {
  path: string;
}

/** Directories first, then by name; at most 10,000 entries, then `truncated`; at most 20 levels deep. */
export interface FsListResponse {
  path: string;
  seq: number;
  truncated: boolean;
  children: FsEntry[];
}

/** A file's content, whole or `length` bytes from `offset`. Over 10 MB without a range: `FILE_TOO_LARGE`. */
export interface FsReadRequest {
  path: string;
  offset?: number;
  length?: number;
}

/** `size` is the whole file's, in bytes; `binary` content (a NUL byte or not UTF-8) is base64. */
export interface FsReadResponse {
  path: string;
  content: string;
  encoding: ContentEncoding;
  binary: boolean;
  size: number;
  modifiedAt: string;
  etag: string;
}

/** Branch and changes of the project's repository. Never runs anything the repository configures. */
export type GitStatusRequest = Record<string, never>;

/** `branch` is null when detached, `head` is null before the first commit. An untracked file is unstaged with `"?"`. */
export interface GitStatusResponse {
  branch: string | null;
  detached: boolean;
  head: string | null;
  upstream?: string;
  ahead: number;
  behind: number;
  staged: GitChange[];
  unstaged: GitChange[];
  conflicted: GitChange[];
}

/** Begins a session with its first message. `messageId` is a UUID the client made: the same one again is answered the same and never runs twice. */
export interface AgentSessionNewRequest {
  messageId: string;
  content: string;
  images?: ImageData[];
  model?: string;
  permissionMode?: PermissionMode;
}

export interface AgentSessionNewResponse {
  agentSessionId: string;
}

/** One more message to a session: one turn each, in order. The 51st waiting one is `DAEMON_BUSY`. */
export interface AgentMessageRequest {
  agentSessionId: string;
  messageId: string;
  content: string;
  images?: ImageData[];
  model?: string;
  permissionMode?: PermissionMode;
}

/** `position` is the place among the waiting messages, from 1; 0 when it runs at once. */
export interface AgentMessageResponse {
  queued: boolean;
  position: number;
}

/** The project's sessions, the latest activity first. `before` is the `agentSessionId` of the last one seen. */
export interface AgentSessionsListRequest {
  limit?: number;
  before?: string;
}

export interface AgentSessionsListResponse {
  sessions: AgentSessionEntry[];
}

/** Re-sends every event with a greater `seq` in order, answers, then goes on live. */
export interface AgentSessionAttachRequest {
  agentSessionId: string;
  afterSeq: number;
}

export interface AgentSessionAttachResponse {
  lastSeq: number;
  state: AgentSessionState;
}

/** Stops the running turn; its `done` then says `cancelled`. */
export interface AgentCancelRequest {
  agentSessionId: string;
}

export interface AgentCancelResponse {
  cancelled: boolean;
}

/** Changes what is given, while a turn runs too. */
export interface AgentSetModeRequest {
  agentSessionId: string;
  permissionMode?: PermissionMode;
  model?: string;
}

export interface AgentSetModeResponse {
  permissionMode: PermissionMode;
  model: string | null;
}

/** Answers a prompt. `suggestions` are the indexes of the prompt's suggestions to apply; `answers` maps a question's text to the label chosen (several joined by ", "). Answered already, withdrawn or unknown: `NOT_FOUND`. */
export interface AgentPromptResponseRequest {
  agentSessionId: string;
  promptId: string;
  decision: PromptDecision;
  suggestions?: number[];
  message?: string;
  updatedInput?: unknown;
  answers?: Record<string, string>;
  interrupt?: boolean;
}

export interface AgentPromptResponseResponse {
  accepted: boolean;
}

/** Goes to every client of the user, so that lists and badges stay true. */
export interface AgentSessionChanged {
  agentSessionId: string;
  state: AgentSessionState;
  title: string;
  openPrompts: number;
  lastSeq: number;
}

/** One thing that happened in an agent session. `seq` grows by exactly one per session and event; only `text_delta`, which is not kept, has none. */
export type AgentEvent = AgentInit | AgentUser | AgentText | AgentTextDelta | AgentThinking | AgentFileCreate | AgentFileEdit | AgentToolUse | AgentToolResult | AgentPrompt | AgentPromptResolved | AgentStatus | AgentError | AgentDone;

/** What can go wrong with a request, as the client sees it. */
export type ErrorCode = 'UNKNOWN_ERROR' | 'INVALID_REQUEST' | 'UNAUTHORIZED' | 'PROJECT_NOT_FOUND' | 'FILE_NOT_FOUND' | 'FILE_TOO_LARGE' | 'OUTSIDE_PROJECT_ROOT' | 'GIT_NOT_INITIALIZED' | 'COMMAND_TIMEOUT' | 'DAEMON_BUSY' | 'NOT_FOUND' | 'MACHINE_OFFLINE' | 'RELAY_TIMEOUT' | 'CONFLICT' | 'GIT_ERROR' | 'AGENT_UNAVAILABLE' | 'RATE_LIMITED' | 'TOO_MANY_ENTRIES' | 'ALREADY_EXISTS' | 'NOT_A_DIRECTORY' | 'IS_A_DIRECTORY';

/** Machine-readable particulars of an error; which members are there depends on the code. */
export interface ErrorDetails {
  path?: string;
  etag?: string;
  exitCode?: number;
  stderr?: string;
  reason?: string;
  action?: string;
}

/** How a relay knows its users. */
export type AuthMode = 'embedded' | 'supabase' | 'oidc';

/** What a machine says of itself. `label` has at most 64 characters. */
export interface MachineInfo {
  label: string;
  hostname: string;
  platform: string;
  arch: string;
  daemonVersion: string;
}

/** A project as the relay may know it: no path. */
export interface RegisteredProject {
  projectId: string;
  name: string;
}

/** What the machine can do, and what stands in the way. */
export interface Capabilities {
  hasGit: boolean;
  hasClaude: boolean;
  claudeStoreFound: boolean;
  claudeVersion?: string;
  warnings?: string[];
}

/** What a client calls itself in the list of paired devices. */
export interface DeviceInfo {
  name: string;
}

export interface MachineEntry {
  machineKey: string;
  label: string;
  hostname: string;
  platform: string;
  connected: boolean;
  lastSeenAt: string | null;
  daemonVersion: string;
}

/** `lastFsSeq` is the `seq` of the project's newest `fs_changed`. */
export interface ProjectEntry {
  projectId: string;
  name: string;
  path: string;
  lastOpenedAt: string | null;
  watcherRunning: boolean;
  lastFsSeq: number;
}

/** `size` in bytes. */
export interface FsEntry {
  name: string;
  path: string;
  kind: FsEntryKind;
  size: number;
  modifiedAt: string;
  ignored?: boolean;
}

export type ContentEncoding = 'utf-8' | 'base64';

/** `status` is git's own letter (`M A D R C T U ?`; two letters for a conflict). */
export interface GitChange {
  path: string;
  status: string;
  origPath?: string;
}

/** An image to show to the agent: `image/png`, `image/jpeg`, `image/gif` or `image/webp`; `data` is base64, at most 5 MB decoded. */
export interface ImageData {
  mediaType: string;
  data: string;
}

/** How much the agent may do without asking. */
export type PermissionMode = 'default' | 'acceptEdits' | 'plan' | 'dontAsk' | 'auto' | 'bypassPermissions';

/** `messageCount` counts what was asked; `queued` what waits. */
export interface AgentSessionEntry {
  agentSessionId: string;
  title: string;
  startedAt: string;
  lastActivityAt: string;
  messageCount: number;
  state: AgentSessionState;
  queued: number;
  model?: string;
  openPrompts?: number;
}

/** `waiting`: a prompt is open and the agent waits for a person. */
export type AgentSessionState = 'idle' | 'running' | 'waiting';

export type PromptDecision = 'allow' | 'deny';

/** The agent began a turn with these settings. */
export interface AgentInit {
  type: 'init';
  model: string;
  cwd: string;
  tools: string[];
  permissionMode: string;
  agentVersion: string;
  slashCommands?: string[];
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** What was asked, from whichever client or terminal. `queued` when it waits for its turn. */
export interface AgentUser {
  type: 'user';
  content: string;
  messageId?: string;
  images?: AgentImage[];
  queued?: boolean;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** A whole block of the agent's text. `messageId` names the deltas that came before it. */
export interface AgentText {
  type: 'text';
  text: string;
  messageId?: string;
  truncated?: boolean;
  parentToolUseId?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** More of the text in the making; not kept. Another `messageId` than the last one's begins anew. */
export interface AgentTextDelta {
  type: 'text_delta';
  messageId: string;
  delta: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

export interface AgentThinking {
  type: 'thinking';
  text: string;
  truncated?: boolean;
  parentToolUseId?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The agent wants to write a whole file. `path` is relative to the project where it lies inside; content is cut at 64 KB. */
export interface AgentFileCreate {
  type: 'file_create';
  toolUseId: string;
  path: string;
  content: string;
  truncated?: boolean;
  parentToolUseId?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The agent wants to change a file. */
export interface AgentFileEdit {
  type: 'file_edit';
  toolUseId: string;
  path: string;
  edits: FileEdit[];
  patch?: string;
  truncated?: boolean;
  parentToolUseId?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** Any other tool. */
export interface AgentToolUse {
  type: 'tool_use';
  toolUseId: string;
  name: string;
  input: unknown;
  parentToolUseId?: string;
  truncated?: boolean;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** What a tool gave back, cut at 64 KB. `patch`: unified hunks of the change, when the agent told them. */
export interface AgentToolResult {
  type: 'tool_result';
  toolUseId: string;
  content: string;
  isError: boolean;
  truncated?: boolean;
  patch?: string;
  parentToolUseId?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The agent waits for a person. Sent again to each client that attaches while it is open. */
export interface AgentPrompt {
  type: 'prompt';
  promptId: string;
  kind: PromptKind;
  toolName: string;
  toolUseId: string;
  input: unknown;
  title: string;
  reason?: string;
  questions?: PromptQuestion[];
  plan?: string;
  suggestions?: PromptSuggestion[];
  parentToolUseId?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The prompt is closed, everywhere. `by` is the client that answered. */
export interface AgentPromptResolved {
  type: 'prompt_resolved';
  promptId: string;
  outcome: PromptOutcome;
  by?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** What the session is doing; an API retry says in `detail` which attempt and why. */
export interface AgentStatus {
  type: 'status';
  state: AgentActivity;
  detail?: string;
  permissionMode?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The agent's own failure (`not_logged_in`, `rate_limit`, `overloaded`, …), with a sentence for a person. */
export interface AgentError {
  type: 'error';
  code: string;
  message: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The end of a turn: exactly one, whatever happened. `interrupted`: the agent or the daemon died in the middle; nothing is run again by itself. */
export interface AgentDone {
  type: 'done';
  cancelled: boolean;
  isError: boolean;
  result?: string;
  durationMs: number;
  costUsd?: number;
  usage?: AgentUsage;
  turns?: number;
  interrupted?: boolean;
  messageId?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

export type FsEntryKind = 'file' | 'directory' | 'symlink';

/** An image of a message; `data` (base64) is left out when it is large. */
export interface AgentImage {
  mediaType: string;
  bytes: number;
  data?: string;
}

export interface FileEdit {
  oldText: string;
  newText: string;
}

export type PromptKind = 'permission' | 'question' | 'plan';

export interface PromptQuestion {
  question: string;
  header: string;
  multiSelect: boolean;
  options: PromptOption[];
}

/** Something that can be granted together with an "allow"; `type` and `destination` are the agent's own words. */
export interface PromptSuggestion {
  label: string;
  type: string;
  destination?: string;
}

export type PromptOutcome = 'allowed' | 'denied' | 'withdrawn' | 'expired';

export type AgentActivity = 'running' | 'waiting' | 'retrying' | 'idle';

/** Tokens of this turn. */
export interface AgentUsage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheCreationTokens: number;
}

export interface PromptOption {
  label: string;
  description?: string;
  preview?: string;
}
