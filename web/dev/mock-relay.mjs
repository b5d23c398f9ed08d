// A stand-in for relay, daemon and agent in one, for working on the screens without any of them: npm run mock
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { MockDaemon } from './mock-daemon.mjs';

const hashes = (page, element) =>
  [...page.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'gs'))].map(([, inline]) => ` 'sha256-${createHash('sha256').update(inline).digest('base64')}'`).join('');
const policy = (page) =>
  `default-src 'none'; script-src 'self'${hashes(page, 'script')}; style-src 'self'${hashes(page, 'style')}; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; ` +
  "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types svelte-trusted-html dompurify pocketcoder-markdown pocketcoder-worker";
const TYPES = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json',
};
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const DEVICES = [
  { deviceId: 'd1', name: 'Safari on iPhone', createdAt: ago(9_000), lastSeenAt: ago(0), connected: true, current: true },
  { deviceId: 'd2', name: 'workstation', machineKey: 'm1', createdAt: ago(20_000), lastSeenAt: ago(0), connected: true, current: false },
  { deviceId: 'd3', name: 'Chrome on an Android tablet with a rather long name', createdAt: ago(40_000), lastSeenAt: ago(3_000), connected: false, current: false },
  { deviceId: 'd4', name: 'old laptop', machineKey: 'm2', createdAt: ago(90_000), lastSeenAt: ago(120), connected: false, current: false },
];
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** Starts it; `port` 0 takes a free one. Resolves to what a script needs to drive it. */
export async function startMockRelay({ port = 0, pace = 40 } = {}) {
  const server = createServer(serve);
  const sockets = new WebSocketServer({ server, path: '/ws', handleProtocols: () => 'pocketcoder.v1' });
  const daemon = new MockDaemon(pace);
  const relay = { code: 'mock-code-0123456789', token: 1, clients: 0, expiresIn: 600, daemon, sockets, devices: DEVICES };
  daemon.onChanged = (payload) => {
    const changed = JSON.stringify({ type: 'agent_session_changed', machineKey: 'm1', sessionId: 'p1', payload });
    for (const socket of sockets.clients) socket.send(changed);
  };
  daemon.files.onChanged = (payload) => {
    const changed = JSON.stringify({ type: 'fs_changed', machineKey: 'm1', sessionId: 'p1', payload });
    for (const socket of sockets.clients) socket.send(changed);
  };
  sockets.on('connection', (socket) => accept(relay, socket));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    for (const socket of sockets.clients) socket.terminate();
    return new Promise((resolve) => server.close(resolve));
  };
  return { ...relay, relay, url, pairUrl: `${url}/#pair=${relay.code}`, close };
}

function serve(request, response) {
  const path = new URL(request.url, 'http://x').pathname;
  const file = path === '/' ? 'index.html' : path.slice(1);
  try {
    if (file.includes('..')) throw new Error('outside');
    const body = readFileSync(dist + file);
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy(file === 'index.html' ? String(body) : ''), 'cache-control': file.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache' });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

function accept(relay, socket) {
  const send = (message) => socket.readyState === 1 && socket.send(JSON.stringify(message));
  send({ type: 'connected', payload: { protocolVersion: 1, authMode: 'embedded' } });
  socket.on('close', () => relay.daemon.detach(send));
  socket.on('message', (data) => {
    const { type, requestId, sessionId, machineKey, payload = {} } = JSON.parse(data);
    const reply = (answer) => send({ type: `${type}_response`, requestId, machineKey, sessionId, payload: answer });
    const refuse = (code, message, details) => send({ type: 'error', requestId, error: { code, message, details } });
    const tokens = () => ({ access_token: `access${++relay.token}`, refresh_token: `refresh${relay.token}`, expires_at: Date.now() / 1000 + relay.expiresIn, user_id: 'u' });
    if (type === 'ping') send({ type: 'pong', requestId });
    else if (type === 'auth_exchange') payload.code === relay.code ? reply(tokens()) : refuse('UNAUTHORIZED', 'Not authenticated.');
    else if (type === 'token_refresh') payload.refresh_token === `refresh${relay.token}` ? reply(tokens()) : refuse('UNAUTHORIZED', 'Not authenticated.');
    else if (type === 'client_register') reply({ user_id: 'u', clientId: `cl_${++relay.clients}`, machines: relay.daemon.machines });
    else if (type === 'devices_list') reply({ devices: relay.devices });
    else if (type === 'device_revoke') {
      relay.devices = relay.devices.filter((device) => device.deviceId !== payload.deviceId);
      reply({});
    } else if (type === 'token_revoke') reply({});
    else if (type === 'machines_list') reply({ machines: relay.daemon.machines });
    else relay.daemon.answer({ type, requestId, sessionId, payload, reply, refuse, send });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { pairUrl } = await startMockRelay({ port: Number(process.env.PORT ?? 0) });
  console.log(`Open ${pairUrl}`);
}
