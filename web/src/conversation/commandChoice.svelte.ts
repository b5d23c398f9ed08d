import type { AgentCommand } from '../protocol.gen';
import { text } from '../ui/text';
import { keyOf, type Choice, type Option } from './choice';
import { commandQuery, matching } from './commands';
import type { Conversation } from './conversation.svelte';

/** The commands on offer while the name of one is being written. */
export class CommandChoice implements Choice {
  readonly label = text.commands.label;
  #conversation: Conversation;
  #query = $derived.by(() => commandQuery(this.#conversation.draft));
  #closed = $state(false);
  #marked = $state(0);
  #commands: readonly AgentCommand[] = $derived.by(() =>
    this.#query === undefined || this.#closed ? [] : matching(this.#conversation.commands, this.#query),
  );
  readonly options: readonly Option[] = $derived(
    this.#commands.map(({ name, argumentHint, description }) => ({ label: `/${name}`, hint: argumentHint, detail: description })),
  );

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  get marked(): number {
    return Math.min(this.#marked, this.#commands.length - 1);
  }

  get found(): string {
    return text.commands.found(this.#commands.length);
  }

  /** Something was written: what was closed or marked was for what stood there before. */
  written(): void {
    this.#closed = false;
    this.#marked = 0;
    if (this.#query !== undefined) void this.#conversation.loadCommands();
  }

  take(index: number): void {
    this.#conversation.draft = `/${this.#commands[index].name} `;
  }

  key(key: string): boolean {
    const meant = keyOf(key, this.marked, this.#commands.length);
    if (typeof meant === 'number') this.#marked = meant;
    else if (meant === 'close') this.#closed = true;
    // What is written in full already is sent, not completed.
    else if (meant === 'take' && (key === 'Tab' || this.#commands[this.marked].name.toLowerCase() !== this.#query)) this.take(this.marked);
    else return false;
    return true;
  }
}
