import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';
import { openTokenStore } from './tokenStore';

const closing = (): never => {
  throw new DOMException('The database connection is closing.', 'InvalidStateError');
};
afterEach(() => void vi.restoreAllMocks());

test('a connection that the browser has ended is opened again', async () => {
  const store = openTokenStore();
  await store.save({ token: 't1' });
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(closing);
  expect(await store.load()).toEqual({ token: 't1' });
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(closing);
  await store.save({ token: 't2' });
  expect(await openTokenStore().load()).toEqual({ token: 't2' });
});

test('what cannot be read is not taken for nothing', async () => {
  const store = openTokenStore();
  await store.save({ token: 't' });
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(closing);
  await expect(store.load()).rejects.toThrow('closing');
});

test('what the disk refuses counts for as long as the page lives, before what is on it', async () => {
  const store = openTokenStore();
  await store.save({ token: 'old' });
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(closing);
  await store.save({ token: 'new' });
  vi.restoreAllMocks();
  expect(await store.load()).toEqual({ token: 'new' });
  await store.clear();
  expect(await store.load()).toBeUndefined();
});
