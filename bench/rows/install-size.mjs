import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { executable } from '../system.mjs';

const root = dirname(executable);
const modules = new URL('../reference/node_modules/', import.meta.url).pathname;
const megabytes = (files) => files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
// SQLite lies beside the executable where it is not in it.
const ours = () => readdirSync(root).filter((name) => name === 'pocketcoder' || name.startsWith('libe_sqlite3')).map((name) => join(root, name));
const theirs = () => readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));

export const rows = [{
  row: 27, metric: 'installed', unit: 'MB', goal: { most: 25 }, baseline: 'Node reference, without Node itself',
  both: async () => ({ ours: megabytes(ours()), theirs: megabytes(theirs()) }),
}];
