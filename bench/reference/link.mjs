// The link to the relay: comes back after 1 s, doubling to 60 s.
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';

export function connectToRelay(relay, onRequest) {
  const machineKey = randomUUID();
  let socket;
  let failures = 0;
  const send = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
  const connect = () => {
    socket = new WebSocket(`${relay.replace('http', 'ws')}/ws`, 'pocketcoder.v1', { perMessageDeflate: false });
    socket.on('open', () => {
      failures = 0;
      send({ type: 'daemon_register', requestId: 'r', payload: { machineKey } });
    });
    socket.on('message', (text) => {
      const message = JSON.parse(text);
      if (message.clientId) void onRequest(message, send);
    });
    socket.on('error', () => {});
    socket.on('close', () => setTimeout(connect, Math.min(60_000, 1_000 * 2 ** failures++)));
  };
  connect();
  return { send, connected: () => socket.readyState === WebSocket.OPEN };
}
