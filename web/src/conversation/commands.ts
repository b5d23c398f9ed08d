import type { AgentCommand } from '../protocol.gen';

/** What is being written, if it is the name of a command and nothing more. */
export const commandQuery = (draft: string): string | undefined => /^\/(\S*)$/.exec(draft)?.[1].toLowerCase();

/** The commands that a query may mean: those that begin with it, then those that have it in them. */
export function matching(commands: readonly AgentCommand[], query: string): AgentCommand[] {
  const place = ({ name }: AgentCommand): number => name.toLowerCase().indexOf(query);
  const found = commands.filter((command) => place(command) >= 0);
  return [...found.filter((command) => place(command) === 0), ...found.filter((command) => place(command) > 0)];
}
