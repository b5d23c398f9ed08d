import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { Machines } from '../machines/machines.svelte';
import { Push } from './push.svelte';
import { fromBase64Url, makeVapidKey, toBase64Url } from './vapid';

const kept = vi.hoisted(() => new Map<string, unknown>());
vi.mock('./pushStore', () => ({
  readPush: async (key: string) => kept.get(key),
  keepPush: async (key: string, value: unknown) => void (value === undefined ? kept.delete(key) : kept.set(key, value)),
}));

let fake: FakeConnection;
let push: Push;
let subscription: { endpoint: string; options: { applicationServerKey: ArrayBuffer }; getKey(): ArrayBuffer; unsubscribe: () => Promise<void> } | null;
let permission: NotificationPermission;

const pushManager = {
  getSubscription: async () => subscription,
  subscribe: vi.fn(async ({ applicationServerKey }: { applicationServerKey: Uint8Array<ArrayBuffer> }) => (subscription = {
    endpoint: 'https://push.example/1', options: { applicationServerKey: applicationServerKey.buffer }, getKey: () => new Uint8Array([1, 2, 3]).buffer, unsubscribe: async () => void (subscription = null),
  })),
};

beforeEach(() => {
  kept.clear();
  subscription = null;
  permission = 'granted';
  pushManager.subscribe.mockClear();
  const registration = { pushManager };
  vi.stubGlobal('navigator', { serviceWorker: { ready: Promise.resolve(registration), register: async () => registration, getRegistration: async () => registration } });
  vi.stubGlobal('PushManager', class {});
  vi.stubGlobal('Notification', { get permission() { return permission; }, requestPermission: async () => permission });
  fake = new FakeConnection();
  fake.when('devices_list', () => ({ devices: [{ deviceId: 'other', createdAt: '', lastSeenAt: '', connected: false, current: false }, { deviceId: 'mine', createdAt: '', lastSeenAt: '', connected: true, current: true }] }));
  for (const type of ['push_subscribe', 'push_unsubscribe', 'push_test'] as const) fake.when(type, () => ({}));
  const machines = new Machines(fake.connection);
  machines.list = ['m1', 'm2', 'away'].map((machineKey) => ({ machineKey, label: machineKey, hostname: '', platform: '', connected: machineKey !== 'away', lastSeenAt: null, daemonVersion: '' }));
  push = new Push(fake.connection, machines);
});
afterEach(() => vi.unstubAllGlobals());
const told = (type: string) => fake.request.mock.calls.filter(([asked]) => asked === type) as unknown as [string, Record<string, unknown>, { machineKey: string }][];

test('every machine that is there gets the one subscription, with the key it is bound to', async () => {
  await push.enable();
  expect(push.state).toBe('on');
  expect(told('push_subscribe').map(([, , { machineKey }]) => machineKey)).toEqual(['m1', 'm2']);
  const [, payload] = told('push_subscribe')[0];
  expect(payload).toMatchObject({ endpoint: 'https://push.example/1', p256dh: 'AQID', deviceId: 'mine', wishes: { needsYou: true, finished: true, failed: true } });
  expect(toBase64Url(subscription!.options.applicationServerKey)).toBe((payload.vapid as { publicKey: string }).publicKey);

  await push.refresh();
  expect(pushManager.subscribe).toHaveBeenCalledOnce(); // the same one again
  expect(told('push_subscribe')).toHaveLength(4);
});

test('quiet hours are sent with the device’s own offset', async () => {
  await push.enable();
  await push.change({ finished: false, quiet: { from: 1320, to: 420 } });
  expect(told('push_subscribe').at(-1)![1].wishes).toEqual({ needsYou: true, finished: false, failed: true, quiet: { from: 1320, to: 420, utcOffset: -new Date().getTimezoneOffset() } });
});

test('nothing is asked or sent before the user switches it on', async () => {
  await push.refresh();
  expect(push.state).toBe('off');
  expect(pushManager.subscribe).not.toHaveBeenCalled();
  expect(fake.asked).toEqual([]);
});

test('a browser that said no is not asked again', async () => {
  permission = 'denied';
  await push.enable();
  expect(push.state).toBe('blocked');
  expect(kept.has('wishes')).toBe(false);
});

test('switched off, the browser’s subscription ends and the machines forget it', async () => {
  await push.enable();
  await push.disable();
  expect([push.state, subscription]).toEqual(['off', null]);
  expect(told('push_unsubscribe')).toHaveLength(2);
  await push.refresh();
  expect(push.state).toBe('off');
});

test('a key pair is one: its point and its number', async () => {
  const { publicKey, privateKey } = await makeVapidKey();
  expect([fromBase64Url(publicKey).length, fromBase64Url(privateKey).length]).toEqual([65, 32]);
});
