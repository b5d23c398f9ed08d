// Listing a directory of 10,000 files: fs_list at the client's end, against `find -printf` with the same facts and Node's readdir and stat.
import { execFile } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { interleaved, report, start, temporary } from './system.mjs';

const project = temporary('listing');
for (let i = 0; i < 10_000; i++) writeFileSync(join(project, `file-${i}.ts`), 'x');
const system = await start(project);
const find = promisify(execFile);
const medians = await interleaved(15, {
  ours: async () => {
    const listing = await system.ask('fs_list', { path: '' });
    if (listing.children.length !== 10_000) throw new Error(`${listing.children.length} entries`);
  },
  find: () => find('find', [project, '-maxdepth', '1', '-printf', '%f\t%y\t%s\t%T@\n'], { maxBuffer: 1 << 26 }),
  node: () => JSON.parse(JSON.stringify(readdirSync(project, { withFileTypes: true }).map(entry => {
    const { size, mtime } = statSync(join(project, entry.name));
    return { name: entry.name, size, mtime };
  }))),
});
report('fs_list of 10,000 files', medians.ours, medians.find, 'find -printf');
report('fs_list of 10,000 files', medians.ours, medians.node, 'Node readdir + stat + JSON');
await system.stop();
process.exit();
