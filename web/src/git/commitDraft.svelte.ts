import type { Place } from '../conversation/conversation.svelte';

/** The commit message that is being written, kept per project until it is committed, also when the page is closed. */
export class CommitDraft {
  #key: string;
  #text = $state('');

  constructor(place: Place) {
    this.#key = `pocketcoder-commit ${JSON.stringify([place.machineKey, place.projectId])}`;
    this.#text = this.#try(() => localStorage.getItem(this.#key)) ?? '';
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    this.#try(() => (text === '' ? localStorage.removeItem(this.#key) : localStorage.setItem(this.#key, text)));
  }

  /** A browser may refuse to keep anything; then it lives as long as the page. */
  #try<T>(use: () => T): T | undefined {
    try {
      return use();
    } catch {
      return undefined;
    }
  }
}
