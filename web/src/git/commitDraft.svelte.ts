import { deviceStore } from '../app/deviceStore';
import type { Place } from '../conversation/conversation.svelte';

/** The commit message that is being written, kept per project until it is committed, also when the page is closed. */
export class CommitDraft {
  #key: string[];
  #text = $state('');
  #touched = false;

  constructor(place: Place) {
    this.#key = ['commit', place.machineKey, place.projectId];
    void deviceStore.get<string>(this.#key).then((kept) => {
      if (!this.#touched && kept) this.#text = kept; // what is written already goes first
    });
  }

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    this.#touched = true;
    void (text === '' ? deviceStore.delete(this.#key) : deviceStore.set(this.#key, text));
  }
}
