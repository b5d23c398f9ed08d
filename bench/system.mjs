// A real PocketCoder with its own home and one paired client, and the Node reference in the same shape, for the benchmarks here.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launch } from './processes.mjs';

const WebSocket = createRequire(new URL('../web/package.json', import.meta.url))('ws');
export const executable = process.env.POCKETCODER ?? new URL('../artifacts/pocketcoder', import.meta.url).pathname;

/** A directory that is removed when the benchmark ends. */
export function temporary(name) {
  const directory = mkdtempSync(join(tmpdir(), `pocketcoder-bench-${name}-`));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts everything for one or more projects in one process; `ask(type, payload)` gives the payload of the answer. */
export async function start(projects, { env = {}, features } = {}) {
  const home = temporary('home');
  const up = await launch(executable, ['up', ...[projects].flat(), '--json', '--listen', 'http://127.0.0.1:0', '--no-open'], { env: { ...env, POCKETCODER_HOME: home } });
  const ready = JSON.parse(up.line);
  const phone = await paired(ready.url, ready.pairCode, features);
  return shape(phone, { machineKey: ready.machineKey, sessionId: ready.projects[0].projectId }, [up], { ready, home, control: controlPlane(home) });
}

/** The same with the relay and the daemon in processes of their own; `pid` is the daemon's. */
export async function startApart(projects, { env = {}, features, relayHome } = {}) {
  const relay = await launchRelay({ home: relayHome });
  const { url, pairCode } = JSON.parse(relay.line);
  const home = temporary('home');
  const own = { ...env, POCKETCODER_HOME: home };
  await promisify(execFile)(executable, ['login', pairCode], { env: { ...process.env, ...own, GATEWAY_URL: url.replace('http', 'ws') } });
  const daemon = await launchDaemon(own);
  const control = controlPlane(home);
  const added = [];
  for (const path of [projects].flat()) added.push(await control('/projects', { path }));
  const { machineKey } = await until(async () => (await control('/status')).relay.connected && control('/status'));
  const phone = await paired(url, (await control('/pair', {})).pairCode, features);
  return shape(phone, { machineKey, sessionId: added[0].projectId }, [daemon, relay], { home, control, url });
}

/** The Node reference: its relay and its daemon. */
export async function startReference(projects, { env = {} } = {}) {
  const relay = await launchReference('relay');
  const { url } = JSON.parse(relay.line);
  const home = temporary('reference');
  const daemon = await launchReference('daemon', [url, home, ...[projects].flat()], env);
  const { url: address } = JSON.parse(daemon.line);
  const control = async (path) => (await fetch(address + path)).json();
  await until(async () => (await control('/status')).connected);
  const phone = await connect(url);
  const { machines } = await phone.ask('client_register', {});
  return shape(phone, { machineKey: machines[0].machineKey, sessionId: 'p0' }, [daemon, relay], { home, control, url });
}

export const launchRelay = ({ home = temporary('relay'), port = 0 } = {}) =>
  launch(executable, ['relay', '--json', '--listen', `http://127.0.0.1:${port}`, '--data-dir', home], { env: { POCKETCODER_HOME: home } });
export const launchDaemon = (env) => launch(executable, ['start', '--foreground'], { env });
export const launchReference = (name, args = [], env = {}) => launch(process.execPath, [new URL(`reference/${name}.mjs`, import.meta.url).pathname, ...args], { env });

/** The daemon's HTTP API, as the CLI uses it: a GET, or a POST of `body`. */
export function controlPlane(home) {
  const { url, token } = JSON.parse(readFileSync(join(home, 'control-plane.json'), 'utf8'));
  return async (path, body) => {
    const method = body ? 'POST' : 'GET';
    const response = await fetch(url + path, { method, headers: { authorization: `Bearer ${token}` }, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.json();
  };
}

/** Asks until the answer is true, and gives it. */
export async function until(ask, { every = 1, patience = 120_000 } = {}) {
  for (const end = performance.now() + patience; performance.now() < end; await pause(every)) {
    const answer = await ask();
    if (answer) return answer;
  }
  throw new Error(`It did not happen within ${patience / 1000} s.`);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function shape(phone, about, processes, rest) {
  return {
    ...rest,
    ...about,
    pid: processes[0].pid,
    processes,
    ask: (type, payload) => phone.ask(type, payload, about),
    on: phone.on,
    off: phone.off,
    /** The next message that fits. */
    next: (fits) => new Promise((resolve) => {
      const listener = (message) => {
        if (!fits(message)) return;
        phone.off(listener);
        resolve(message);
      };
      phone.on(listener);
    }),
    async stop() {
      phone.close();
      for (const process of processes) await process.stop();
    },
  };
}

async function paired(url, code, features) {
  const phone = await connect(url);
  const tokens = await phone.ask('auth_exchange', { code });
  await phone.ask('client_register', { token: tokens.access_token, features });
  return phone;
}

/** A binary frame is the length of its header, the message as JSON and the bytes of its one bulk field. */
function parse(data, binary) {
  if (!binary) return JSON.parse(data);
  const end = 4 + data.readUInt32BE(0);
  const message = JSON.parse(data.subarray(4, end));
  return { ...message, bulk: data.subarray(end) };
}

async function connect(url) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['pocketcoder.v1'], { maxPayload: 1 << 26 });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const asked = new Map();
  const listeners = new Set();
  let count = 0;
  socket.on('message', (data, binary) => {
    const message = parse(data, binary);
    const waiting = asked.get(message.requestId);
    if (waiting && (message.type === 'error' || message.type === 'command_exit' || message.type.endsWith('_response'))) {
      asked.delete(message.requestId);
      if (message.type === 'error') waiting.reject(new Error(JSON.stringify(message.error ?? message.payload)));
      else waiting.resolve(message.bulk ? { ...message.payload, bulk: message.bulk } : message.payload);
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
    on: (listener) => listeners.add(listener),
    off: (listener) => listeners.delete(listener),
    close: () => socket.close(),
  };
}

/** Prints one line: what, ours, the baseline, their ratio. */
export function report(what, ours, baseline, baselineName, unit = 'ms') {
  console.log(`${what}: ${ours.toFixed(1)} ${unit}; ${baselineName}: ${baseline.toFixed(1)} ${unit}; ratio ${(ours / baseline).toFixed(2)}`);
}
