import { launchReference, launchRelay, pause, startApart, startReference, temporary, until } from '../system.mjs';

const OUTAGE = 40_000;

/** The relay is killed and comes back at the same address; from then until the daemon is connected to it again. */
async function back(system, again, connected, outage) {
  const [daemon, relay] = system.processes;
  await relay.stop('SIGKILL');
  await pause(outage);
  const from = performance.now();
  const returned = await again(new URL(system.url).port);
  await until(connected, { every: 20 });
  const seconds = (performance.now() - from) / 1_000;
  await daemon.stop();
  await returned.stop();
  return seconds;
}

/** Both in the same 40 s. */
async function both({ quick }) {
  const outage = quick ? OUTAGE / 4 : OUTAGE;
  const home = temporary('relay');
  const [ours, theirs] = [await startApart(temporary('project'), { relayHome: home }), await startReference(temporary('project'))];
  const [one, other] = await Promise.all([
    back(ours, (port) => launchRelay({ home, port }), async () => (await ours.control('/status')).relay.connected, outage),
    back(theirs, (port) => launchReference('relay', [port]), async () => (await theirs.control('/status')).connected, outage),
  ]);
  return { ours: one, theirs: other };
}

export const rows = [{ row: 23, metric: 'daemon back after the relay was away for 40 s', unit: 's', goal: { most: 23 }, baseline: 'Node reference (1 s doubling)', both }];
