import type { ImageData } from '../protocol.gen';
import type { Storage } from '../storage/storage';

/** Every letter need not go to the disk by itself. */
const SAVE_AFTER = 200;

/** What is being written in one place, kept while other screens are shown and while the app is closed. */
export class Draft {
  #content = $state('');
  images = $state.raw<readonly ImageData[]>([]);
  /** Where the log above it is being read; undefined at its end. */
  reading: { key: string; offset: number } | undefined;
  #key: string;
  #storage: Storage | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #touched = false;

  constructor(key: string, storage: Storage | undefined) {
    this.#key = key;
    this.#storage = storage;
  }

  get content(): string {
    return this.#content;
  }

  set content(content: string) {
    this.#content = content;
    this.#touched = true;
    this.#saveSoon();
  }

  attach(images: readonly ImageData[]): void {
    this.images = images;
    this.#touched = true;
    this.#saveSoon();
  }

  read(reading: { key: string; offset: number } | undefined): void {
    if (reading?.key === this.reading?.key && reading?.offset === this.reading?.offset) return;
    this.reading = reading;
    this.#saveSoon();
  }

  async restore(): Promise<void> {
    const kept = await this.#storage?.draft(this.#key);
    if (!kept) return;
    this.reading ??= kept.reading;
    if (this.#touched) return;
    this.#content = kept.content;
    this.images = kept.images;
  }

  /** The place has got another name. */
  move(key: string): void {
    void this.#storage?.saveDraft(this.#key, undefined);
    this.#key = key;
    this.#saveSoon();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#storage = undefined;
  }

  async save(): Promise<void> {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { content, images, reading } = this;
    await this.#storage?.saveDraft(this.#key, content !== '' || images.length > 0 || reading ? { content, images: [...images], reading } : undefined);
  }

  #saveSoon(): void {
    if (this.#storage) this.#timer ??= setTimeout(() => void this.save(), SAVE_AFTER);
  }
}
