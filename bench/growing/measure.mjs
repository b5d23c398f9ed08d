// What the figures of growth have in common.
import { mkdirSync, writeFileSync } from 'node:fs';
import { inTurn, timed } from '../measure.mjs';
import { temporary } from '../system.mjs';

/** The median time of some runs, in ms, after one that warms up. */
export const medianOf = async (runs, work) => (await inTurn(runs, { work: timed(work) })).work;

/** So many small files, ten a directory. */
export function tree(files) {
  const root = temporary('growth');
  for (let i = 0; i < files / 10; i++) {
    const directory = `${root}/p${i % 100}/d${i}`;
    mkdirSync(directory, { recursive: true });
    for (let file = 0; file < 10; file++) writeFileSync(`${directory}/${file}.txt`, `${i} ${file}\n`);
  }
  return root;
}
