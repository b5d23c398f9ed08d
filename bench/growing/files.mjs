// Listing a directory, reading a file, searching a tree.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgetPeak, peak, resident } from '../processes.mjs';
import { start, temporary } from '../system.mjs';
import { medianOf, tree } from './measure.mjs';

const READS = 21;
/** A relay lets an account have 64 MB at once and 20 MB a second beyond: what is timed stays within the first. */
const TIMED = 4;
const LINE = 'export const greet = (name: string) => `Hello, ${name}!`; // one line of source\n';

async function list(size) {
  const project = temporary('growth');
  for (let i = 0; i < size; i++) writeFileSync(join(project, `file-${i}.ts`), 'x');
  const system = await start(project);
  const ms = await medianOf(15, async () => {
    const { children } = await system.ask('fs_list', { path: '' });
    if (children.length !== size) throw new Error(`${children.length} entries`);
  });
  await system.stop();
  return { ms };
}

async function read(size) {
  const project = temporary('growth');
  writeFileSync(join(project, 'file.ts'), LINE.repeat(Math.ceil(size / LINE.length)).slice(0, size));
  const system = await start(project);
  const once = async () => {
    const { content } = await system.ask('fs_read', { path: 'file.ts' });
    if (content.length !== size) throw new Error(`${content.length} characters`);
  };
  const before = resident(system.pid);
  forgetPeak(system.pid);
  await once();
  const first = peak(system.pid) - before;
  const ms = await medianOf(TIMED, once);
  for (let i = TIMED; i < READS; i++) await once();
  const mb = resident(system.pid) - before;
  await system.stop();
  return { ms, first, mb };
}

/** A text that is in ten files, however many there are. */
async function search(size) {
  const project = tree(size);
  mkdirSync(join(project, 'found'));
  for (let i = 0; i < 10; i++) writeFileSync(join(project, 'found', `${i}.txt`), `${LINE}a needle\n`);
  const system = await start(project);
  const look = (kind, query, expected) => medianOf(7, async () => {
    const { matchCount } = await system.ask('fs_search', { query, kind });
    if (matchCount !== expected) throw new Error(`${matchCount} matches`);
  });
  forgetPeak(system.pid);
  const before = resident(system.pid);
  const [text, name] = [await look('text', 'a needle', 10), await look('name', 'found txt', 10)];
  const mb = peak(system.pid) - before;
  await system.stop();
  return { text, name, mb };
}

export const files = [
  { sizes: [100, 1_000, 10_000], of: 'entries', measure: list, figures: { ms: { id: 'fs-list', name: 'fs_list of a directory', unit: 'ms' } } },
  {
    sizes: [100_000, 1_000_000, 10_000_000], of: 'bytes', measure: read,
    figures: {
      ms: { id: 'fs-read', name: 'fs_read of a file', unit: 'ms' },
      first: { id: 'fs-read-memory', name: 'fs_read: memory more at the peak of the first', unit: 'MB' },
      mb: { id: 'fs-read-again', name: `fs_read: memory more after ${READS} more`, unit: 'MB' },
    },
  },
  {
    sizes: [1_000, 10_000, 100_000], of: 'files', measure: search,
    figures: {
      text: { id: 'search-text', name: 'fs_search for a text', unit: 'ms' },
      name: { id: 'search-name', name: 'fs_search for a name', unit: 'ms' },
      mb: { id: 'search-memory', name: 'fs_search: memory more at the peak', unit: 'MB', bounded: true },
    },
  },
];
