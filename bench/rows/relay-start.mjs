import { shared } from '../measure.mjs';
import { resident } from '../processes.mjs';
import { launchReference, launchRelay, pause } from '../system.mjs';

async function figures(launch) {
  const from = performance.now();
  const relay = await launch();
  const ms = performance.now() - from;
  await pause(1_000);
  const mb = resident(relay.pid);
  await relay.stop();
  return { ms, mb };
}

const both = shared(5, { ours: () => figures(() => launchRelay()), theirs: () => figures(() => launchReference('relay')) });

export const rows = [
  { row: 6, metric: 'relay: start to ready', unit: 'ms', goal: { ratio: 0.6 }, baseline: 'Node reference (ws)', both: both('ms') },
  { row: 6, metric: 'relay idle: RSS', unit: 'MB', goal: { ratio: 0.5 }, baseline: 'Node reference (ws)', both: both('mb') },
];
