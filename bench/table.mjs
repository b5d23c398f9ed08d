// node bench/table.mjs [--only 1,2,13] [--quick] [--long] [--markdown FILE]: every row of the goals, ours beside its baseline. bench/README.md says what each is.
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { inTurn } from './measure.mjs';

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean' }, long: { type: 'boolean' }, markdown: { type: 'string' } },
});
options.only = options.only?.split(',').map(Number);
const titles = ['row', 'metric', 'unit', 'ours', 'baseline', 'against', 'ratio', 'goal', 'met'];
const widths = [3, 52, 6, 9, 9, 32, 6, 10, 3];

/** What a row can promise: of its own figure, or of its ratio to the baseline's. */
const goals = {
  ratio: { says: (limit) => `≤ ${limit} x`, holds: (limit, ours, ratio) => ratio <= limit },
  ratioAtLeast: { says: (limit) => `≥ ${limit} x`, holds: (limit, ours, ratio) => ratio >= limit },
  most: { says: (limit) => `≤ ${limit}`, holds: (limit, ours) => ours <= limit },
  least: { says: (limit) => `≥ ${limit}`, holds: (limit, ours) => ours >= limit },
};

const results = [];
line(titles);
for (const file of await ordered()) await measure(file);
if (options.markdown) writeFileSync(options.markdown, markdown());
process.exit(results.some(({ failed }) => failed) ? 1 : 0);

/** The files of the wanted rows, by their first row. */
async function ordered() {
  const names = readdirSync(new URL('rows/', import.meta.url));
  const files = await Promise.all(names.map((name) => import(`./rows/${name}`)));
  return files.filter(({ rows }) => rows.some(wanted)).sort((a, b) => a.rows[0].row - b.rows[0].row);
}

function wanted({ row, long }) {
  return options.only ? options.only.includes(row) : options.long || !long;
}

async function measure({ rows, setUp, tearDown }) {
  let broken;
  await setUp?.(options).catch((error) => (broken = error));
  for (const row of rows.filter(wanted)) {
    try {
      if (broken) throw broken;
      const both = row.both ? await row.both(options) : await inTurn(options.quick ? 3 : row.runs, { ours: row.ours, theirs: row.theirs });
      add(row, both);
    } catch (error) {
      add(row, {}, withoutPaths(error.message));
    }
  }
  await tearDown?.().catch((error) => console.error(error.message));
}

/** The first line, with no place of this machine in it. */
function withoutPaths(message) {
  return message.split('\n')[0].replaceAll(/\/[\w./-]*\/(?=[\w.-])/g, '…/').slice(0, 200);
}

function add(row, { ours, theirs }, failed) {
  const ratio = theirs === undefined ? undefined : ours / theirs;
  const met = failed || !row.goal ? '' : Object.entries(row.goal).every(([kind, limit]) => goals[kind].holds(limit, ours, ratio)) ? 'yes' : 'NO';
  const cells = [row.row, row.metric, row.unit, number(ours), number(theirs), row.baseline ?? '', ratio?.toFixed(2) ?? '', describe(row.goal), met];
  results.push({ cells, failed });
  line(cells);
  if (failed) console.log(`     not measured: ${failed}`);
}

function describe(goal = {}) {
  return Object.entries(goal).map(([kind, limit]) => goals[kind].says(limit)).join(', ');
}

function number(value) {
  return value === undefined ? '' : value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0 });
}

function line(cells) {
  const right = [3, 4, 6];
  console.log(cells.map((cell, i) => (right.includes(i) ? `${cell}`.padStart(widths[i]) : `${cell}`.padEnd(widths[i]))).join('  ').trimEnd());
}

/** The table with what one has to know to compare it: when, on what, of which commit. */
function markdown() {
  const said = (command, ...args) => execFileSync(command, args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  const changed = said('git', 'status', '--porcelain', '--untracked-files=no') ? ' with changes' : '';
  const machine = `${cpus().length} x ${cpus()[0].model.trim()}, Linux ${release()}, Node ${process.versions.node}, .NET ${said('dotnet', '--version')}`;
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [
    `${new Date().toISOString().slice(0, 10)}; ${machine}; commit ${said('git', 'rev-parse', '--short', 'HEAD')}${changed}`,
    '',
    row(titles),
    row(['---:', '---', '---', '---:', '---:', '---', '---:', '---', '---']),
    ...results.map(({ cells, failed }) => row(failed ? cells.with(3, `not measured: ${failed}`) : cells)),
    '',
  ].join('\n');
}
