// node relay.mjs [PORT]: the least that a relay in Node does. Each message is parsed and written anew; everybody is trusted.
import { randomUUID } from 'node:crypto';
import { WebSocketServer } from 'ws';

const machines = new Map();
const clients = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0), perMessageDeflate: false, handleProtocols: () => 'pocketcoder.v1' });
server.on('listening', () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })));

const send = (socket, message) => socket?.send(JSON.stringify(message));
const answer = (socket, { type, requestId }, payload) => send(socket, { type: `${type}_response`, requestId, payload });
const tellClients = (message) => {
  for (const socket of clients.values()) send(socket, message);
};

server.on('connection', (socket) => {
  send(socket, { type: 'connected', payload: { protocolVersion: 1, authMode: 'embedded' } });
  let clientId;
  let machineKey;
  socket.on('message', (text) => {
    const message = JSON.parse(text);
    if (message.type === 'daemon_register') {
      machineKey = message.payload.machineKey;
      machines.set(machineKey, socket);
      answer(socket, message, { user_id: 'u' });
      tellClients({ type: 'daemon_status', payload: { machineKey, connected: true } });
    } else if (message.type === 'client_register') {
      clientId = `cl_${randomUUID().replaceAll('-', '')}`;
      clients.set(clientId, socket);
      answer(socket, message, { user_id: 'u', clientId, machines: [...machines.keys()].map((key) => ({ machineKey: key, connected: true })) });
    } else if (clientId) {
      send(machines.get(message.machineKey), { ...message, clientId });
    } else if (message.clientId) {
      send(clients.get(message.clientId), { ...message, clientId: undefined, machineKey });
    } else {
      tellClients({ ...message, machineKey });
    }
  });
  socket.on('close', () => {
    clients.delete(clientId);
    if (machines.get(machineKey) === socket) machines.delete(machineKey);
  });
});
