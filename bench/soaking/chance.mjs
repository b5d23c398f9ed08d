// What a phone decides comes from its seed (mulberry32), so that a run can be had again as far as time allows.
export function chance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (from, to) => from + Math.floor(next() * (to - from + 1));
  return {
    int,
    is: (probability) => next() < probability,
    one: (list) => list[int(0, list.length - 1)],
    /** One of `{name: weight}`. */
    weighted(weights) {
      let left = next() * Object.values(weights).reduce((sum, weight) => sum + weight);
      return Object.keys(weights).find((name) => (left -= weights[name]) < 0);
    },
    uuid: () => [8, 4, 4, 4, 12].map((length, i) => Array.from({ length }, (_, at) => (i === 2 && at === 0 ? '4' : i === 3 && at === 0 ? '8' : int(0, 15).toString(16))).join('')).join('-'),
  };
}
