// node --experimental-websocket bench/command-output.mjs EXECUTABLE [MB]: how fast a daemon drains what a command prints, and the memory it takes, beside `cat`.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [executable, megabytes = '500'] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'pocketcoder-bench-'));
const print = `yes | head -c ${megabytes}000000`;

const daemon = spawn(executable, ['up', directory, '--json', '--listen', 'http://127.0.0.1:0', '--no-open'], {
  env: { ...process.env, POCKETCODER_HOME: join(directory, '.home') }, stdio: ['ignore', 'pipe', 'inherit'],
});
const ready = JSON.parse(await new Promise((resolve) => createInterface(daemon.stdout).once('line', resolve)));
const socket = new WebSocket(ready.url.replace('http', 'ws') + '/ws', 'pocketcoder.v1');
await new Promise((resolve) => socket.addEventListener('open', resolve));

let requests = 0;
const ask = (type, payload) => new Promise((resolve, reject) => {
  const requestId = `b${requests++}`;
  socket.addEventListener('message', (event) => {
    const message = JSON.parse(event.data);
    if (message.requestId !== requestId) return;
    if (message.type === 'error') reject(new Error(message.error.message));
    if (message.type === 'command_exit' || message.type.endsWith('_response')) resolve(message.payload);
  });
  socket.send(JSON.stringify({ type, requestId, machineKey: ready.machineKey, sessionId: ready.projects[0].projectId, payload }));
});

const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))[1]) / 1024;
const { access_token: token } = await ask('auth_exchange', { code: ready.pairCode });
await ask('client_register', { token });
await ask('command_exec', { command: 'true' });

const before = memory();
let most = before;
const looking = setInterval(() => { most = Math.max(most, memory()); }, 20);
for (let run = 0; run < 3; run++) {
  const { durationMs, truncated } = await ask('command_exec', { command: print });
  const began = process.hrtime.bigint();
  spawnSync('sh', ['-c', `${print} | cat > /dev/null`]);
  const catMs = Number(process.hrtime.bigint() - began) / 1e6;
  const rate = (ms) => `${Math.round((Number(megabytes) * 1000) / ms)} MB/s`;
  console.log(`${megabytes} MB: daemon ${rate(durationMs)} (${durationMs} ms, truncated ${truncated}), cat ${rate(catMs)} (${Math.round(catMs)} ms)`);
}
clearInterval(looking);
console.log(`memory of the daemon: ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most while it drained`);
socket.close();
daemon.kill();
await new Promise((resolve) => daemon.once('exit', resolve));
rmSync(directory, { recursive: true });
