import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import chokidar from 'chokidar';

export async function listDirectory(root, path) {
  const entries = await readdir(join(root, path), { withFileTypes: true });
  const children = await Promise.all(entries.map(async (entry) => {
    const { size, mtime } = await stat(join(root, path, entry.name));
    return { name: entry.name, path: join(path, entry.name), kind: entry.isDirectory() ? 'directory' : 'file', size, modifiedAt: mtime.toISOString() };
  }));
  return { path, truncated: false, children: children.sort((a, b) => (a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind < b.kind ? -1 : 1)) };
}

export async function readWholeFile(root, path) {
  const content = await readFile(join(root, path), 'utf8');
  const { size, mtime } = await stat(join(root, path));
  return { path, content, encoding: 'utf-8', binary: false, size, modifiedAt: mtime.toISOString() };
}

const kinds = { add: 'create', addDir: 'create', change: 'modify', unlink: 'delete', unlinkDir: 'delete' };

/** Tells the changes of 250 ms at once. */
export function watchProject(root, onReady, onChanges) {
  let seq = 0;
  let changes = [];
  const watcher = chokidar.watch('.', { cwd: root, ignoreInitial: true, ignored: /(^|\/)(node_modules|\.git|dist|build|\.next)(\/|$)/ });
  watcher.on('ready', onReady);
  watcher.on('all', (event, path) => {
    changes.push({ kind: kinds[event], path });
    if (changes.length > 1) return;
    setTimeout(() => {
      onChanges({ seq: ++seq, changes: changes.slice(0, 500), changesTruncated: changes.length > 500 });
      changes = [];
    }, 250);
  });
}
