import type { IconName } from '../../ui/Icon.svelte';
import type { ToolItem } from '../view';

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
