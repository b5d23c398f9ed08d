// The growth of figures as a table and as plots.
import { plot } from '../plot.mjs';
import { machine } from '../soaking/report.mjs';

/** What noise may make of the same. */
const NOISE = 1.15;
/** Less than this, in ms, MB, KB and µs, is the least that anything takes, and its changes say nothing. */
const LEAST = { ms: 1, MB: 2, KB: 5, 'µs': 1 };

/** A figure that is `bounded` comes to an end: the last ten times as much may cost three times at most, which is noise and caches. */
const BOUNDED = 3;

export function rowOf(figure, sizes, of, values) {
  const steps = sizes.slice(1).map((size, i) => size / sizes[i]);
  const known = values.map((value) => Math.max(value, LEAST[figure.unit]));
  const growth = known.slice(1).map((value, i) => value / known[i]);
  const isGood = figure.beside || (figure.bounded ? growth.at(-1) <= BOUNDED : growth.every((times, i) => times <= steps[i] * NOISE));
  return { ...figure, sizes, of, values, growth, isGood };
}

const told = (value) => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 10 ? 1 : 2));
const sizeTold = (size) => size.toLocaleString('en-US');

export function plotOf({ name, unit, of, sizes, values }) {
  const points = sizes.map((size, i) => [size, Math.max(values[i], LEAST[unit])]);
  const base = points[0][1];
  return plot({
    title: name.replaceAll('`', ''), x: { label: of, log: true }, y: { label: 'cost', unit, log: true },
    series: [{ name: 'measured', points, marked: true }, { name: 'linear, for comparison', dashed: true, points: sizes.map((size) => [size, (base * size) / sizes[0]]) }],
  });
}

export function page(rows) {
  const line = ({ name, unit, of, sizes, values, growth, isGood, bounded, beside }) =>
    `| ${name} | ${sizes.map(sizeTold).join(' / ')} ${of} | ${values.map((value) => `${told(value)} ${unit}`).join(' | ')} | ${growth.map((times) => `x ${told(times)}`).join(', ')} | ${beside ? '' : !isGood ? '**no**' : bounded ? 'yes, bounded' : 'yes'} |`;
  return `# How it grows

Each figure at three sizes, ten times apart: \`node bench/growth.mjs\`. For ten times as much, linear is x 10; nothing may be worse. What is bounded may not go on growing.
Medians, over a real relay on loopback. ${machine()}.

| figure | sizes | 1 x | 10 x | 100 x | growth for ten times as much | no worse than linear |
| --- | --- | ---: | ---: | ---: | --- | --- |
${rows.map(line).join('\n')}

Below ${Object.entries(LEAST).map(([unit, least]) => `${least} ${unit}`).join(', ')} a figure counts as that: less says nothing of growth.

${rows.filter(({ beside }) => !beside).map(({ id, name }) => `![${name.replaceAll('`', '')}](growth-${id}.svg)`).join('\n')}
`;
}
