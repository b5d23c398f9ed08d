// Generated from src/Protocol by tools/ProtocolGen. Do not edit: ./test says when it is stale, scripts/protocol writes it anew.

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = 'pocketcoder.v1';

/** Every request by its wire name. */
export interface Requests {
  auth_exchange: { request: AuthExchangeRequest; response: AuthExchangeResponse };
  token_refresh: { request: TokenRefreshRequest; response: TokenRefreshResponse };
  pairing_code_create: { request: PairingCodeCreateRequest; response: PairingCodeCreateResponse };
  token_revoke: { request: TokenRevokeRequest; response: TokenRevokeResponse };
  devices_list: { request: DevicesListRequest; response: DevicesListResponse };
  device_revoke: { request: DeviceRevokeRequest; response: DeviceRevokeResponse };
  daemon_register: { request: DaemonRegisterRequest; response: DaemonRegisterResponse };
  client_register: { request: ClientRegisterRequest; response: ClientRegisterResponse };
  machines_list: { request: MachinesListRequest; response: MachinesListResponse };
  machine_rename: { request: MachineRenameRequest; response: MachineRenameResponse };
  projects_list: { request: ProjectsListRequest; response: ProjectsListResponse };
  fs_list: { request: FsListRequest; response: FsListResponse };
  fs_read: { request: FsReadRequest; response: FsReadResponse };
  fs_write: { request: FsWriteRequest; response: FsWriteResponse };
  fs_create_directory: { request: FsCreateDirectoryRequest; response: FsCreateDirectoryResponse };
  fs_rename: { request: FsRenameRequest; response: FsRenameResponse };
  fs_delete: { request: FsDeleteRequest; response: FsDeleteResponse };
  fs_search: { request: FsSearchRequest; response: FsSearchResponse };
  fs_search_cancel: { request: FsSearchCancelRequest; response: FsSearchCancelResponse };
  git_status: { request: GitStatusRequest; response: GitStatusResponse };
  git_branches: { request: GitBranchesRequest; response: GitBranchesResponse };
  git_branch_create: { request: GitBranchCreateRequest; response: GitBranchCreateResponse };
  git_checkout: { request: GitCheckoutRequest; response: GitCheckoutResponse };
  git_stage: { request: GitStageRequest; response: GitStageResponse };
  git_unstage: { request: GitUnstageRequest; response: GitUnstageResponse };
  git_commit: { request: GitCommitRequest; response: GitCommitResponse };
  git_push: { request: GitPushRequest; response: GitPushResponse };
  git_fetch: { request: GitFetchRequest; response: GitFetchResponse };
  git_pull: { request: GitPullRequest; response: GitPullResponse };
  git_cancel: { request: GitCancelRequest; response: GitCancelResponse };
  git_file_base: { request: GitFileBaseRequest; response: GitFileBaseResponse };
  git_diff: { request: GitDiffRequest; response: GitDiffResponse };
  git_log: { request: GitLogRequest; response: GitLogResponse };
  git_discard: { request: GitDiscardRequest; response: GitDiscardResponse };
  git_discard_undo: { request: GitDiscardUndoRequest; response: GitDiscardUndoResponse };
  git_stash: { request: GitStashRequest; response: GitStashResponse };
  command_exec: { request: CommandExecRequest; response: CommandExit };
  command_cancel: { request: CommandCancelRequest; response: CommandCancelResponse };
  command_attach: { request: CommandAttachRequest; response: CommandExit };
  command_history: { request: CommandHistoryRequest; response: CommandHistoryResponse };
  agent_session_new: { request: AgentSessionNewRequest; response: AgentSessionNewResponse };
  agent_message: { request: AgentMessageRequest; response: AgentMessageResponse };
  agent_sessions_list: { request: AgentSessionsListRequest; response: AgentSessionsListResponse };
  agent_session_attach: { request: AgentSessionAttachRequest; response: AgentSessionAttachResponse };
  agent_cancel: { request: AgentCancelRequest; response: AgentCancelResponse };
  agent_set_mode: { request: AgentSetModeRequest; response: AgentSetModeResponse };
  agent_prompt_response: { request: AgentPromptResponseRequest; response: AgentPromptResponseResponse };
  agent_events: { request: AgentEventsRequest; response: AgentEventsResponse };
  agent_session_take_over: { request: AgentSessionTakeOverRequest; response: AgentSessionTakeOverResponse };
  agent_session_resume_command: { request: AgentSessionResumeCommandRequest; response: AgentSessionResumeCommandResponse };
  agent_session_fork: { request: AgentSessionForkRequest; response: AgentSessionForkResponse };
  agents_list: { request: AgentsListRequest; response: AgentsListResponse };
  agent_commands: { request: AgentCommandsRequest; response: AgentCommandsResponse };
  agent_prompts_list: { request: AgentPromptsListRequest; response: AgentPromptsListResponse };
  agent_problem_dismiss: { request: AgentProblemDismissRequest; response: AgentProblemDismissResponse };
  push_subscribe: { request: PushSubscribeRequest; response: PushSubscribeResponse };
  push_unsubscribe: { request: PushUnsubscribeRequest; response: PushUnsubscribeResponse };
  push_test: { request: PushTestRequest; response: PushTestResponse };
}

