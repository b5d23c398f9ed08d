import type { AgentCommand } from '../protocol.gen';
import { commandQuery, matching } from './commands';
import type { Conversation } from './conversation.svelte';

/** The commands on offer while the name of one is being written, and which of them is marked. */
export class CommandChoice {
  #conversation: Conversation;
  #query = $derived.by(() => commandQuery(this.#conversation.draft));
  #closed = $state(false);
  #marked = $state(0);
  readonly found: readonly AgentCommand[] = $derived.by(() =>
    this.#query === undefined || this.#closed ? [] : matching(this.#conversation.commands, this.#query),
  );

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  get marked(): number {
    return Math.min(this.#marked, this.found.length - 1);
  }

  /** Something was written: what was closed or marked was for what stood there before. */
  written(): void {
    this.#closed = false;
    this.#marked = 0;
    if (this.#query !== undefined) void this.#conversation.loadCommands();
  }

  take(command: AgentCommand): void {
    this.#conversation.draft = `/${command.name} `;
  }

  /** True when the key was for the list. */
  key(key: string): boolean {
    const { length } = this.found;
    if (length === 0) return false;
    if (key === 'ArrowDown') this.#marked = (this.marked + 1) % length;
    else if (key === 'ArrowUp') this.#marked = (this.marked + length - 1) % length;
    else if (key === 'Escape') this.#closed = true;
    // What is written in full already is sent, not completed.
    else if (key === 'Tab' || (key === 'Enter' && this.found[this.marked].name.toLowerCase() !== this.#query)) this.take(this.found[this.marked]);
    else return false;
    return true;
  }
}
