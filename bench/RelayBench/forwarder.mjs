// The baseline of bench/RelayBench: the least that a relay in Node does, with ws. It trusts everybody.
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';

const { WebSocketServer } = createRequire(new URL('../../web/package.json', import.meta.url))('ws');
const machines = new Map();
const clients = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, handleProtocols: () => 'pocketcoder.v1' });
server.on('listening', () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })));
server.on('connection', (socket) => {
  socket.send('{"type":"connected","payload":{"protocolVersion":1,"authMode":"embedded"}}');
  let clientId;
  let machineKey;
  socket.on('message', (text) => {
    const message = JSON.parse(text);
    if (message.type === 'daemon_register') {
      machineKey = message.payload.machineKey;
      machines.set(machineKey, socket);
      socket.send(JSON.stringify({ type: 'daemon_register_response', requestId: message.requestId, payload: { user_id: 'u' } }));
    } else if (message.type === 'client_register') {
      clientId = `cl_${randomUUID().replaceAll('-', '')}`;
      clients.set(clientId, socket);
      socket.send(JSON.stringify({ type: 'client_register_response', requestId: message.requestId, payload: { user_id: 'u', clientId, machines: [] } }));
    } else if (clientId) {
      machines.get(message.machineKey)?.send(JSON.stringify({ ...message, clientId }));
    } else {
      clients.get(message.clientId)?.send(JSON.stringify({ ...message, clientId: undefined, machineKey }));
    }
  });
});