/** Every event by its wire name. */
export interface Events {
  progress: Progress;
  connected: Connected;
  token_expiring: TokenExpiring;
  daemon_status: DaemonStatus;
  client_disconnected: ClientDisconnected;
  fs_search_matches: FsSearchMatches;
  fs_changed: FsChanged;
  command_started: CommandStarted;
  command_output: CommandOutput;
  agent_session_changed: AgentSessionChanged;
  agent_event: AgentEvent;
  push_notice: PushNotice;
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

/** Trades a refresh token for new tokens. Using a spent one revokes its whole family, unless it repeats the `attempt` (any random text of the client's) whose answer was lost on the way, and nobody has used that answer. */
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

/** Ends the device that a refresh token belongs to: its tokens and its live connections (4401). Answered alike whether the token was good, spent or invented, so that it tells nothing. May be sent before registration. */
export interface TokenRevokeRequest {
  refresh_token: string;
}

export type TokenRevokeResponse = Record<string, never>;

/** The devices that may act for the asker's user, the latest seen first; the relay answers, to daemons and clients alike. */
export type DevicesListRequest = Record<string, never>;

export interface DevicesListResponse {
  devices: DeviceEntry[];
}

/** Ends a device of the asker's user: its tokens and its live connections (4401). `NOT_FOUND` for one that does not exist, was revoked already or is somebody else's. */
export interface DeviceRevokeRequest {
  deviceId: string;
}

export type DeviceRevokeResponse = Record<string, never>;

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

/** Sets what the machine is called, to 1 to 64 characters without control characters; else `INVALID_REQUEST`. The machine answers, keeps it, and every client of its user is told with `daemon_status`. Carries no project. */
export interface MachineRenameRequest {
  label: string;
}

/** The label as it is kept, without white space at its ends. */
export interface MachineRenameResponse {
  label: string;
}

/** A machine came, went or changed its label or projects; sent to every client of its user. */
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

/** The projects registered on a machine. Carries no project. */
export type ProjectsListRequest = Record<string, never>;

export interface ProjectsListResponse {
  projects: ProjectEntry[];
}

/** One directory of the project. Paths are relative to its root, `/`-separated; "" is the root. File names are bytes on Unix: one that is not UTF-8 shows each odd byte as a character U+EF80 to U+EFFF, and is named by the same characters. */
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

/** `size` is the whole file's, in bytes; `binary` content (a NUL byte or not UTF-8) is base64. So is text that a range cuts within a character, or that would be too large as JSON. Who reads the binary form gets the bytes behind the message, with `encoding` "binary" and without `content`. `etag` changes with the content. */
export interface FsReadResponse {
  path: string;
  content?: string;
  encoding: ContentEncoding;
  binary: boolean;
  size: number;
  modifiedAt: string;
  etag: string;
}

/** Replaces a file as a whole or creates it; its mode stays. `encoding` is utf-8 unless said. `expectedEtag`: the content that is to be replaced, "" when there must be no such file yet; another one is `CONFLICT` with the present `etag`, and nothing is written. Over 1 MB: `FILE_TOO_LARGE`. */
export interface FsWriteRequest {
  path: string;
  content: string;
  encoding?: ContentEncoding;
  expectedEtag?: string;
  createDirectories?: boolean;
}

/** `size` in bytes; `etag` is for the next write. */
export interface FsWriteResponse {
  success: boolean;
  size: number;
  etag: string;
}

/** Makes a directory, with `parents` those above it too. `ALREADY_EXISTS` when something has the name. */
export interface FsCreateDirectoryRequest {
  path: string;
  parents?: boolean;
}

export interface FsCreateDirectoryResponse {
  success: boolean;
}

/** Moves a file or directory within the project. `ALREADY_EXISTS` when the new name is taken, unless `overwrite`. */
export interface FsRenameRequest {
  path: string;
  newPath: string;
  overwrite?: boolean;
}

export interface FsRenameResponse {
  success: boolean;
}

/** Deletes a file, a link (not what it leads to) or a directory. `IS_A_DIRECTORY` when it is not empty and `recursive` is not said. */
export interface FsDeleteRequest {
  path: string;
  recursive?: boolean;
}

export interface FsDeleteResponse {
  success: boolean;
}

/** Looks for files by name or for lines of text, below `path`, leaving out what git ignores (without git: node_modules, .git, dist, build, .next). Upper case counts with `caseSensitive`. Matches come as `fs_search_matches` while it goes on, at most `limit` (1,000 unless said, 10,000 at most). Files over 10 MB and binary ones are not read. */
export interface FsSearchRequest {
  query: string;
  kind: FsSearchKind;
  path?: string;
  caseSensitive?: boolean;
  limit?: number;
}

/** Some matches of a running `fs_search`, under its request id. */
export interface FsSearchMatches {
  matches: FsMatch[];
}

/** The end of a search. `truncated`: there is more than the limit; `cancelled`: it was ended before it had seen everything. */
export interface FsSearchResponse {
  matchCount: number;
  fileCount: number;
  truncated: boolean;
  cancelled: boolean;
}

/** Ends a search of this client by its request id. `NOT_FOUND` when it is over. */
export interface FsSearchCancelRequest {
  requestId: string;
}

export interface FsSearchCancelResponse {
  cancelled: boolean;
}

/** What changed in a project, 250 ms after it became quiet, or a second after the first change when it does not. Ignored directories (node_modules, .git, dist, build, .next, at any depth) are left out whole. `seq` grows by exactly one per event and project, across restarts too. A client that keeps to these rules has the tree that is on disk: 1. It lists what it shows when it connects, when `seq` is not the last one plus one, and when `changesTruncated`: then there were more than 500 changes, of which `changes` has the first, or the watcher could not know them (it just started; then `changes` may be empty). 2. A listing already holds every event up to its own `seq`. 3. Other events it applies in their order, see `FsChange`; applying one that it did not need does no harm. */
export interface FsChanged {
  seq: number;
  changes: FsChange[];
  changesTruncated?: boolean;
}

/** Branch and changes of the project's repository. Never runs anything the repository configures. */
export type GitStatusRequest = Record<string, never>;

/** `branch` is null when detached, `head` is null before the first commit. An untracked file is unstaged with `"?"`. At most 10,000 changes a group, then `truncated`. `operation`: `merge`, `rebase`, `cherry-pick`, `revert` or `bisect` when one is under way. `keyMemory`: which memory the `key`s of requests that change something are kept in; after a restart it is another. */
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
  truncated?: boolean;
  operation?: string;
  keyMemory?: string;
}

