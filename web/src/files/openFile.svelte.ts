import { deviceStore, type Key } from '../app/deviceStore';
import type { Place } from '../conversation/conversation.svelte';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode, RequestError } from '../net/errors';
import type { ErrorCode } from '../protocol.gen';
import { explain } from '../ui/explain';
import { contentOf, imageType, isDrawing, type Content } from './content';
import { followFiles } from './follow';
import { isWithin } from './paths';

/** How much is read at once; what is not larger can also be written. */
export const PART = 1024 * 1024;

/** Text that is not on the machine yet; `etag` is of what it was written over. */
interface Unsaved {
  text: string;
  etag: string;
  at: number;
}

/** The file as it is on the machine now; without a text it is not there, or cannot be shown as text. */
export interface Theirs {
  text?: string;
  etag: string;
}

const unsavedKey = ({ machineKey, projectId }: Place, path: string): Key => ['unsaved', machineKey, projectId, path];

/** One file that is looked at or edited. What is written stays on this device until the machine has it. */
export class OpenFile {
  content = $state.raw<Content>();
  failure = $state<ErrorCode>();
  problem = $state('');
  unsaved = $state.raw<Unsaved>();
  /** What of it is on the disk of this device. */
  #onDevice = $state.raw<Unsaved>();
  /** "waiting": saved as soon as the machine can be reached. */
  saving = $state<'no' | 'now' | 'waiting' | 'done'>('no');
  /** Somebody else wrote it since; set with what stands there now. */
  theirs = $state.raw<Theirs>();
  readonly path: string;
  #connection: Connection;
  #place: Place;
  #reading: AbortController | undefined;
  /** Sent, and perhaps written: the answer was lost. */
  #sent: string | undefined;

  constructor(connection: Connection, place: Place, path: string) {
    this.#connection = connection;
    this.#place = place;
    this.path = path;
  }

  get editable(): boolean {
    return this.content?.kind === 'text' && this.content.size <= PART && this.content.read === this.content.size;
  }

  /** What is written here would be there again after a reload. */
  get kept(): boolean {
    return this.unsaved === this.#onDevice;
  }

  /** Loads it, and stays true to the disk while it is shown. */
  follow(): () => void {
    const lookAgain = (): void => void (this.saving === 'waiting' && this.unsaved ? this.save(this.unsaved.text) : this.load());
    void deviceStore.get<Unsaved>(unsavedKey(this.#place, this.path)).then((kept) => {
      // Kept once more, for it may have been in memory alone.
      if (kept && !this.unsaved) void this.#keep(kept);
      return this.load();
    });
    const forget = followFiles(this.#connection, this.#place, {
      lookAgain,
      changed: (changes) => {
        if (this.saving !== 'now' && changes.some(({ path }) => isWithin(this.path, path))) void this.load();
      },
    });
    return () => {
      this.#reading?.abort();
      forget();
    };
  }

  async load(): Promise<void> {
    this.#reading?.abort();
    const { signal } = (this.#reading = new AbortController());
    try {
      const content = await this.#read(0, signal);
      [this.failure, this.problem] = [undefined, ''];
      this.#compare(content);
    } catch (error) {
      if (signal.aborted || error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE')) return; // loads again by itself
      this.failure = error instanceof RequestError ? error.code : undefined;
      if (this.unsaved && this.failure === 'FILE_NOT_FOUND') this.theirs = { etag: '' };
      else this.problem = explain(error);
    }
  }

  /** Reads on where the last part ended. */
  async more(): Promise<void> {
    const before = this.content;
    if (!before) return;
    try {
      const content = await this.#read(before.read, new AbortController().signal, before);
      if (content.etag === before.etag) this.content = content;
      else await this.load();
    } catch (error) {
      this.problem = explain(error);
    }
  }

  /** Keeps on this device what is being written. */
  async keep(text: string): Promise<void> {
    const etag = this.unsaved?.etag ?? this.content?.etag ?? '';
    if (this.content?.etag === etag && this.content.text === text) return this.drop();
    this.saving = this.saving === 'now' ? 'now' : 'no';
    await this.#keep({ text, etag, at: Date.now() });
  }

  /** Forgets what was written. */
  drop(): Promise<void> {
    this.unsaved = this.theirs = undefined;
    return deviceStore.delete(unsavedKey(this.#place, this.path));
  }

  async save(text: string, over = this.unsaved?.etag ?? this.content?.etag ?? ''): Promise<void> {
    void this.#keep({ text, etag: over, at: Date.now() });
    [this.saving, this.problem] = ['now', ''];
    try {
      const target = { machineKey: this.#place.machineKey, sessionId: this.#place.projectId };
      const { etag, size } = await this.#connection.request('fs_write', { path: this.path, content: text, expectedEtag: over }, target);
      this.#saved(text, etag, size);
    } catch (error) {
      this.saving = error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE', 'RELAY_TIMEOUT') ? 'waiting' : 'no';
      if (this.saving === 'waiting') {
        this.#sent ??= text;
        return;
      }
      if (hasCode(error, 'CONFLICT')) await this.load(); // which finds out what stands there, our own text perhaps
      else this.problem = explain(error);
    }
  }

  /** Goes on with what stands on the machine. */
  takeTheirs(): void {
    void this.drop();
    void this.load();
  }

  #saved(text: string, etag: string, size: number): void {
    const later = this.unsaved && this.unsaved.text !== text ? this.unsaved.text : undefined;
    this.content = { kind: 'text', text, bytes: new Uint8Array(), read: size, size, modifiedAt: new Date().toISOString(), etag };
    this.theirs = this.#sent = undefined;
    this.saving = 'done';
    if (later === undefined) void this.drop();
    else void this.#keep({ text: later, etag, at: Date.now() }); // written while it was being saved
  }

  #compare(content: Content): void {
    if (!this.unsaved) {
      this.content = content;
    } else if (content.kind === 'text' && (content.text === this.unsaved.text || content.text === this.#sent)) {
      this.#saved(content.text, content.etag, content.size); // our own, though the answer was lost
    } else if (content.etag !== this.unsaved.etag) {
      this.theirs = { text: content.kind === 'text' && content.read === content.size ? content.text : undefined, etag: content.etag };
    } else {
      [this.content, this.theirs] = [content, undefined];
    }
  }

  async #read(offset: number, signal: AbortSignal, before?: Content): Promise<Content> {
    const whole = imageType(this.path) !== undefined && !isDrawing(this.path);
    const range = whole ? {} : { offset, length: PART };
    const target = { machineKey: this.#place.machineKey, sessionId: this.#place.projectId, signal };
    return contentOf(this.path, await this.#connection.request('fs_read', { path: this.path, ...range }, target), before);
  }

  async #keep(unsaved: Unsaved): Promise<void> {
    this.unsaved = unsaved;
    if (await deviceStore.set(unsavedKey(this.#place, this.path), unsaved)) this.#onDevice = unsaved;
  }
}
