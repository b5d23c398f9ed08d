import { dotnet } from '../dotnet.mjs';
import { once, shows } from '../measure.mjs';
import { executable } from '../system.mjs';

/** bench/RelayBench with a real Redis; needs redis-server. `bench/relay-cluster` tells more. */
const both = shows(once(async ({ quick }) => (await dotnet('RelayBench', [executable, '--rows', '28'], { ROUNDS: quick ? '1' : '3' }))[0]));

export const rows = [
  { row: 28, long: true, metric: 'relay: round trips a second with 2 nodes', unit: '1/s', goal: { ratioAtLeast: 1.8 }, baseline: 'ours with 1 node, all on these cores', both: both('perSecond') },
  { row: 28, long: true, metric: 'relay: CPU a round trip between nodes', unit: 'µs', goal: { ratio: 2 }, baseline: 'ours within one node', both: both('cpuMicros') },
];
