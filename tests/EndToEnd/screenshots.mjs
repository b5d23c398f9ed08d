// Makes the pictures of every screen, dark and light: node screenshots.mjs [DIRECTORY], by default docs/screenshots.
// With WIDTHS=360,390,820 in the environment in three sizes, to be looked at.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const directory = resolve(process.argv[2] ?? resolve(here, '../../docs/screenshots'));
const run = spawnSync('npx', ['playwright', 'test', '--config', 'screenshots.config.ts'], {
  cwd: here,
  stdio: 'inherit',
  env: { ...process.env, SCREENSHOTS: directory },
});
process.exit(run.status ?? 1);
