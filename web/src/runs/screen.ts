import { visible } from '../ui/visible';
import { AnsiReader, type Look, type Piece } from './ansi';

/** A stretch of one line that looks the same throughout. */
export interface Span {
  text: string;
  look: Look;
}
export interface Line {
  /** Counted from the first that was printed. */
  number: number;
  spans: Span[];
}
interface Cell {
  text: string;
  look: Look;
}

/** Lines kept: what is older was scrolled away long ago. */
export const KEPT_LINES = 5_000;
/** A line that never ends is broken here. */
const LONGEST_LINE = 4_000;

/** What a command printed, as lines, in bounded memory. */
export class Screen {
  /** Finished lines; the same array grows, so who shows it asks how long it is. */
  readonly lines: Line[] = [];
  /** Lines that are not kept any more. */
  dropped = 0;
  #out = new AnsiReader();
  #error = new AnsiReader();
  #cells: Cell[] = [];
  #column = 0;

  /** The line that is being printed. */
  get last(): Line {
    return { number: this.dropped + this.lines.length, spans: toSpans(this.#cells) };
  }

  write(stream: 'out' | 'error', chunk: string): void {
    for (const piece of (stream === 'out' ? this.#out : this.#error).read(chunk)) this.#put(piece);
  }

  /** Nothing more comes. */
  end(): void {
    for (const reader of [this.#out, this.#error]) for (const piece of reader.end()) this.#put(piece);
  }

  #put(piece: Piece): void {
    if ('text' in piece) {
      for (const text of piece.text) {
        if (this.#cells.length >= LONGEST_LINE && this.#column >= LONGEST_LINE) this.#newLine();
        this.#cells[this.#column++] = { text, look: piece.look };
      }
    } else if (piece.control === '\n') this.#newLine();
    else if (piece.control === '\r') this.#column = 0;
    else if (piece.control === '\b') this.#column = Math.max(0, this.#column - 1);
    else {
      const blank: Cell = { text: ' ', look: {} };
      const before = piece.control === 'clear' ? Array.from({ length: this.#column }, () => blank) : this.#cells.slice(0, this.#column);
      this.#cells = before;
    }
  }

  #newLine(): void {
    this.lines.push({ number: this.dropped + this.lines.length, spans: toSpans(this.#cells) });
    this.#cells = [];
    this.#column = 0;
    // In larger steps, because each costs a move of the whole array.
    if (this.lines.length < KEPT_LINES * 1.2) return;
    const excess = this.lines.length - KEPT_LINES;
    this.lines.splice(0, excess);
    this.dropped += excess;
  }
}

function toSpans(cells: Cell[]): Span[] {
  const spans: Span[] = [];
  for (const { text, look } of cells) {
    const last = spans.at(-1);
    if (last && last.look === look) last.text += text;
    else spans.push({ text, look });
  }
  return spans.map(({ text, look }) => ({ text: visible(text), look }));
}
