// node bench/growth.mjs [--divide N] [--only NAME,NAME] [--report FILE]: each figure at three sizes, ten times apart, and how it grows from one to the next. Nothing may
// grow faster than its size. --divide makes the sizes smaller, for a quick look; FILE gets the table, and a plot a figure beside it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { files } from './growing/files.mjs';
import { git } from './growing/git.mjs';
import { relay } from './growing/relay.mjs';
import { page, plotOf, rowOf } from './growing/report.mjs';
import { sessions } from './growing/sessions.mjs';
import { watching } from './growing/watching.mjs';

const { values } = parseArgs({ options: { divide: { type: 'string', default: '1' }, only: { type: 'string' }, report: { type: 'string' } } });
const wanted = values.only?.split(',');
const all = [...files, ...watching, ...git, ...sessions, ...relay];
const known = all.flatMap(({ figures }) => Object.values(figures).map(({ id }) => id));
const unknown = wanted?.find((prefix) => !known.some((id) => id.startsWith(prefix)));
if (unknown !== undefined) {
  console.error(`Nothing is called ${unknown}. There is: ${known.join(', ')}.`);
  process.exit(2);
}
const rows = [];
for (const { sizes, of, measure, figures } of all) {
  const names = Object.entries(figures);
  if (wanted && !names.some(([, { id }]) => wanted.some((prefix) => id.startsWith(prefix)))) continue;
  const smaller = sizes.map((size) => Math.ceil(size / Number(values.divide)));
  const measured = [];
  for (const size of smaller) measured.push(await measure(size));
  for (const [name, figure] of names) {
    const row = rowOf(figure, smaller, of, measured.map((one) => one[name]));
    rows.push(row);
    console.log(`${row.name}: ${row.values.map((value, i) => `${row.sizes[i]} ${of} ${value.toFixed(2)} ${row.unit}`).join(', ')}; growth ${row.growth.map((times) => times.toFixed(2)).join(', ')}${row.isGood ? '' : ': worse than its size'}`);
  }
}
if (values.report) {
  mkdirSync(dirname(values.report), { recursive: true });
  writeFileSync(values.report, page(rows));
  for (const row of rows.filter(({ beside }) => !beside)) writeFileSync(join(dirname(values.report), `growth-${row.id}.svg`), plotOf(row));
}
process.exit(rows.every(({ isGood }) => isGood) ? 0 : 1);
