import { dotnet } from '../dotnet.mjs';
import { once } from '../measure.mjs';
import { executable } from '../system.mjs';

/** bench/RelayBench measures those that are asked for, ours and the reference's relay in turn. */
const measured = once(async ({ quick, only }) => {
  const wanted = rows.map(({ row }) => row).filter((row) => !only || only.includes(row));
  const lines = await dotnet('RelayBench', [executable, '--rows', [...new Set(wanted)].join(',')], { ROUNDS: quick ? '1' : '3' });
  return new Map(lines.map((line) => [line.row, line]));
});
const both = (row, of) => async (options) => {
  const { ours, theirs } = (await measured(options)).get(row);
  return { ours: of(ours), theirs: of(theirs) };
};
const growth = async (options) => {
  const of = await measured(options);
  const times = (side) => of.get(11)[side].cpuMicros / of.get(7)[side].cpuMicros;
  return { ours: times('ours'), theirs: times('theirs') };
};
const node = { unit: 'µs', baseline: 'Node reference (ws)' };
const cpu = ({ cpuMicros }) => cpuMicros;

export const rows = [
  { ...node, row: 7, metric: 'relay: CPU a round trip, 256 B, 100 clients', goal: { ratio: 0.6 }, both: both(7, cpu) },
  { ...node, row: 8, metric: 'relay: CPU a round trip, 64 KB, 100 clients', goal: { ratio: 0.6 }, both: both(8, cpu) },
  { ...node, row: 9, metric: 'relay at 1,000 round trips/s, 100 clients: CPU', goal: { ratio: 1 }, both: both(9, cpu) },
  { ...node, row: 9, metric: 'relay at 1,000 round trips/s, 100 clients: p50', goal: { ratio: 1 }, both: both(9, ({ p50 }) => p50) },
  { ...node, row: 9, metric: 'relay at 1,000 round trips/s, 100 clients: p99', goal: { ratio: 0.5 }, both: both(9, ({ p99 }) => p99) },
  { ...node, row: 10, metric: 'relay pipelined: round trips a second of CPU', unit: '1/s', goal: { ratioAtLeast: 5 }, both: both(10, ({ cpuMicros }) => 1e6 / cpuMicros) },
  { ...node, row: 11, metric: 'relay: CPU at 1,000 clients to CPU at 100', unit: 'x', goal: { most: 1.6 }, both: growth },
  { ...node, row: 12, metric: 'relay: memory a registered idle connection', unit: 'KB', goal: { ratio: 1 }, both: both(12, ({ kilobytes }) => kilobytes) },
];
