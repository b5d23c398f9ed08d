export interface Row {
  readonly key: string;
}

/** How high each row of a long list is, and where that puts it; measured where it was laid out, estimated where not. */
export class RowHeights<R extends Row> {
  #rows: readonly R[] = [];
  #known = new Map<string, number>();
  #estimate: (row: R) => number;
  /** Where each row begins, valid up to and with `#valid`; one more than there are rows. */
  #tops = new Float64Array(1);
  #valid = 0;

  constructor(estimate: (row: R) => number) {
    this.#estimate = estimate;
  }

  get count(): number {
    return this.#rows.length;
  }

  get total(): number {
    return this.top(this.count);
  }

  key(index: number): string | undefined {
    return this.#rows[index]?.key;
  }

  isMeasured = (key: string): boolean => this.#known.has(key);

  indexOf(key: string): number {
    return this.#rows.findLastIndex((row) => row.key === key);
  }

  setRows(rows: readonly R[]): void {
    const before = this.#rows;
    let same = 0;
    while (same < before.length && same < rows.length && before[same] === rows[same]) same++;
    this.#rows = rows;
    this.#valid = Math.min(this.#valid, same);
    if (this.#tops.length > rows.length) return;
    const tops = new Float64Array(Math.ceil(rows.length * 1.5) + 64);
    tops.set(this.#tops.subarray(0, this.#valid + 1));
    this.#tops = tops;
  }

  /** Gives by how much the row grew. */
  measure(index: number, height: number): number {
    const row = this.#rows[index];
    const before = this.#height(row);
    if (height === before && this.#known.has(row.key)) return 0;
    this.#known.set(row.key, height);
    this.#valid = Math.min(this.#valid, index);
    return height - before;
  }

  /** Another width makes all rows as high as nobody knows. */
  forget(): void {
    this.#known.clear();
    this.#valid = 0;
  }

  top(index: number): number {
    for (; this.#valid < index; this.#valid++) this.#tops[this.#valid + 1] = this.#tops[this.#valid] + this.#height(this.#rows[this.#valid]);
    return this.#tops[index];
  }

  /** The row that covers this place. */
  at(place: number): number {
    this.top(this.count);
    let low = 0;
    let high = Math.max(0, this.count - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle] <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #height(row: R): number {
    return this.#known.get(row.key) ?? this.#estimate(row);
  }
}
