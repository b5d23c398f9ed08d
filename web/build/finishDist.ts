import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, type Plugin } from 'vite';

const WORKER = 'service-worker.js';
const COMPRESSIBLE = /\.(?:html|js|css|svg|webmanifest)$/;

/** After the build: makes the service worker, tells it what belongs to the app, and lays a .br file beside each asset. */
export function finishDist(): Plugin {
  let dist = '';
  let building = false;
  return {
    name: 'finish-dist',
    apply: 'build',
    configResolved(config) {
      dist = config.build.outDir;
      building = config.command === 'build';
    },
    async closeBundle() {
      if (!building) return;
      await buildWorker(dist);
      const files = list(dist).filter((file) => file !== WORKER && !file.endsWith('.br'));
      writePrecache(dist, files);
      for (const file of [...files, WORKER]) if (COMPRESSIBLE.test(file)) compress(join(dist, file));
    },
  };
}

/** In one file of the old kind, which every browser takes for a worker; under a name that stays, because its URL is what a browser knows it by. */
async function buildWorker(dist: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir: dist,
      emptyOutDir: false,
      target: 'es2022',
      copyPublicDir: false,
      rollupOptions: { input: 'src/serviceWorker.ts', output: { format: 'iife', entryFileNames: WORKER } },
    },
  });
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
