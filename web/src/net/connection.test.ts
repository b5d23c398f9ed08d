import { get } from 'svelte/store';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeSocket, FakeStore, tokens } from '../../tests/fakeRelay';
import type { FsReadResponse } from '../protocol.gen';
import { Connection } from './connection';
import { ConnectionLost, RequestError } from './errors';
import { Identity } from './identity';
import type { Bulk } from './link';
import { FAREWELL_LIMIT, PENALTY } from './timing';

let sockets: FakeSocket[];
let store: FakeStore;
let connection: Connection;
const socket = (): FakeSocket => sockets[sockets.length - 1];
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const stateName = (): string => get(connection.state).name;

function begin(token?: string, random = 0.5): void {
  sockets = [];
  store = new FakeStore(token);
  connection = new Connection(
    () => {
      sockets.push(new FakeSocket());
      return socket();
    },
    new Identity(store, 'Test on a device'),
    () => random,
  );
}

/** From an opened socket to a registered device. */
async function signIn(number: number, clientId = 'cl_1'): Promise<void> {
  socket().open();
  await settle();
  socket().answer('token_refresh', tokens(number));
  await settle();
  socket().answer('client_register', { user_id: 'u', clientId, machines: [] });
  await settle();
}

async function online(): Promise<void> {
  begin('refresh0');
  await connection.start();
  await signIn(1);
  expect(stateName()).toBe('online');
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('pairing', () => {
  test('nothing is opened until the user says so', async () => {
    begin();
    await connection.start();
    connection.wake();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(0);
    expect(get(connection.state)).toEqual({ name: 'unpaired', revoked: false });
  });

  test('who cannot read what is kept is asked to pair, and nothing is taken for gone', async () => {
    begin('refresh0');
    store.load = () => Promise.reject(new Error('no disk'));
    await connection.start();
    expect(get(connection.state)).toEqual({ name: 'unreadable' });
  });

  test('a code becomes an identity, kept before it is used', async () => {
    begin();
    await connection.start();
    const paired = connection.pair({ code: 'code' });
    socket().open();
    await settle();
    expect(socket().asked('auth_exchange').payload).toEqual({ code: 'code' });
    socket().answer('auth_exchange', tokens(1));
    await settle();
    expect(store.history).toEqual(['refresh1']);
    expect(socket().asked('client_register').payload).toEqual({ token: 'access1', device: { name: 'Test on a device' }, features: ['binary'] });
    socket().answer('client_register', { user_id: 'u', clientId: 'cl', machines: [] });
    await paired;
    expect(stateName()).toBe('online');
  });

  test('a refused code says so and nothing comes back by itself', async () => {
    begin();
    await connection.start();
    const paired = connection.pair({ code: 'code' });
    const failure = expect(paired).rejects.toBeInstanceOf(RequestError);
    socket().open();
    await settle();
    socket().refuse('auth_exchange');
    await failure;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
    expect(stateName()).toBe('unpaired');
  });

  test('an unreachable relay fails the pairing instead of hiding it behind attempts', async () => {
    begin();
    await connection.start();
    const failure = expect(connection.pair({ code: 'code' })).rejects.toBeInstanceOf(ConnectionLost);
    socket().drop();
    await failure;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
    expect(stateName()).toBe('unpaired');
  });
});

describe('forgetting', () => {
  test('when another tab has forgotten it, this one is out too', async () => {
    await online();
    await connection.recheck();
    expect(stateName()).toBe('online');

    store.load = () => Promise.reject(new Error('no disk'));
    await connection.recheck();
    expect(stateName()).toBe('online');
    store.load = () => Promise.resolve(undefined);

    await connection.recheck();
    expect(get(connection.state)).toEqual({ name: 'unpaired', revoked: true });
    expect(socket().closed).toBe(true);
    const before = sockets.length;
    connection.wake();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(before);
  });

  test('has the relay end the device before the token is gone here', async () => {
    await online();
    const forgotten = connection.forget();
    await settle();
    expect(socket().asked('token_revoke').payload).toEqual({ refresh_token: 'refresh1' });
    expect(store.kept).toBeDefined();
    socket().answer('token_revoke', {});
    socket().drop(4401);
    await forgotten;
    expect(store.kept).toBeUndefined();
    expect(get(connection.state)).toEqual({ name: 'unpaired', revoked: false });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
  });

  test.each(['a relay that says nothing', 'no relay'])('waits a moment at most: %s', async (relay) => {
    await online();
    if (relay === 'no relay') socket().drop();
    const forgotten = connection.forget();
    await vi.advanceTimersByTimeAsync(FAREWELL_LIMIT);
    await forgotten;
    expect(store.kept).toBeUndefined();
    expect(stateName()).toBe('unpaired');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
  });
});

describe('coming back', () => {
  test('waits 1, 2, 4 ... 30 s with jitter while the relay is away', async () => {
    begin('refresh0', 0.999);
    await connection.start();
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      const before = sockets.length;
      socket().drop();
      await vi.advanceTimersByTimeAsync(seconds * 990);
      expect(sockets).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(seconds * 10);
      expect(sockets).toHaveLength(before + 1);
    }
  });

  test('tries at once when the network or the user is back', async () => {
    await online();
    socket().drop();
    expect(stateName()).toBe('reconnecting');
    connection.wake();
    expect(sockets).toHaveLength(2);
    await settle();
    socket().open();
    await settle();
    // the access token still holds: no refresh token is spent on a blip
    expect(socket().count('token_refresh')).toBe(0);
    expect(socket().asked('client_register').payload).toMatchObject({ token: 'access1' });
  });

  test.each([4409, 4429])('stays away longer after close code %i', async (code) => {
    await online();
    socket().drop(code);
    await vi.advanceTimersByTimeAsync(PENALTY - 1);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(sockets).toHaveLength(2);
  });

  test('requests in flight fail with a type of their own, later ones at once', async () => {
    await online();
    const answer = connection.request('projects_list', {}, { machineKey: 'm' });
    const failure = expect(answer).rejects.toBeInstanceOf(ConnectionLost);
    socket().drop();
    await failure;
    await expect(connection.request('projects_list', {}, { machineKey: 'm' })).rejects.toBeInstanceOf(ConnectionLost);
  });

  test('a socket that never opens is given up', async () => {
    begin('refresh0');
    await connection.start();
    await vi.advanceTimersByTimeAsync(16_000);
    expect(sockets.length).toBeGreaterThan(1);
    expect(sockets[0].closed).toBe(true);
  });
});

