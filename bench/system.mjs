// A real `pocketcoder up` with its own home and one paired client, for the benchmarks here.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const WebSocket = createRequire(new URL('../web/package.json', import.meta.url))('ws');
const executable = process.env.POCKETCODER ?? new URL('../artifacts/pocketcoder', import.meta.url).pathname;

/** A directory that is removed when the benchmark ends. */
export function temporary(name) {
  const directory = mkdtempSync(join(tmpdir(), `pocketcoder-bench-${name}-`));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts everything for a project; `ask(type, payload)` gives the payload of the answer. */
export async function start(project) {
  const daemon = spawn(executable, ['up', project, '--json', '--listen', 'http://127.0.0.1:0', '--no-open'], {
    env: { ...process.env, POCKETCODER_HOME: temporary('home') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => daemon.kill());
  const ready = JSON.parse(await new Promise(resolve => createInterface(daemon.stdout).once('line', resolve)));
  const client = await connect(ready.url);
  const tokens = await client.ask('auth_exchange', { code: ready.pairCode });
  await client.ask('client_register', { token: tokens.access_token });
  const about = { machineKey: ready.machineKey, sessionId: ready.projects[0].projectId };
  return {
    ready,
    pid: daemon.pid,
    ask: (type, payload) => client.ask(type, payload, about),
    on: client.on,
    async stop() {
      client.close();
      daemon.kill();
      await new Promise(resolve => daemon.once('exit', resolve));
    },
  };
}

async function connect(url) {
  const socket = new WebSocket(url.replace('http', 'ws') + '/ws', ['pocketcoder.v1']);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const asked = new Map();
  const listeners = [];
  let count = 0;
  socket.on('message', text => {
    const message = JSON.parse(text);
    const waiting = asked.get(message.requestId);
    if (waiting && (message.type === 'error' || message.type === 'command_exit' || message.type.endsWith('_response'))) {
      asked.delete(message.requestId);
      if (message.type === 'error') waiting.reject(new Error(JSON.stringify(message.error)));
      else waiting.resolve(message.payload);
    } else {
      for (const listener of listeners) listener(message);
    }
  });
  return {
    ask: (type, payload, about = {}) => new Promise((resolve, reject) => {
      const requestId = `b${++count}`;
      asked.set(requestId, { resolve, reject });
      socket.send(JSON.stringify({ type, requestId, ...about, payload }));
    }),
    on: listener => listeners.push(listener),
    close: () => socket.close(),
  };
}

/** Runs each of the named functions in turn, `rounds` times; medians in milliseconds. */
export async function interleaved(rounds, sides) {
  const times = Object.fromEntries(Object.keys(sides).map(name => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(sides)) {
      const from = performance.now();
      await run();
      times[name].push(performance.now() - from);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, all.sort((a, b) => a - b)[Math.floor(all.length / 2)]]));
}

/** Prints one line: what, ours, the baseline, their ratio. */
export function report(what, ours, baseline, baselineName, unit = 'ms') {
  console.log(`${what}: ${ours.toFixed(1)} ${unit}; ${baselineName}: ${baseline.toFixed(1)} ${unit}; ratio ${(ours / baseline).toFixed(2)}`);
}
