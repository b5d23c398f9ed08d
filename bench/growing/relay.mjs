// The relay with many phones: memory a connection, processor time a round trip. The phones and the machine are in a process of their own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpu, launch, resident } from '../processes.mjs';
import { executable, pause, temporary } from '../system.mjs';

const ROUND_TRIPS = 20_000;

async function measure(size) {
  const relay = await launch(executable, ['relay', '--json', '--listen', 'http://127.0.0.1:0', '--data-dir', temporary('growth-relay'), '--unlimited'], { env: { POCKETCODER_HOME: temporary('growth-home') } });
  const phones = fork(new URL('phones.mjs', import.meta.url).pathname);
  const tell = async (message) => {
    phones.send(message);
    return (await once(phones, 'message'))[0];
  };
  const { url, pairCode } = JSON.parse(relay.line);
  await tell({ begin: { url, pairCode } });
  await pause(1_500);
  const before = resident(relay.pid);
  await tell({ connect: size });
  await pause(2_000);
  const mb = resident(relay.pid) - before;
  await tell({ roundTrips: ROUND_TRIPS / 10 });
  const from = cpu(relay.pid);
  await tell({ roundTrips: ROUND_TRIPS });
  const us = ((cpu(relay.pid) - from) * 1_000) / ROUND_TRIPS;
  const loaded = resident(relay.pid);
  phones.kill();
  await once(phones, 'exit');
  await relay.stop();
  return { kb: (mb * 1_024) / size, us, mb: loaded };
}

export const relay = [{
  sizes: [10, 100, 1_000], of: 'phones', measure,
  figures: {
    mb: { id: 'relay-memory', name: 'relay: RSS under load', unit: 'MB' },
    kb: { id: 'relay-connection', name: 'relay: RSS an idle connection', unit: 'KB', bounded: true },
    us: { id: 'relay-cpu', name: 'relay: CPU a round trip of 256 bytes', unit: 'µs', bounded: true },
  },
}];
