import type { IconName } from '../../ui/Icon.svelte';
import type { ToolItem } from '../view';
import { hunksOfEdits, hunksOfPatch } from '../../diff/lines';

/** The fields that say best what a call is about, the best first. */
const TELLING = ['command', 'file_path', 'notebook_path', 'pattern', 'path', 'url', 'query', 'description', 'prompt', 'skill', 'plan'];

const ICONS: Record<string, IconName> = {
  Bash: 'terminal', Write: 'write', Edit: 'write', MultiEdit: 'write', NotebookEdit: 'write', Read: 'file', Grep: 'search', Glob: 'search',
  WebFetch: 'globe', WebSearch: 'globe', TodoWrite: 'list', TaskCreate: 'list', TaskUpdate: 'list', Task: 'agent', Agent: 'agent',
  ExitPlanMode: 'list', AskUserQuestion: 'question',
};

export const toolIcon = (name: string): IconName => ICONS[name] ?? 'tool';

/** One line: the path, the command, or whatever comes closest. */
export function toolSummary(item: Pick<ToolItem, 'path' | 'input'>): string {
  if (item.path !== undefined) return item.path;
  const { input } = item;
  if (typeof input !== 'object' || input === null) return String(input ?? '');
  const fields = input as Record<string, unknown>;
  const name = TELLING.find((field) => typeof fields[field] === 'string') ?? Object.keys(fields).find((field) => typeof fields[field] === 'string');
  const asked = Array.isArray(fields.questions) ? (fields.questions[0] as { question?: unknown } | undefined)?.question : undefined;
  const value = name !== undefined ? (fields[name] as string) : typeof asked === 'string' ? asked : JSON.stringify(input);
  return value.trim().split('\n', 1)[0].slice(0, 300);
}

/** A path as its directory, which may be cut off, and its name, which may not. */
export function splitPath(path: string): { directory: string; name: string } {
  const end = path.replace(/\/+$/, '').lastIndexOf('/') + 1;
  return { directory: path.slice(0, end), name: path.slice(end) };
}

/** The path that a call is about, and nothing else. */
export function toolPath(item: Pick<ToolItem, 'name' | 'path' | 'input'>): string | undefined {
  if (item.path !== undefined) return item.path;
  const { file_path, notebook_path } = (typeof item.input === 'object' && item.input !== null ? item.input : {}) as Record<string, unknown>;
  return typeof file_path === 'string' ? file_path : typeof notebook_path === 'string' ? notebook_path : undefined;
}

/** How much a change changes, in lines; undefined for a call that changes no file. */
export function changeSize(item: Pick<ToolItem, 'edits' | 'patch' | 'content'>): { added: number; removed: number } | undefined {
  if (item.content !== undefined) return { added: countLines(item.content), removed: 0 };
  if (!item.edits) return undefined;
  const lines = (item.patch ? hunksOfPatch(item.patch) : hunksOfEdits(item.edits)).flatMap((hunk) => hunk.lines);
  return { added: lines.filter((line) => line.startsWith('+')).length, removed: lines.filter((line) => line.startsWith('-')).length };
}

const countLines = (content: string): number => (content === '' ? 0 : content.replace(/\n$/, '').split('\n').length);

/** The line of a failure that says most: the last one that says anything, or where an error is named. */
export function failureLine({ result }: Pick<ToolItem, 'result'>): string | undefined {
  if (!result?.isError) return undefined;
  const lines = result.content.slice(-20_000).split('\n').map((line) => line.trim()).filter(Boolean);
  return (lines.find((line) => /\b(?:error|failed|failure|denied|not found)\b/i.test(line)) ?? lines.at(-1))?.slice(0, 300);
}
