/** The middle of some numbers. */
export const median = (numbers) => quantile(numbers, 0.5);

export const quantile = (numbers, share) => numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))];

/** Runs `work` and gives the milliseconds that it took. */
export const timed = (work) => async () => {
  const from = performance.now();
  await work();
  return performance.now() - from;
};

/** Runs the sides in turn, `runs` times; each gives a number, or several by name. Medians of them. A first round, which is not counted, warms both up. */
export async function inTurn(runs, sides) {
  const all = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let run = runs > 2 ? -1 : 0; run < runs; run++) {
    for (const [name, side] of Object.entries(sides)) {
      const figures = await side();
      if (run >= 0) all[name].push(figures);
    }
  }
  return Object.fromEntries(Object.entries(all).map(([name, figures]) => [name, middle(figures)]));
}

function middle(figures) {
  if (typeof figures[0] !== 'object') return median(figures);
  return Object.fromEntries(Object.keys(figures[0]).map((name) => [name, median(figures.map((one) => one[name]))]));
}

/** The same result for whoever asks: for a run that gives the figures of many rows. */
export function once(work) {
  let result;
  return (...args) => (result ??= work(...args));
}

/** The `both` of a row that shows one figure of a measurement which many rows share. */
export const shows = (measured) => (figure, { ours = 'ours', against = 'theirs' } = {}) => async (options) => {
  const sides = await measured(options);
  const of = (side) => (figure ? sides[side][figure] : sides[side]);
  return { ours: of(ours), theirs: of(against) };
};

/** The same of sides that are measured in turn. */
export const shared = (runs, sides) => shows(once(({ quick }) => inTurn(quick ? Math.min(runs, 3) : runs, sides)));
