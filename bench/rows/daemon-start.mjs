import { join } from 'node:path';
import { launchDaemon, launchReference, temporary } from '../system.mjs';

/** From the start of the process to the first answer to GET /health, on a database that is there already. */
async function toReady(launch) {
  const from = performance.now();
  const daemon = await launch();
  const address = /http:\/\/[\d.:]+\d/.exec(daemon.line)[0];
  await (await fetch(`${address}/health`)).arrayBuffer();
  const ms = performance.now() - from;
  await daemon.stop();
  return ms;
}

const home = temporary('start');

export const rows = [{
  row: 3,
  metric: 'daemon: start to ready, SQLite open',
  unit: 'ms',
  goal: { ratio: 0.25 },
  baseline: 'Node reference',
  ours: () => toReady(() => launchDaemon({ POCKETCODER_HOME: home })),
  theirs: () => toReady(() => launchReference('daemon', ['http://127.0.0.1:1', join(home, 'reference')])),
  runs: 9,
}];
