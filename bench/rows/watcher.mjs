import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { inTurn, once, shows } from '../measure.mjs';
import { launch, resident } from '../processes.mjs';
import { controlPlane, executable, launchReference, temporary, until } from '../system.mjs';

/** 10,000 directories of ten files, so many of ten of them in node_modules. */
function tree(ignoredOfTen) {
  const root = temporary('watched');
  for (let i = 0; i < 10_000; i++) {
    const directory = `${root}/p${i % 100}${i % 10 < ignoredOfTen ? '/node_modules' : ''}/s${Math.floor(i / 100) % 10}/d${i}`;
    mkdirSync(directory, { recursive: true });
    for (let file = 0; file < 10; file++) writeFileSync(`${directory}/${file}.txt`, '');
  }
  return root;
}

/** From the start of a process to when the whole tree is watched, and what it then takes. */
async function watching(begin) {
  const from = performance.now();
  const { pid, stop } = await begin();
  const figures = { ms: performance.now() - from, mb: resident(pid) };
  await stop();
  return figures;
}

async function ours(project) {
  const home = temporary('home');
  const up = await launch(executable, ['up', project, '--json', '--listen', 'http://127.0.0.1:0', '--no-open'], { env: { POCKETCODER_HOME: home, POCKETCODER_CLAUDE: '/bin/true' } });
  const control = controlPlane(home);
  await until(async () => (await control('/status')).projects[0].watcherRunning);
  return up;
}

async function reference(project) {
  const daemon = await launchReference('daemon', ['http://127.0.0.1:1', temporary('reference'), project]);
  const { url } = JSON.parse(daemon.line);
  await until(async () => (await (await fetch(`${url}/status`)).json()).projects[0].watcherRunning, { every: 20 });
  return daemon;
}

async function inotifywait(project) {
  const child = spawn('inotifywait', ['-m', '-r', project], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  const said = (async () => {
    for await (const line of createInterface(child.stderr)) if (line.startsWith('Watches established')) return;
  })();
  await Promise.race([said, exited]);
  const stop = async () => {
    child.kill();
    await exited;
  };
  return { pid: child.pid, stop };
}

const inTrees = [0, 8].map((ignoredOfTen) => shows(once(async ({ quick }) => {
  const project = tree(ignoredOfTen);
  const medians = await inTurn(quick ? 2 : 5, {
    ours: () => watching(() => ours(project)),
    inotifywait: () => watching(() => inotifywait(project)),
  });
  // Once is enough for what takes ten seconds and more.
  return { ...medians, reference: await watching(() => reference(project)) };
})));
const rowsOf = (row, both, what, goals) => [
  { row, metric: `${what}: start to watched`, unit: 'ms', goal: goals.inotifywait, baseline: '`inotifywait -r`', both: both('ms', { against: 'inotifywait' }) },
  { row, metric: `${what}: start to watched`, unit: 'ms', goal: goals.node, baseline: 'Node reference (chokidar), once', both: both('ms', { against: 'reference' }) },
  { row, metric: `${what}: RSS of it all`, unit: 'MB', goal: goals.memory, baseline: 'Node reference (chokidar), once', both: both('mb', { against: 'reference' }) },
];

export const rows = [
  ...rowsOf(15, inTrees[0], '100,000 files in 10,000 directories', { inotifywait: { ratio: 1 }, node: { ratio: 0.06 }, memory: { ratio: 0.06 } }),
  ...rowsOf(16, inTrees[1], 'the same, 80 % in node_modules', { inotifywait: { ratio: 0.3 }, node: { ratio: 0.08 } }),
];
