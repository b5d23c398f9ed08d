// What Lighthouse thinks of the page that the executable serves, as a phone on a slow network: node bench/lighthouse.mjs [EXECUTABLE]
// Needs Chromium (CHROMIUM); Lighthouse itself comes from the registry when it is asked for.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const VERSION = '13.5.0';
const executable = resolve(process.argv[2] ?? 'artifacts/pocketcoder');
const home = await mkdtemp(join(tmpdir(), 'pocketcoder-lighthouse-'));
const up = spawn(executable, ['relay', '--json', '--listen', 'http://127.0.0.1:0', '--data-dir', home], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, POCKETCODER_HOME: home } });
try {
  const { url } = await new Promise((done, fail) => {
    createInterface({ input: up.stdout }).once('line', (line) => done(JSON.parse(line)));
    up.once('exit', (code) => fail(new Error(`The relay ended with ${code}.`)));
  });
  const report = join(home, 'report.json');
  await promisify(execFile)(
    'npx',
    ['--yes', `lighthouse@${VERSION}`, url, '--quiet', '--output=json', `--output-path=${report}`, '--chrome-flags=--headless --no-sandbox --disable-gpu'],
    { env: { ...process.env, CHROME_PATH: process.env.CHROMIUM ?? '/usr/bin/chromium' }, cwd: home },
  );
  const { categories, audits } = JSON.parse(await readFile(report, 'utf8'));
  for (const { title, score } of Object.values(categories)) console.log(`${title}: ${Math.round(score * 100)}`);
  for (const name of ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift', 'total-byte-weight']) {
    console.log(`${audits[name].title}: ${audits[name].displayValue}`);
  }
  for (const { auditRefs } of Object.values(categories)) {
    for (const { id } of auditRefs) {
      if (audits[id].score !== null && audits[id].score < 0.9) console.log(`  below: ${audits[id].title}${audits[id].displayValue ? ` (${audits[id].displayValue})` : ''}`);
    }
  }
} finally {
  up.kill();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}
