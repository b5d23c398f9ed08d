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
  /** The key of the item that ends it; absent while it runs. */
  end?: string;
}

/** Tools that run programs, by the names that the agents give them. */
const COMMANDS = /^(?:Bash|PowerShell|execute|shell|run_shell_command)$/;

/** The turns that did something, the latest first. */
export function turnsOf(items: readonly Item[]): Turn[] {
  return stretchesOf(items).reverse().map(turnOf).filter((turn) => turn.files.length > 0 || turn.commands > 0);
}

/** How many files a turn changed, by the key of the item that ends it. */
export function changesByEnd(items: readonly Item[]): Map<string, number> {
  const changes = new Map<string, number>();
  for (const { tools, end } of stretchesOf(items)) {
    const files = new Set(tools.filter(hasChanged).map(({ path }) => path)).size;
    if (end !== undefined && files > 0) changes.set(end, files);
  }
  return changes;
}

/** What of a log is one turn. */
type Stretch = Pick<Turn, 'key' | 'title' | 'end'> & { tools: ToolItem[] };

function stretchesOf(items: readonly Item[]): Stretch[] {
  const stretches: Stretch[] = [];
  let open: Stretch | undefined;
  const begin = (key: string, title: string): Stretch => {
    stretches.push({ key, title, tools: [] });
    return stretches.at(-1)!;
  };
  for (const item of items) {
    if (item.kind === 'done') {
      if (open) open.end = item.key;
      open = undefined;
    } else if (item.kind === 'user' && !item.queued) {
      open ??= begin(item.key, item.content);
      open.title ||= item.content;
    } else if (item.kind === 'tool') (open ??= begin(item.key, '')).tools.push(item);
  }
  return stretches;
}

const hasChanged = (tool: ToolItem): tool is ToolItem & { path: string } =>
  tool.state === 'done' && tool.path !== undefined && (!!tool.edits || tool.content !== undefined);

function turnOf({ key, title, tools, end }: Stretch): Turn {
  const files = new Map<string, TurnFile>();
  for (const tool of tools.filter(hasChanged)) {
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
  return { key, title, files: [...files.values()], commands: tools.filter((tool) => COMMANDS.test(tool.name) && tool.state === 'done').length, end };
}

function hunksOf({ patch, edits, content = '' }: ToolItem): Hunk[] {
  return patch ? hunksOfPatch(patch) : hunksOfEdits(edits ?? [{ oldText: '', newText: content }]);
}