/** Local and remote branches, the last committed first. */
export type GitBranchesRequest = Record<string, never>;

/** `current` is null when detached; before the first commit it names a branch that is not in the list. At most 1,000, then `truncated`. */
export interface GitBranchesResponse {
  current: string | null;
  branches: GitBranch[];
  truncated?: boolean;
}

/** A new branch at `startPoint`, or at HEAD. It is not switched to. `ALREADY_EXISTS` when there is one of that name. */
export interface GitBranchCreateRequest {
  name: string;
  startPoint?: string;
  key?: string;
}

export interface GitBranchCreateResponse {
  name: string;
  sha: string;
}

/** Switches to a branch, tag or commit. A name that only a remote has becomes a local branch that follows it, as at the desk. */
export interface GitCheckoutRequest {
  ref: string;
  key?: string;
}

export interface GitCheckoutResponse {
  branch: string | null;
  detached: boolean;
  head: string | null;
}

/** Stages files and directories ("" is the project), deletions included. With `hunks` (ids of `git_diff`, scope `unstaged`, asked with the same `contextLines`) `paths` is one file and only these hunks are staged; `CONFLICT` when one of them is no longer there. */
export interface GitStageRequest {
  paths: string[];
  hunks?: string[];
  contextLines?: number;
  key?: string;
}

export interface GitStageResponse {
  success: boolean;
}

/** The reverse of `git_stage`, before the first commit too. `hunks` are ids of scope `staged`. */
export interface GitUnstageRequest {
  paths: string[];
  hunks?: string[];
  contextLines?: number;
  key?: string;
}

