import { tick } from 'svelte';
import { RowHeights, type Row } from './rowHeights';

/** This close to the end counts as being there. */
const NEAR = 48;
/** So much is laid out beyond what is seen, so that a flick of the finger meets no empty place. */
const BEYOND = 500;
const FEWEST = 20;
/** As many rows as fill most screens. */
const FIRST = 12;
/** When a log is made anew from its beginning, so many rows may fold away together (a sub-agent's steps into its call). */
const MANY = 600;
/** Rows that have gone out of reach stay until there are so many of them. */
const SLACK = 8;
/** In ms: what new rows may take of a frame before it is painted; the rest of them come with the next. */
const BUDGET = 8;

/** The same for as long as a frame lasts; undefined where there are none. */
const frameTime = (): number | undefined => (document.timeline?.currentTime ?? undefined) as number | undefined;

/** Where in the log its reader is: which row is first, and how far below the upper edge it begins. */
export interface Reading {
  key: string;
  offset: number;
}

/**
 * The part of a long log that is laid out: the rows around what is seen, and as much room as the others take. It stays at
 * its end while the reader is there, and keeps what they read in its place while they are above.
 */
export class LogWindow<R extends Row> {
  start = $state(0);
  end = $state(0);
  /** The room of the rows before and behind. */
  before = $state(0);
  after = $state(0);
  atEnd = $state(true);
  #first = $state(-1);
  #heights: RowHeights<R>;
  #reading: (reading: Reading | undefined) => void;
  #scroller: HTMLElement | undefined;
  #rows = new Map<Element, string>();
  #frame = 0;
  /** The time of the frame that has been looked in. */
  #looked: number | undefined;
  /** In ms a row. */
  #cost = 2;
  #width = 0;

  constructor(estimate: (row: R) => number, reading: (reading: Reading | undefined) => void = () => {}) {
    this.#heights = new RowHeights(estimate);
    this.#reading = reading;
  }

  /** The row that is first on the screen. */
  get first(): number {
    return this.#first;
  }

  setRows(rows: readonly R[]): void {
    const had = this.#heights.count;
    const seen = this.#seen(rows[0]?.key === this.#heights.key(0) ? FIRST : MANY);
    this.#heights.setRows(rows);
    this.#follow(seen);
    if (this.atEnd || had === 0) this.#set(Math.max(0, rows.length - FEWEST - SLACK, Math.min(had === 0 ? Infinity : this.start, this.#lastScreen())), rows.length);
    else this.#set(Math.min(this.start, rows.length), Math.min(Math.max(this.end, this.start + FEWEST), rows.length));
    this.#soon();
  }

