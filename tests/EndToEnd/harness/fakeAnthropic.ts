import { tmpdir } from 'node:os';
import { root } from './paths';
import { Running } from './running';

/** One round of the scripted model; tests/FakeAnthropic/README.md says what the fields mean. */
export interface Step {
  text?: string;
  blocks?: ({ text: string } | { tool: string; input: object })[];
  chunks?: number;
  waitFor?: string | string[];
}

interface Listening {
  listening: string;
}

/** The scripted stand-in for the Anthropic API. */
export class FakeAnthropic {
  readonly #process: Running<Listening>;

  private constructor(process: Running<Listening>) {
    this.#process = process;
  }

  static async start(): Promise<FakeAnthropic> {
    const file = process.env.FAKE_ANTHROPIC || `${root}/artifacts/bin/FakeAnthropic/debug/PocketCoder.FakeAnthropic`;
    return new FakeAnthropic(await Running.start(file, ['--port', '0'], process.env, tmpdir(), (line) => JSON.parse(line) as Listening));
  }

  get url(): string {
    return this.#process.ready.listening;
  }

  /** Lets the stream that stands at this gate, or comes to it later, go on. */
  async release(gate: string): Promise<void> {
    const response = await fetch(`${this.url}/_fake/release/${gate}`, { method: 'POST' });
    if (!response.ok) throw new Error(`The fake API answered ${response.status}.`);
  }

  stop(): Promise<void> {
    return this.#process.end('SIGTERM');
  }
}

/** A prompt that brings its own script along. */
export function scripted(words: string, ...steps: Step[]): string {
  // A bracket in a text must not end the marker.
  const json = JSON.stringify(steps).replace(/"(?:[^"\\]|\\.)*"/g, (literal) => literal.replaceAll(']', '\\u005d'));
  return `${words} [[steps:${json}]]`;
}
