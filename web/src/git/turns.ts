import type { Item, ToolItem } from '../conversation/view';
import { hunksOfEdits, hunksOfPatch, type Hunk } from '../diff/lines';
import type { FileEdit } from '../protocol.gen';

/** One thing that the agent did to a file. Without a patch a written file is a new one, as far as anybody knows. */
export interface Step {
  edits?: FileEdit[];
  content?: string;
  patch?: string;
  truncated: boolean;
}

export interface TurnFile {
  path: string;
  steps: Step[];
  hunks: Hunk[];
  added: number;
  removed: number;
  /** Outside the project it can only be looked at. */
  outside: boolean;
}

/** What one turn of the agent did to files; what its commands did to them nobody tells. */
export interface Turn {
  key: string;
  /** What was asked. */
  title: string;
  files: TurnFile[];
  commands: number;
  running: boolean;
}

/** Tools that run programs, by the names that the agents give them. */
const COMMANDS = /^(?:Bash|PowerShell|execute|shell|run_shell_command)$/;

/** The turns that did something, the latest first. */
export function turnsOf(items: readonly Item[]): Turn[] {
  const turns: Turn[] = [];
  let open: { key: string; title: string; tools: ToolItem[] } | undefined;
  const end = (running: boolean): void => {
    if (open) turns.unshift(turnOf(open.key, open.title, open.tools, running));
    open = undefined;
  };
  for (const item of items) {
    if (item.kind === 'done') end(false);
    else if (item.kind === 'user' && !item.queued) open = { key: open?.key ?? item.key, title: open?.title || item.content, tools: open?.tools ?? [] };
    else if (item.kind === 'tool') (open ??= { key: item.key, title: '', tools: [] }).tools.push(item);
  }
  end(true);
  return turns.filter((turn) => turn.files.length > 0 || turn.commands > 0);
}

function turnOf(key: string, title: string, tools: readonly ToolItem[], running: boolean): Turn {
  const files = new Map<string, TurnFile>();
  for (const tool of tools) {
    if (tool.state !== 'done' || tool.path === undefined || (!tool.edits && tool.content === undefined)) continue;
    const file = files.get(tool.path) ?? { path: tool.path, steps: [], hunks: [], added: 0, removed: 0, outside: /^(?:\/|[a-z]:|\.\.\/)/i.test(tool.path) };
    files.set(tool.path, file);
    const hunks = hunksOf(tool);
    file.steps.push({ edits: tool.edits, content: tool.content, patch: tool.patch, truncated: tool.truncated });
    file.hunks.push(...hunks);
    for (const line of hunks.flatMap((hunk) => hunk.lines)) {
      if (line.startsWith('+')) file.added++;
      else if (line.startsWith('-')) file.removed++;
    }
  }
  return { key, title, files: [...files.values()], commands: tools.filter((tool) => COMMANDS.test(tool.name) && tool.state === 'done').length, running };
}

function hunksOf({ patch, edits, content = '' }: ToolItem): Hunk[] {
  return patch ? hunksOfPatch(patch) : hunksOfEdits(edits ?? [{ oldText: '', newText: content }]);
}
