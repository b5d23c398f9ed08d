import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Plugin } from 'vite';

const WORKER = 'service-worker.js';
const COMPRESSIBLE = /\.(?:html|js|css|svg|webmanifest)$/;

/** After the build: tells the service worker what belongs to the app, and lays a .br file beside each asset. */
export function finishDist(): Plugin {
  let dist = '';
  let build = false;
  return {
    name: 'finish-dist',
    apply: 'build',
    configResolved(config) {
      dist = config.build.outDir;
      build = config.command === 'build';
    },
    closeBundle() {
      if (!build) return;
      const files = list(dist).filter((file) => file !== WORKER && !file.endsWith('.br'));
      writePrecache(dist, files);
      for (const file of [...files, WORKER]) if (COMPRESSIBLE.test(file)) compress(join(dist, file));
    },
  };
}

function list(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1).replaceAll('\\', '/'))
    .sort();
}

function writePrecache(dist: string, files: string[]): void {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(dist, file)));
  const urls = files.map((file) => (file === 'index.html' ? '/' : `/${file}`));
  const precache = JSON.stringify({ version: hash.digest('hex').slice(0, 16), files: urls });
  const worker = join(dist, WORKER);
  const placeholder = /(["'`])__PRECACHE__\1/; // a minifier chooses the quotes
  writeFileSync(worker, readFileSync(worker, 'utf8').replace(placeholder, () => JSON.stringify(precache)));
}

function compress(file: string): void {
  const content = readFileSync(file);
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }));
}
