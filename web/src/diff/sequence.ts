/** Above this many comparisons the middle counts as replaced whole; nobody reads such a change piece by piece anyway. */
const MOST_COMPARISONS = 1_000_000;

/** The pairs of places at which two sequences are alike, in order: as many as there can be. */
export function matches(before: readonly string[], after: readonly string[], most = MOST_COMPARISONS): [number, number][] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const head = Array.from({ length: start }, (_, i): [number, number] => [i, i]);
  const tail = Array.from({ length: end }, (_, i): [number, number] => [before.length - end + i, after.length - end + i]);
  const middle = inMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end), most);
  return [...head, ...middle.map(([i, j]): [number, number] => [i + start, j + start]), ...tail];
}

function inMiddle(before: readonly string[], after: readonly string[], most: number): [number, number][] {
  if (before.length === 0 || after.length === 0 || before.length * after.length > most) return [];
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width); // longest common subsequence from (i, j) to the ends
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] =
        before[i] === after[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    if (before[i] === after[j]) pairs.push([i++, j++]);
    else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) i++;
    else j++;
  }
  return pairs;
}
