// A small line plot as SVG: a few series over linear or logarithmic axes, on a card that is white in a light page and in a dark one.
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [760, 380, 72, 24, 64, 56];
const COLOURS = ['#1d5fbf', '#b4460f', '#15803d', '#6b7280'];

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** At most four significant digits, thousands with a comma. */
function told(value) {
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(4, 3 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** Round numbers that cover the values, some five of them. */
function linear(values) {
  const [low, high] = [Math.min(0, ...values), Math.max(...values, 1e-9)];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const [from, to] = [Math.floor(low / step) * step, Math.ceil(high / step - 0.02) * step];
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
  return { ticks, place: (value) => (value - from) / (to - from) };
}

/** The powers of ten that cover the values. */
function logarithmic(values) {
  const exponents = values.filter((value) => value > 0).map(Math.log10);
  const [from, to] = [Math.floor(Math.min(...exponents)), Math.max(Math.ceil(Math.max(...exponents)), Math.floor(Math.min(...exponents)) + 1)];
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
  return { ticks, place: (value) => (Math.log10(value) - from) / (to - from) };
}

/**
 * The SVG's text. `x` and `y` are axes `{label, unit?, log?}`, a series is `{name, points: [[x, y], …], dashed?, marked?}`;
 * a point whose y is null is a hole in the line.
 */
export function plot({ title, x, y, series }) {
  const points = series.flatMap((line) => line.points).filter(([, value]) => value !== null);
  const scale = (axis, values) => (axis.log ? logarithmic(values) : linear(values));
  const [across, up] = [scale(x, points.map((p) => p[0])), scale(y, points.map((p) => p[1]))];
  const atX = (value) => LEFT + across.place(value) * (WIDTH - LEFT - RIGHT);
  const atY = (value) => HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM);
  const label = (axis) => escaped(axis.unit ? `${axis.label} (${axis.unit})` : axis.label);
  const text = (left, top, words, more = '') => `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" ${more}>${words}</text>`;

  const grid = [
    ...across.ticks.map((tick) => `<path d="M${atX(tick).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}" class="grid"/>${text(atX(tick), HEIGHT - BOTTOM + 18, told(tick), 'text-anchor="middle"')}`),
    ...up.ticks.map((tick) => `<path d="M${LEFT} ${atY(tick).toFixed(1)}H${WIDTH - RIGHT}" class="grid"/>${text(LEFT - 8, atY(tick) + 4, told(tick), 'text-anchor="end"')}`),
  ];
  const lines = series.map((line, i) => {
    const colour = COLOURS[i % COLOURS.length];
    let pen = 'M';
    const path = line.points.map(([px, py]) => {
      const move = py === null ? '' : `${pen}${atX(px).toFixed(1)} ${atY(py).toFixed(1)}`;
      pen = py === null ? 'M' : 'L';
      return move;
    }).join('');
    const dots = line.marked ? line.points.filter(([, py]) => py !== null).map(([px, py]) => `<circle cx="${atX(px).toFixed(1)}" cy="${atY(py).toFixed(1)}" r="4" fill="${colour}"/>`).join('') : '';
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${line.dashed ? ' stroke-dasharray="6 5"' : ''}/>${dots}`;
  });
  let left = LEFT;
  const legend = series.map((line, i) => {
    const at = left;
    left += 46 + line.name.length * 7;
    return `<path d="M${at} 46h22" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="3"${line.dashed ? ' stroke-dasharray="6 4"' : ''}/>${text(at + 28, 50, escaped(line.name))}`;
  });

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="12" fill="#374151">
<style>.grid{stroke:#e5e7eb;stroke-width:1}</style>
<rect x=".5" y=".5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="8" fill="#ffffff" stroke="#d1d5db"/>
${text(LEFT, 26, escaped(title), 'font-size="15" font-weight="600" fill="#111827"')}
${legend.join('\n')}
${grid.join('\n')}
${lines.join('\n')}
${text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, label(x), 'text-anchor="middle"')}
${text(0, 0, label(y), `transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle"`)}
</svg>
`;
}
