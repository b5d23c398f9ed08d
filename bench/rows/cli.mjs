import { spawnSync } from 'node:child_process';
import { executable, launchDaemon, launchReference, temporary } from '../system.mjs';
import { timed } from '../measure.mjs';

const cli = new URL('../reference/cli.mjs', import.meta.url).pathname;
const homes = { ours: temporary('home'), theirs: temporary('reference') };
const running = [];
let control;

const runs = (command, args) => timed(() => {
  const { status } = spawnSync(command, args, { env: { ...process.env, POCKETCODER_HOME: homes.ours, CONTROL: control } });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`);
});
const ours = (...args) => runs(executable, args);
const theirs = (...args) => runs(process.execPath, [cli, ...args]);
const node = { unit: 'ms', baseline: 'Node reference', goal: { ratio: 0.25 }, runs: 15 };

export async function setUp() {
  running.push(await launchDaemon({ POCKETCODER_HOME: homes.ours }));
  // Its relay is not there, as ours has none to log in at.
  running.push(await launchReference('daemon', ['http://127.0.0.1:1', homes.theirs]));
  control = JSON.parse(running[1].line).url;
}

export async function tearDown() {
  for (const process of running) await process.stop();
}

export const rows = [
  { ...node, row: 1, metric: 'CLI --version', ours: ours('--version'), theirs: theirs('--version') },
  { ...node, row: 1, metric: 'CLI --help', ours: ours('--help'), theirs: theirs('--help') },
  { ...node, row: 1, metric: 'CLI --version', baseline: '`true`, the least of a process', goal: undefined, ours: ours('--version'), theirs: runs('true', []) },
  { ...node, row: 2, metric: 'CLI status of a running daemon', ours: ours('status'), theirs: theirs('status') },
];