export interface GitUnstageResponse {
  success: boolean;
}

/** Commits what is staged. With `amend` the last commit is replaced; an empty message then keeps its message. Hooks run as at the desk. */
export interface GitCommitRequest {
  message: string;
  amend?: boolean;
  key?: string;
}

export interface GitCommitResponse {
  sha: string;
  subject: string;
}

/** Pushes one branch: the current one unless named, to where git would push it (its push remote, its upstream's, the only one, `origin`) unless `remote` names a configured remote. Streams `progress`. Never forces. At most 120 s. */
export interface GitPushRequest {
  remote?: string;
  branch?: string;
  setUpstream?: boolean;
}

export interface GitPushResponse {
  success: boolean;
  remote: string;
  branch: string;
  output: string;
}

/** Fetches from a configured remote (the upstream's, the only one, `origin`). Streams `progress`. At most 120 s. */
export interface GitFetchRequest {
  remote?: string;
  prune?: boolean;
}

export interface GitFetchResponse {
  success: boolean;
  remote: string;
}

/** Brings the upstream's commits into the current branch. `ff-only` (the default) refuses where both sides have commits; `merge` and `rebase` join them, or change nothing and name the files when there are conflicts. Streams `progress`. At most 120 s. */
export interface GitPullRequest {
  mode?: GitPullMode;
}

export interface GitPullResponse {
  success: boolean;
  head: string;
  updated: boolean;
}

/** Ends a push, fetch or pull of this client by its request id; that request is then answered `GIT_ERROR` with reason `cancelled`. `NOT_FOUND` when it is over. */
export interface GitCancelRequest {
  requestId: string;
}

export interface GitCancelResponse {
  cancelled: boolean;
}

/** A file as it was committed: at HEAD unless `ref` names another commit. */
export interface GitFileBaseRequest {
  path: string;
  ref?: string;
}

/** `exists` is false for a file that commit does not have. Over 10 MB: `FILE_TOO_LARGE`. */
export interface GitFileBaseResponse {
  path: string;
  exists: boolean;
  content?: string;
  encoding?: ContentEncoding;
}

/** What changed: in the index (`staged`), in the working tree (`unstaged`, untracked files included) or in one commit against its first parent. `contextLines` is 3 unless given, at most 1,000. */
export interface GitDiffRequest {
  scope: GitDiffScope;
  commit?: string;
  paths?: string[];
  contextLines?: number;
}

/** At most 300 files, 3,000 lines a file, 1 MB of lines in all; `truncated` when there is more. `fileCount` counts every file. */
export interface GitDiffResponse {
  files: GitFileDiff[];
  fileCount: number;
  truncated: boolean;
}

/** Commits reachable from `ref` (HEAD), the newest first; with `path` those that changed it. `limit` is 50 unless given, at most 500. For the next page ask with `ref` = the answer's `from` and `skip` = what there is so far, so that a new commit shifts nothing. */
export interface GitLogRequest {
  limit?: number;
  skip?: number;
  path?: string;
  ref?: string;
}

/** `from` is null before the first commit. */
export interface GitLogResponse {
  from: string | null;
  commits: GitCommit[];
  hasMore: boolean;
}

/** Takes the working tree's changes to these paths back to what is staged, and deletes the untracked files among them. What is thrown away is kept as a commit and comes back with `git_discard_undo`. Ignored files are never touched. With `hunks`, as in `git_stage`, only these hunks of the one file. */
export interface GitDiscardRequest {
  paths: string[];
  hunks?: string[];
  contextLines?: number;
  key?: string;
}

/** `ref` keeps what was discarded, until it is undone or 100 later ones are kept. */
export interface GitDiscardResponse {
  ref: string;
  discarded: GitChange[];
}

/** Brings back what a `git_discard` threw away. `CONFLICT`, and nothing is changed, when a file has newer changes. */
export interface GitDiscardUndoRequest {
  ref: string;
  key?: string;
}

export interface GitDiscardUndoResponse {
  success: boolean;
}

/** `push` puts the changes aside (`message?`, `includeUntracked?`); `pop`, `apply` and `drop` name a stash by its `sha`, because numbers shift. */
export interface GitStashRequest {
  action: GitStashAction;
  message?: string;
  includeUntracked?: boolean;
  sha?: string;
  key?: string;
}

/** The stashes there are afterwards, the newest first; at most 100. */
export interface GitStashResponse {
  stashes: GitStashEntry[];
}