test('waking up does not disturb a connection that is being made', async () => {
  begin('refresh0');
  await connection.start();
  connection.wake();
  await settle();
  expect(sockets).toHaveLength(1);
  expect(socket().closed).toBe(false);
  await signIn(1);
  expect(stateName()).toBe('online');
});

describe('a dead link', () => {
  test('is noticed 10 s after the ping that nobody answered', async () => {
    await online();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(socket().count('ping')).toBe(1);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(stateName()).toBe('online');
    await vi.advanceTimersByTimeAsync(2);
    expect(sockets[0].closed).toBe(true);
    expect(stateName()).toBe('reconnecting');
  });

  test('is not one as long as anything arrives', async () => {
    await online();
    for (let round = 0; round < 20; round++) {
      await vi.advanceTimersByTimeAsync(25_000);
      socket().say({ type: 'pong' });
    }
    expect(socket().count('ping')).toBe(20);
    expect(sockets).toHaveLength(1);
  });

  test('is looked for sooner when the phone wakes up', async () => {
    await online();
    connection.wake();
    await vi.advanceTimersByTimeAsync(4_001);
    expect(sockets[0].closed).toBe(true);
  });
});

describe('tokens', () => {
  test('rotate: the new one is on disk before it is used', async () => {
    begin('refresh0');
    await connection.start();
    socket().open();
    await settle();
    expect(store.history).toEqual(['refresh0 being spent']);
    store.delay = 50;
    socket().answer('token_refresh', tokens(1));
    await vi.advanceTimersByTimeAsync(49);
    expect(socket().count('client_register')).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.history).toEqual(['refresh0 being spent', 'refresh1']);
    expect(socket().count('client_register')).toBe(1);
  });

  test('a refresh whose answer was lost is repeated under the same name', async () => {
    begin('refresh0');
    await connection.start();
    socket().open();
    await settle();
    const first = socket().asked('token_refresh').payload;
    expect(first).toEqual({ refresh_token: 'refresh0', attempt: expect.any(String) });
    socket().drop();
    await vi.advanceTimersByTimeAsync(1_000);
    socket().open();
    await settle();
    expect(sockets).toHaveLength(2);
    expect(socket().asked('token_refresh').payload).toEqual(first);
  });

  test('two tabs do not spend the same token: the second waits, then takes the new one', async () => {
    let free = Promise.resolve();
    const request = <T>(_name: string, work: () => Promise<T>): Promise<T> => {
      const turn = free.then(work);
      free = turn.then(() => undefined, () => undefined);
      return turn;
    };
    vi.stubGlobal('navigator', { locks: { request } });
    begin('refresh0');
    const other = new Connection(() => sockets[sockets.push(new FakeSocket()) - 1], new Identity(store, 'Other tab'));
    await connection.start();
    await other.start();
    const [first, second] = sockets;
    first.open();
    second.open();
    await settle();
    expect([first.count('token_refresh'), second.count('token_refresh')]).toEqual([1, 0]);
    first.answer('token_refresh', tokens(1));
    await settle();
    expect(second.asked('token_refresh').payload).toMatchObject({ refresh_token: 'refresh1' });
    vi.unstubAllGlobals();
  });

  test('token_expiring: refreshed and registered again on the same socket', async () => {
    await online();
    socket().say({ type: 'token_expiring', payload: { expires_at: 0 } });
    await settle();
    expect(socket().asked('token_refresh').payload).toMatchObject({ refresh_token: 'refresh1' });
    socket().answer('token_refresh', tokens(2));
    await settle();
    expect(socket().asked('client_register').payload).toMatchObject({ token: 'access2' });
    expect(sockets).toHaveLength(1);
    expect(stateName()).toBe('online');
  });

  test('a refused refresh forgets the token and asks to pair again', async () => {
    begin('refresh0');
    await connection.start();
    socket().open();
    await settle();
    socket().refuse('token_refresh');
    await settle();
    expect(store.kept).toBeUndefined();
    expect(get(connection.state)).toEqual({ name: 'unpaired', revoked: true });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
  });

  test('a token another tab rotated meanwhile is used instead of giving up', async () => {
    begin('refresh0');
    await connection.start();
    socket().open();
    await settle();
    store.kept = { token: 'refresh7' };
    socket().refuse('token_refresh');
    await settle();
    expect(socket().asked('token_refresh').payload).toMatchObject({ refresh_token: 'refresh7' });
  });

  test('a refused access token is replaced once', async () => {
    await online();
    socket().drop();
    connection.wake();
    socket().open();
    await settle();
    socket().refuse('client_register');
    await settle();
    expect(socket().count('token_refresh')).toBe(1);
  });

  test('close code 4401 means one refresh, then pairing', async () => {
    await online();
    socket().drop(4401);
    await vi.advanceTimersByTimeAsync(1_000);
    socket().open();
    await settle();
    expect(socket().count('token_refresh')).toBe(1);
    socket().drop(4401);
    await settle();
    expect(get(connection.state)).toEqual({ name: 'unpaired', revoked: true });
  });
});

