import { fireEvent, render, screen } from '@testing-library/svelte';
import { beforeEach, expect, test, vi } from 'vitest';
import { dependencies } from '../../package.json';
import { FakeConnection } from '../../tests/fakeConnection';
import type { App } from '../app/app';
import { applyAppearance, loadAppearance } from '../app/appearance';
import { Attention } from '../machines/attention.svelte';
import { Machines } from '../machines/machines.svelte';
import DevicesPage from './DevicesPage.svelte';
import { clockOf, minutesOf } from './minutes';
import LicencePage from './LicencePage.svelte';
import SettingsPage from './SettingsPage.svelte';

let fake: FakeConnection;
const forget = vi.fn();
const app = (): App => {
  fake = new FakeConnection();
  const connection = Object.assign(fake.connection, { forget });
  return { connection, attention: new Attention(connection), machines: new Machines(connection) } as unknown as App;
};

beforeEach(() => {
  localStorage.clear();
  forget.mockClear();
  applyAppearance(loadAppearance());
});

test('theme, text size and motion apply at once and last', async () => {
  render(SettingsPage, { app: app() });
  await fireEvent.click(screen.getByRole('radio', { name: 'Dark' }));
  await fireEvent.click(screen.getByRole('radio', { name: '150 %' }));
  await fireEvent.click(screen.getByRole('switch', { name: 'Less motion' }));
  const root = document.documentElement;
  expect([root.dataset.theme, root.style.fontSize, root.dataset.motion]).toEqual(['dark', '150%', 'reduce']);
  expect(loadAppearance()).toEqual({ theme: 'dark', size: 150, motion: 'reduce' });
});

test.each(['not json', 'null', '{"theme":"<script>","size":1e9,"motion":7}'])('what was kept is not trusted: %s', (kept) => {
  localStorage.setItem('pocketcoder-appearance', kept);
  expect(loadAppearance()).toEqual({ theme: 'system', size: 100, motion: 'system' });
});

test('forgetting asks first', async () => {
  render(SettingsPage, { app: app() });
  await fireEvent.click(screen.getByRole('button', { name: 'Forget this pairing' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Cancel', hidden: true }));
  expect(forget).not.toHaveBeenCalled();
  await fireEvent.click(screen.getByRole('button', { name: 'Forget this pairing' }));
  await fireEvent.click(screen.getAllByRole('button', { name: 'Forget this pairing', hidden: true }).at(-1)!);
  expect(forget).toHaveBeenCalledOnce();
});

const at = '2026-11-22T10:00:00Z';
const devices = [
  { deviceId: 'd1', name: 'Phone', createdAt: at, lastSeenAt: at, connected: true, current: true },
  { deviceId: 'd2', name: 'Tab\u202elet', createdAt: at, lastSeenAt: at, connected: false, current: false },
  { deviceId: 'd3', name: 'desk', machineKey: 'm', createdAt: at, lastSeenAt: at, connected: true, current: false },
];

test('a device is revoked after a question, and is gone from the list', async () => {
  const its = app();
  fake.when('devices_list', () => ({ devices }));
  fake.when('device_revoke', () => ({}));
  render(DevicesPage, { app: its });
  await fireEvent.click(await screen.findByRole('button', { name: 'Revoke Tab⟨U+202E⟩let' }));
  expect(fake.count('device_revoke')).toBe(0);
  await fireEvent.click(screen.getByText('Revoke', { selector: 'dialog button' }));
  await vi.waitFor(() => expect(screen.queryByText(/Tab/)).toBeNull());
  expect(fake.asked.at(-1)).toEqual({ type: 'device_revoke', payload: { deviceId: 'd2' } });
});

test('revoking this device is forgetting the pairing', async () => {
  const its = app();
  fake.when('devices_list', () => ({ devices }));
  render(DevicesPage, { app: its });
  await fireEvent.click(await screen.findByRole('button', { name: 'Revoke Phone' }));
  await fireEvent.click(screen.getByText('Revoke', { selector: 'dialog button' }));
  expect(forget).toHaveBeenCalledOnce();
});

test('minutes of the day and back', () => {
  for (let minute = 0; minute < 1440; minute++) expect(minutesOf(clockOf(minute))).toBe(minute);
  expect(minutesOf('')).toBeUndefined();
  expect(minutesOf('24:00')).toBeUndefined();
});

test('what the page is made with is named with its terms', () => {
  render(LicencePage);
  const named = screen.getAllByRole('listitem').map((item) => item.textContent!.toLowerCase());
  const missing = Object.keys(dependencies).map((name) => name.replace(/^@|\/.*$/g, '')).filter((name) => !named.some((line) => line.startsWith(`${name}: `)));
  expect(missing).toEqual([]);
});
