// A machine that answers and many phones that ask it, for bench/growing/relay.mjs: at most eight requests at once, from one phone after the other.
import { createRequire } from 'node:module';

const WebSocket = createRequire(new URL('../../web/package.json', import.meta.url))('ws');
const AT_ONCE = 8;
const text = 'x'.repeat(200);
const phones = [];
let address, machine, token;

async function open(onMessage) {
  const socket = new WebSocket(address, ['pocketcoder.v1'], { perMessageDeflate: false });
  const waiting = new Map();
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (message.type === 'error') throw new Error(data);
    const resolve = waiting.get(message.requestId);
    waiting.delete(message.requestId);
    if (resolve) resolve(message.payload);
    else onMessage?.(message, (answer) => socket.send(JSON.stringify(answer)));
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  let count = 0;
  return (type, payload, about = {}) => new Promise((resolve) => {
    const requestId = `r${++count}`;
    waiting.set(requestId, resolve);
    socket.send(JSON.stringify({ type, requestId, ...about, payload }));
  });
}

const doing = {
  async begin({ url, pairCode }) {
    address = `${url.replace('http', 'ws')}/ws`;
    const ask = await open(({ type, requestId, clientId }, answer) => type === 'fs_read' && answer({ type: 'fs_read_response', requestId, clientId, payload: { content: text } }));
    token = (await ask('auth_exchange', { code: pairCode })).access_token;
    machine = crypto.randomUUID();
    await ask('daemon_register', {
      machineKey: machine, token, projects: [], capabilities: { hasGit: true, hasClaude: false },
      machine: { label: 'Bench', hostname: 'bench', platform: 'linux', arch: 'x64', daemonVersion: '1' },
    });
  },

  async connect(count) {
    while (phones.length < count) {
      const ask = await open();
      await ask('client_register', { token });
      phones.push(ask);
    }
  },

  async roundTrips(count) {
    let begun = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (begun < count) await phones[begun++ % phones.length]('fs_read', { path: text }, { machineKey: machine, sessionId: 'p' });
    }));
  },
};

process.on('message', async (message) => {
  const [[name, argument]] = Object.entries(message);
  await doing[name](argument);
  process.send({});
});
