import { SUBPROTOCOL } from '../protocol.gen';

/** A socket to the relay that served this page. */
export function openSocket(): WebSocket {
  const url = new URL('/ws', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, SUBPROTOCOL);
  socket.binaryType = 'arraybuffer';
  return socket;
}