  /** The first rows on the screen, those behind them, and where they begin. */
  #seen(most: number): { key: string; index: number; top: number }[] {
    const seen = [];
    for (let index = Math.max(0, this.#first); index < Math.min(this.#heights.count, this.#first + most); index++) {
      seen.push({ key: this.#heights.key(index)!, index, top: this.#heights.top(index) });
    }
    return seen;
  }

  /** When rows came before those that are read, these stay where they are. */
  #follow(seen: { key: string; index: number; top: number }[]): void {
    for (const { key, index, top } of seen) {
      const now = this.#heights.indexOf(key);
      if (now < 0) continue;
      if (now === index) return;
      this.#first += now - index;
      this.start = Math.max(0, this.start + now - index);
      this.end += now - index;
      const by = this.#heights.top(now) - top;
      void tick().then(() => {
        if (this.atEnd) this.#stick();
        else if (this.#scroller) this.#scroller.scrollTop += by;
      });
      return;
    }
  }

  /** The row with which the last screen begins, as far as heights are known. (To ask the window for its height would lay out the page.) */
  #lastScreen(): number {
    return this.#heights.at(this.#heights.total - screen.height);
  }

  toEnd = (): void => {
    this.#set(this.#lastScreen(), this.#heights.count);
    this.atEnd = true;
    void tick().then(() => this.#stick());
  };

  /** False when there is no such row (yet). */
  async show({ key, offset }: Reading): Promise<boolean> {
    const index = this.#heights.indexOf(key);
    if (index < 0) return false;
    this.atEnd = false;
    this.#set(Math.max(0, index - 1), Math.min(this.#heights.count, index + FIRST));
    await tick();
    const scroller = this.#scroller;
    const row = [...this.#rows].find(([, other]) => other === key)?.[0];
    if (scroller && row) scroller.scrollTop += row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - offset;
    this.#look();
    return true;
  }

  /** For the element that scrolls. */
  scroller = (element: HTMLElement): (() => void) => {
    this.#scroller = element;
    let last = 0;
    const scrolled = (): void => {
      const away = element.scrollHeight - element.clientHeight - element.scrollTop;
      // Only the reader scrolls up; content that grows moves the end away, not the reader.
      if (away <= NEAR && this.end === this.#heights.count) this.atEnd = true;
      else if (element.scrollTop < last) this.atEnd = false;
      last = element.scrollTop;
      this.#look();
    };
    element.addEventListener('scroll', scrolled, { passive: true });
    this.#observer.observe(element); // which comes to the end once the first rows are laid out
    return () => {
      element.removeEventListener('scroll', scrolled);
      this.#observer.disconnect();
      cancelAnimationFrame(this.#frame);
    };
  };

  /** For what stands below the rows. */
  tail = (element: HTMLElement): (() => void) => {
    this.#observer.observe(element);
    return () => this.#observer.unobserve(element);
  };

  /** For each row that is laid out. */
  row = (element: HTMLElement, key: string): { update(key: string): void; destroy(): void } => {
    this.#rows.set(element, key);
    this.#observer.observe(element);
    return {
      update: (next) => void this.#rows.set(element, next),
      destroy: () => {
        this.#rows.delete(element);
        this.#observer.unobserve(element);
      },
    };
  };

  #observer = new ResizeObserver((entries) => {
    const scroller = this.#scroller;
    if (!scroller) return;
    if (scroller.clientWidth !== this.#width) {
      if (this.#width !== 0) this.#heights.forget();
      this.#width = scroller.clientWidth;
    }
    const edge = scroller.getBoundingClientRect().top;
    let shift = 0;
    for (const { target, borderBoxSize } of entries) {
      const key = this.#rows.get(target);
      const index = this.#indexOf(key);
      if (index < 0) continue;
      const first = !this.#heights.isMeasured(key!);
      const grown = this.#heights.measure(index, borderBoxSize[0].blockSize);
      if (grown === 0) continue;
      const { top, bottom } = target.getBoundingClientRect();
      // What is read stays: rows above it push it away, and so does one across the edge that was taken for another height.
      if (bottom <= edge || (first && top < edge)) shift += grown;
    }
    this.#measureRest();
    if (this.atEnd) this.#stick();
    else if (shift !== 0) scroller.scrollTop += shift;
    this.#soon();
  });

  #stick(): void {
    if (this.#scroller) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #soon(): void {
    if (typeof requestAnimationFrame === 'undefined' || this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      // Once a frame: a second look would lay out what the first has added, and then all of it again.
      const now = frameTime();
      if (now !== undefined && now === this.#looked) this.#soon();
      else this.#look();
    });
  }

  /** What is seen is laid out at once, what is beyond soon. */
  #look(): void {
    const scroller = this.#scroller;
    if (!scroller || scroller.clientHeight === 0) return;
    this.#looked = frameTime();
    const { count } = this.#heights;
    // At the end the reader sees the end, also before the scroller has been put there: it is when what came is laid out.
    const top = this.atEnd ? Math.max(scroller.scrollTop, this.#heights.total - scroller.clientHeight) : scroller.scrollTop;
    const bottom = top + scroller.clientHeight;
    const seen = [this.#heights.at(top), this.atEnd ? count : Math.min(count, this.#heights.at(bottom) + 1)];
    const from = Math.max(0, Math.min(this.#heights.at(top - BEYOND), seen[1] - FEWEST));
    const to = this.atEnd ? count : Math.min(count, Math.max(this.#heights.at(bottom + BEYOND) + 1, seen[0] + FEWEST));

    let { start, end } = this;
    if (seen[0] >= end || seen[1] <= start) start = end = this.atEnd ? seen[1] : seen[0];
    const most = Math.max(1, Math.floor(BUDGET / this.#cost));
    if (start > from) start = Math.max(from, Math.min(start - most, seen[0]));
    else if (from - start > SLACK) start = from;
    if (end < to) end = Math.min(to, Math.max(end + most, seen[1]));
    else if (end - to > SLACK) end = to;
    this.#first = seen[0];
    this.#priced(() => this.#set(start, end));
    if (start > from || end < to) this.#soon();
    this.#tell(scroller);
  }

  /** Notes what a new row takes, on this device, in this log. */
  #priced(change: () => void): void {
    const { start, end } = this;
    const begun = performance.now();
    change();
    const added = Math.max(0, Math.min(start, this.end) - this.start) + Math.max(0, this.end - Math.max(end, this.start));
    if (added === 0) return;
    void tick().then(() => (this.#cost = 0.7 * this.#cost + (0.3 * (performance.now() - begun)) / added));
  }

  #set(start: number, end: number): void {
    this.#keepFocus(start, end);
    this.start = start;
    this.end = end;
    this.#measureRest();
  }

  #measureRest(): void {
    this.before = this.#heights.top(this.start);
    this.after = this.#heights.total - this.#heights.top(Math.min(this.end, this.#heights.count));
  }

  /** A row that goes takes the focus with it: the log has it then, so that the keyboard is still here. */
  #keepFocus(start: number, end: number): void {
    const scroller = this.#scroller;
    if (!scroller || (start <= this.start && end >= this.end)) return;
    const row = document.activeElement?.closest('[data-row]');
    const key = row && this.#rows.get(row);
    if (!key) return;
    const index = this.#indexOf(key);
    if (index < start || index >= end) scroller.focus({ preventScroll: true });
  }

  /** Of a row that is laid out. */
  #indexOf(key: string | undefined): number {
    for (let index = this.start; index < this.end; index++) if (this.#heights.key(index) === key) return index;
    return -1;
  }

  #tell(scroller: HTMLElement): void {
    if (this.atEnd) return this.#reading(undefined);
    const key = this.#heights.key(this.#first);
    if (key !== undefined) this.#reading({ key, offset: Math.round(this.#heights.top(this.#first) - scroller.scrollTop) });
  }
}
