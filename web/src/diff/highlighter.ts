import { workerUrl } from '../trustedTypes';
import url from './highlight.worker.ts?worker&url';
import type { Token } from './segments';

export type Lines = readonly (readonly Token[])[];

/** A grammar that takes longer than this over a piece of code is not asked again. */
const PATIENCE = 4_000;
/** More than this has no colours: nobody would wait for them. */
const MOST_CHARACTERS = 300_000;
const KEPT = 100;

interface Job {
  language: string;
  code: string;
  settle(lines: Lines): void;
}

/** Colours code in a thread of its own, one piece after the other; without workers, or when it fails, code is plain. */
export class Highlighter {
  #start: () => Worker;
  #worker: Worker | undefined;
  #jobs: Job[] = [];
  #number = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refused = new Set<string>();
  #known = new Map<string, Promise<Lines>>();

  constructor(start: () => Worker) {
    this.#start = start;
  }

  colour(language: string, code: string): Promise<Lines> {
    if (code.length > MOST_CHARACTERS || this.#refused.has(language)) return Promise.resolve([]);
    const key = `${language}\n${code}`;
    const known = this.#known.get(key) ?? new Promise<Lines>((settle) => this.#add({ language, code, settle }));
    this.#known.delete(key);
    this.#known.set(key, known); // the latest used last
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }

  #add(job: Job): void {
    this.#jobs.push(job);
    if (this.#jobs.length === 1) this.#next();
  }

  #next(): void {
    const job = this.#jobs[0];
    if (!job) return;
    if (this.#refused.has(job.language)) return this.#end([]);
    try {
      this.#worker ??= this.#begin();
      this.#timer = setTimeout(() => this.#refuse(), PATIENCE);
      this.#worker.postMessage({ id: ++this.#number, language: job.language, code: job.code });
    } catch {
      this.#refuse();
    }
  }

  #begin(): Worker {
    const worker = this.#start();
    worker.onmessage = ({ data }: MessageEvent<{ id: number; lines: Lines }>) => data.id === this.#number && this.#end(data.lines);
    worker.onerror = () => this.#refuse();
    return worker;
  }

  #refuse(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    if (this.#jobs[0]) this.#refused.add(this.#jobs[0].language);
    this.#end([]);
  }

  #end(lines: Lines): void {
    clearTimeout(this.#timer);
    this.#jobs.shift()?.settle(lines);
    this.#next();
  }
}

export const highlighter = new Highlighter(() => new Worker(workerUrl(url), { type: 'module' }));