/** Runs a command with the user's shell in the project's directory, without a terminal and with nothing on stdin. `command`: at most 131,071 bytes, no NUL; `timeoutMs`: 120,000 unless said, at most 1,800,000. The events `command_started` and `command_output` come first, then `command_exit`, or `COMMAND_TIMEOUT` when it was ended at its timeout. Eight run at once, the ninth is `DAEMON_BUSY`. A run goes on when the connection breaks; `command_attach` follows it again. */
export interface CommandExecRequest {
  command: string;
  timeoutMs?: number;
}

/** The command runs. `runId` names it on every connection, also in the history. */
export interface CommandStarted {
  runId: string;
}

/** What was printed, at most 16 KiB of it and to one of the two; characters are whole, and a byte that is no UTF-8 is U+FFFD. */
export interface CommandOutput {
  stdoutChunk?: string;
  stderrChunk?: string;
}

/** Nothing of the command is left. `exitCode` is null when a signal ended it, such as `SIGTERM` after `command_cancel`; `truncated`: it printed more than 300 KB, and the rest was dropped. */
export interface CommandExit {
  exitCode: number | null;
  signal: string | null;
  durationMs: number;
  truncated: boolean;
}

/** Ends a running command and everything it started: SIGTERM, after 5 s SIGKILL; its `command_exit` follows. Either the `requestId` of this client's `command_exec`, or the `runId` of any run of the project. Ended already or unknown: `NOT_FOUND`. */
export interface CommandCancelRequest {
  requestId?: string;
  runId?: string;
}

export interface CommandCancelResponse {
  cancelled: boolean;
}

/** Follows a run from its beginning: the same events and the same end as for `command_exec`. For runs that run, and the last eight that ended; of older ones `command_history` has the end of the output. */
export interface CommandAttachRequest {
  runId: string;
}

/** The project's runs, the latest first: `limit` of them (50 unless said, at most 100), those before the run `before`. Kept for 7 days. */
export interface CommandHistoryRequest {
  limit?: number;
  before?: string;
}

export interface CommandHistoryResponse {
  runs: CommandHistoryEntry[];
}

/** Begins a session with its first message. `messageId` is a UUID the client made: the same one again is answered the same and never runs twice. `agent` is one of `agents_list`; Claude Code when absent. */
export interface AgentSessionNewRequest {
  messageId: string;
  content: string;
  images?: ImageData[];
  model?: string;
  permissionMode?: PermissionMode;
  agent?: string;
}

export interface AgentSessionNewResponse {
  agentSessionId: string;
}

/** One more message to a session: one turn each, in order. The 51st waiting one is `DAEMON_BUSY`. With `steer` it does not wait for the end of a running turn but goes into it. A session that a terminal has open is `CONFLICT` with reason `in_terminal`. */
export interface AgentMessageRequest {
  agentSessionId: string;
  messageId: string;
  content: string;
  images?: ImageData[];
  model?: string;
  permissionMode?: PermissionMode;
  steer?: boolean;
}

/** `position` is the place among the waiting messages, from 1; 0 when it runs at once. `steered`: it went into the running turn. */
export interface AgentMessageResponse {
  queued: boolean;
  position: number;
  steered?: boolean;
}

/** The project's sessions, the latest activity first. `before` is the `agentSessionId` of the last one seen. */
export interface AgentSessionsListRequest {
  limit?: number;
  before?: string;
}

export interface AgentSessionsListResponse {
  sessions: AgentSessionEntry[];
}

/** Re-sends every event with a greater `seq` in order, answers, then goes on live. What is not kept any more is one `gap` event. With `limit` at most so many events come, and `more` says that the client is to ask on, from the last one: it follows the session only when nothing is left. `epoch` is the one that the client's `afterSeq` was counted in. With `last` only the newest events come, at least so many: what is before them is one `gap` that is `kept`, and the events begin with a turn where one began not long before. */
export interface AgentSessionAttachRequest {
  agentSessionId: string;
  afterSeq: number;
  limit?: number;
  epoch?: string;
  last?: number;
}

/** `epoch` names the log that `seq` counts in; it changes when the machine's database was restored or began anew. `resync`: the client's cursor is of another log; nothing was sent, and the client forgets what it has and asks again from 0. `inTerminal`: a terminal has the session open. `background`: how many tasks run on between turns. */
export interface AgentSessionAttachResponse {
  lastSeq: number;
  state: AgentSessionState;
  epoch: string;
  more?: boolean;
  resync?: boolean;
  inTerminal?: boolean;
  background?: number;
}

