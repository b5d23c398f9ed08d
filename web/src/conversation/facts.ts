import type { ConversationView } from './view';

/** Names that Claude Code knows without a version; any other that a session has is offered beside them. */
export const MODELS = ['default', 'opus', 'sonnet', 'haiku'];

/** A model's name as people say it: "claude-sonnet-4-5-20250929" is "sonnet-4-5". */
export const modelName = (model: string): string => model.replace(/^claude-/, '').replace(/-\d{8}$/, '');

/** How the session stands, as the end of its last turn told. */
export function factsOf({ items }: ConversationView): { cost?: number; fill?: number } {
  const last = items.findLast((item) => item.kind === 'done');
  if (last?.kind !== 'done') return {};
  const { contextTokens, contextWindow, totalCostUsd } = last;
  return {
    cost: totalCostUsd || undefined,
    fill: contextTokens !== undefined && contextWindow ? Math.min(100, Math.round((100 * contextTokens) / contextWindow)) : undefined,
  };
}