test('what is not a message is ignored', async () => {
  await online();
  for (const data of ['', 'null', '[]', '{', '{"type":7}', 'x'.repeat(1_000), new Uint8Array(3), new ArrayBuffer(3), binary('{', 'x'), new Uint8Array([255, 255, 255, 255, 1]).buffer]) socket().onmessage?.({ data });
  expect(stateName()).toBe('online');
});

/** A message in its binary form. */
function binary(header: string, bulk: string): ArrayBuffer {
  const [head, rest] = [header, bulk].map((part) => new TextEncoder().encode(part));
  const bytes = new Uint8Array(4 + head.length + rest.length);
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, 4);
  bytes.set(rest, 4 + head.length);
  return bytes.buffer;
}

test.each(['', '\0bytes'])('an answer in its binary form has its bytes beside its fields', async (bulk) => {
  await online();
  const read = connection.request('fs_read', { path: 'ä' }, { machineKey: 'm' });
  const header = { type: 'fs_read_response', requestId: socket().asked('fs_read').requestId, payload: { path: 'ä', encoding: 'binary' } };
  socket().onmessage?.({ data: binary(JSON.stringify(header), bulk) });
  const { bulk: bytes, ...fields } = await read as FsReadResponse & Bulk;
  expect([fields, new TextDecoder().decode(bytes)]).toEqual([{ path: 'ä', encoding: 'binary' }, bulk]);
});

test('what is told about a request goes to who asked, until its answer', async () => {
  await online();
  const heard: string[] = [];
  let id = '';
  const target = { machineKey: 'm', onSent: (requestId: string) => (id = requestId), onEvent: (envelope: { type: string }) => heard.push(envelope.type) };
  const ended = connection.request('command_exec', { command: 'ls' }, target);
  expect(socket().asked('command_exec').requestId).toBe(id);
  socket().say({ type: 'command_output', requestId: id, payload: {} });
  socket().say({ type: 'command_output', requestId: 'another', payload: {} });
  socket().say({ type: 'command_exit', requestId: id, payload: { exitCode: 0 } });
  socket().say({ type: 'command_output', requestId: id, payload: {} });
  expect(await ended).toEqual({ exitCode: 0 });
  expect(heard).toEqual(['command_output']);
});