/** Stops the running turn; its `done` then says `cancelled`. With `background` it stops the tasks that run beside the turns instead; each says so with a `task` event. */
export interface AgentCancelRequest {
  agentSessionId: string;
  background?: boolean;
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

/** Goes to every client of the user, so that lists and badges stay true. `machineOpenPrompts` and `machineProblems` count those of all sessions of the machine. */
export interface AgentSessionChanged {
  agentSessionId: string;
  state: AgentSessionState;
  title: string;
  openPrompts: number;
  lastSeq: number;
  machineOpenPrompts: number;
  inTerminal?: boolean;
  background?: number;
  machineProblems?: number;
}

/** The newest events before `beforeSeq`, at most `limit` (500) of them and some 2 MB: for a client that attached with `last` and reads upwards. */
export interface AgentEventsRequest {
  agentSessionId: string;
  beforeSeq: number;
  limit?: number;
}

/** `events` in their order; what is not kept any more between them is a `gap`. `more`: there are older ones. */
export interface AgentEventsResponse {
  events: AgentEvent[];
  more?: boolean;
}

/** Ends the terminal's process that has this session open, so that it can be continued here. Not open in a terminal: nothing to do, which is fine. */
export interface AgentSessionTakeOverRequest {
  agentSessionId: string;
}

export interface AgentSessionTakeOverResponse {
  takenOver: boolean;
}

/** Asks for the command that goes on with the session in a terminal of the machine. */
export interface AgentSessionResumeCommandRequest {
  agentSessionId: string;
}

/** A line for the shell. Absent: the agent keeps no record that a terminal could open, or none yet. */
export interface AgentSessionResumeCommandResponse {
  command?: string;
}

/** Makes a session of its own that begins with all that this one knows; the original stays as it is, wherever it is open. */
export interface AgentSessionForkRequest {
  agentSessionId: string;
}

export interface AgentSessionForkResponse {
  agentSessionId: string;
}

/** The agents that this machine can run. Carries no project. */
export type AgentsListRequest = Record<string, never>;

export interface AgentsListResponse {
  agents: AgentDescription[];
}

/** The slash commands of an agent in a project. */
export interface AgentCommandsRequest {
  agent?: string;
}

export interface AgentCommandsResponse {
  commands: AgentCommand[];
}

/** Everything on this machine that waits for a person, in all projects, the oldest first: `prompts` to be answered, and in `problems` the sessions whose last turn failed, until they go on or are dismissed. Carries no project. */
export type AgentPromptsListRequest = Record<string, never>;

export interface AgentPromptsListResponse {
  prompts: OpenPrompt[];
  problems?: SessionProblem[];
}

/** A person has seen the problem of this session: it waits for nobody any more. Answered alike when there is none. */
export interface AgentProblemDismissRequest {
  agentSessionId: string;
}

export type AgentProblemDismissResponse = Record<string, never>;

/** One thing that happened in an agent session. `seq` grows by exactly one per session and event; only what is not kept, `text_delta` and `gap`, has none. */
export type AgentEvent = AgentInit | AgentUser | AgentText | AgentTextDelta | AgentThinking | AgentFileCreate | AgentFileEdit | AgentToolUse | AgentToolResult | AgentPrompt | AgentPromptResolved | AgentStatus | AgentError | AgentDone | AgentTodo | AgentTask | AgentGap;

/** A device wants to be told by web push (RFC 8030) while its page is closed. `endpoint`, `p256dh` and `auth` are its browser's subscription; `vapid` is the key pair that the subscription is bound to, which the device made for all its machines; `deviceId` is its own in `devices_list`: who is not in that list any more is told nothing. The same endpoint again replaces what was kept of it. Kept for 30 days unless it comes again. Carries no project. */
export interface PushSubscribeRequest {
  endpoint: string;
  p256dh: string;
  auth: string;
  vapid: VapidKey;
  deviceId: string;
  wishes: PushWishes;
}

export type PushSubscribeResponse = Record<string, never>;

/** Ends a subscription. Answered alike when there is none. Carries no project. */
export interface PushUnsubscribeRequest {
  endpoint: string;
}

export type PushUnsubscribeResponse = Record<string, never>;

/** Sends one notification to this subscription now, and answers when the push service has taken it; `NOT_FOUND` when there is no such subscription. Carries no project. */
export interface PushTestRequest {
  endpoint: string;
}

export type PushTestResponse = Record<string, never>;

/** What a push message says, encrypted for the device (RFC 8291): it goes through the push service of its browser, never through the relay. `tag` names what it is about: `withdrawn` takes back what was shown under the same tag. `toolName`, `input` and `root` (the project's directory) are there only when the whole of a permission fits into the message. `open`: what needs somebody on this machine now. */
export interface PushNotice {
  kind: PushKind;
  machineKey: string;
  tag: string;
  title: string;
  body: string;
  open: number;
  projectId?: string;
  agentSessionId?: string;
  promptId?: string;
  toolName?: string;
  input?: unknown;
  root?: string;
}

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

/** One paired device. `current`: it is the one that asks. */
export interface DeviceEntry {
  deviceId: string;
  createdAt: string;
  lastSeenAt: string;
  connected: boolean;
  current: boolean;
  name?: string;
  machineKey?: string;
}

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

export type ContentEncoding = 'utf-8' | 'base64' | 'binary';

export type FsSearchKind = 'name' | 'text';

/** `line` and `column` count from 1, columns in UTF-16 units; `text` is the line, or 250 characters of it around the match. */
export interface FsMatch {
  path: string;
  line?: number;
  column?: number;
  text?: string;
}

/** `create`: the path is there now; a directory that appears names itself, then everything in it. `modify`: it was there and is another now. `delete`: it is gone with everything below it, and it may be one that the client never saw. A rename is a delete and a create; a path that became something else (a directory a file, say) is deleted, then created. */
export interface FsChange {
  kind: FsChangeKind;
  path: string;
}

/** `status` is git's own letter (`M A D R C T U ?`; two letters for a conflict). */
export interface GitChange {
  path: string;
  status: string;
  origPath?: string;
}

/** `ahead` and `behind` count commits against `upstream`. */
export interface GitBranch {
  name: string;
  kind: GitBranchKind;
  sha: string;
  ahead: number;
  behind: number;
  committedAt: string;
  subject: string;
  upstream?: string;
}

export type GitPullMode = 'ff-only' | 'merge' | 'rebase';

export type GitDiffScope = 'staged' | 'unstaged' | 'commit';

/** One file. `additions` and `deletions` count all its lines also where `truncated` hunks show only some. A binary file has no hunks. An untracked file has status `"?"`, a conflicted one `"U"` (its hunks are against our side). */
export interface GitFileDiff {
  path: string;
  status: string;
  binary: boolean;
  additions: number;
  deletions: number;
  hunks: GitHunk[];
  origPath?: string;
  truncated?: boolean;
}

/** `body` is what follows the subject, cut at 4,000 characters. `refs` are the branches and tags that point here. */
export interface GitCommit {
  sha: string;
  parents: string[];
  subject: string;
  authorName: string;
  authorEmail: string;
  authoredAt: string;
  body?: string;
  refs?: string[];
}

export type GitStashAction = 'list' | 'push' | 'pop' | 'apply' | 'drop';

export interface GitStashEntry {
  sha: string;
  message: string;
  createdAt: string;
}

/** `outputPreview`: the last 4 KB that it printed. `endedAt` is null while it runs. */
export interface CommandHistoryEntry {
  runId: string;
  command: string;
  startedAt: string;
  endedAt: string | null;
  exitCode: number | null;
  truncated: boolean;
  outputPreview: string;
  state: CommandState;
  signal?: string;
}

/** An image to show to the agent: `image/png`, `image/jpeg`, `image/gif` or `image/webp`; `data` is base64, at most 5 MB decoded. */
export interface ImageData {
  mediaType: string;
  data: string;
}

/** How much the agent may do without asking. */
export type PermissionMode = 'default' | 'acceptEdits' | 'plan' | 'dontAsk' | 'auto' | 'bypassPermissions';

/** `messageCount` counts what was asked; `queued` what waits; `background` the tasks that run on between turns. `inTerminal`: a terminal has it open now, so that it can only be read here. `branch`: git's, where the session was last at work. */
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
  agent?: string;
  origin?: SessionOrigin;
  inTerminal?: boolean;
  branch?: string;
  background?: number;
}

/** `waiting`: a prompt is open and the agent waits for a person. */
export type AgentSessionState = 'idle' | 'running' | 'waiting';

export type PromptDecision = 'allow' | 'deny';

/** `agent` is its name in `agent_session_new`. One that is not `available` says in `action` what to do on the machine. */
export interface AgentDescription {
  agent: string;
  name: string;
  available: boolean;
  version?: string;
  action?: string;
}

/** `name` without the slash; `argumentHint` is what may follow it. */
export interface AgentCommand {
  name: string;
  description: string;
  argumentHint?: string;
}

/** `prompt` is the event as those who follow the session have it. */
export interface OpenPrompt {
  projectId: string;
  agentSessionId: string;
  title: string;
  prompt: AgentPrompt;
}

/** Why the last turn of a session failed: the agent's own `error` (a limit that was reached says when it resets), or `interrupted`, or `failed`. */
export interface SessionProblem {
  projectId: string;
  agentSessionId: string;
  title: string;
  at: string;
  code: string;
  message: string;
  resetsAt?: string;
  action?: string;
}

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

/** More of the text in the making; not kept. Another `messageId` than the last one's begins anew, and so does `whole`: all that there is so far. */
export interface AgentTextDelta {
  type: 'text_delta';
  messageId: string;
  delta: string;
  whole?: boolean;
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
  messageId?: string;
  background?: number;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The agent's own failure (`not_logged_in`, `rate_limit`, `overloaded`, …), with a sentence for a person. `resetsAt`: when a limit ends; `action`: what to do on the machine. */
export interface AgentError {
  type: 'error';
  code: string;
  message: string;
  resetsAt?: string;
  action?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The end of a turn: exactly one, whatever happened. `interrupted`: the agent or the daemon died in the middle; nothing is run again by itself. `costUsd` is the turn's, `totalCostUsd` the session's; `contextTokens` of `contextWindow` are in use. `messageId` is the message that began the turn, `steered` those that went into it. */
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
  totalCostUsd?: number;
  contextTokens?: number;
  contextWindow?: number;
  steered?: string[];
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The agent's list of what is to be done, as it is now; it replaces the one before. */
export interface AgentTodo {
  type: 'todo';
  items: TodoItem[];
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** A sub-agent or a command in the background: begun by the tool call `toolUseId`, told again when its state changes. */
export interface AgentTask {
  type: 'task';
  taskId: string;
  kind: TaskKind;
  state: TaskState;
  description: string;
  toolUseId?: string;
  summary?: string;
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** The events `from` to `to` do not come; the next one has the number after `to`. Has no `seq`: it is told to those it concerns. They are not kept any more; with `kept` they are, and `agent_events` gives them: then `carried` are those of them that still tell how the session stands (the last `init` and `todo`). */
export interface AgentGap {
  type: 'gap';
  from: number;
  to: number;
  kept?: boolean;
  carried?: AgentEvent[];
  agentSessionId: string;
  seq?: number;
  at: string;
}

/** Both in base64url: the point (65 bytes, uncompressed) and the secret number (32 bytes) of a P-256 key (RFC 8292). */
export interface VapidKey {
  publicKey: string;
  privateKey: string;
}

/** What a device wants to be told. In quiet hours nothing is sent; what still needs somebody is sent when they end. */
export interface PushWishes {
  needsYou: boolean;
  finished: boolean;
  failed: boolean;
  quiet?: QuietHours;
}

export type PushKind = 'needs_you' | 'finished' | 'failed' | 'withdrawn' | 'test';

export type FsEntryKind = 'file' | 'directory' | 'symlink';

export type FsChangeKind = 'create' | 'modify' | 'delete';

export type GitBranchKind = 'local' | 'remote';

/** `lines` begin with `+`, `-` or a space, or with `\` for git's remark that the line before has no newline at its end; a line is cut at 2,000 characters. `id` names the hunk, bytes and all, to `git_stage`, `git_unstage` and `git_discard`; one that is shown in part has none. */
export interface GitHunk {
  header: string;
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  lines: string[];
  id?: string;
}

/** `interrupted`: the daemon ended before the command did, or the project was removed. */
export type CommandState = 'running' | 'exited' | 'cancelled' | 'timed_out' | 'interrupted';

/** Where a session was begun. */
export type SessionOrigin = 'phone' | 'terminal';

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

export interface TodoItem {
  id: string;
  content: string;
  state: TodoState;
}

export type TaskKind = 'agent' | 'command';

export type TaskState = 'running' | 'completed' | 'failed' | 'stopped';

/** `from` and `to` are minutes of the device's own day, `utcOffset` its minutes east of UTC. */
export interface QuietHours {
  from: number;
  to: number;
  utcOffset: number;
}

export interface PromptOption {
  label: string;
  description?: string;
  preview?: string;
}

export type TodoState = 'pending' | 'in_progress' | 'completed';
