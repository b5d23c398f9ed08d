import { fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Connection } from '../net/connection';
import PairingPage from './PairingPage.svelte';
import { canScan } from './scan';

const stop = vi.fn();

/** A camera, and a browser that reads from it one of these after the other. */
function camera(frames: string[][], refuse?: DOMException): void {
  vi.stubGlobal('BarcodeDetector', class {
    static getSupportedFormats = async () => ['qr_code'];
    detect = async () => (frames.shift() ?? []).map((rawValue) => ({ rawValue }));
  });
  const getUserMedia = async () => {
    if (refuse) throw refuse;
    return { getTracks: () => [{ stop }] };
  };
  vi.stubGlobal('navigator', { ...navigator, mediaDevices: { getUserMedia }, clipboard: { readText: async () => ' code-from-the-clipboard ' } });
  HTMLMediaElement.prototype.play = async () => {};
  vi.stubGlobal('WebSocket', class { close() {} });
}

function show() {
  const pair = vi.fn(async () => {});
  render(PairingPage, { connection: { pair } as unknown as Connection, code: undefined, revoked: false, paired: () => {}, cancel: () => {} });
  return pair;
}

afterEach(() => {
  vi.unstubAllGlobals();
  stop.mockClear();
});

test('a code that the camera sees fills the field; the camera is off then, and pairing is a tap of its own', async () => {
  camera([[], ['https://example.com'], [`http://${location.host}/#pair=AbC123456789`]]);
  const pair = show();
  await fireEvent.click(await screen.findByRole('button', { name: 'Scan the code' }));
  await vi.waitFor(() => expect(screen.getByLabelText('Pairing link or code')).toHaveProperty('value', `http://${location.host}/#pair=AbC123456789`));
  await vi.waitFor(() => expect(stop).toHaveBeenCalled());
  expect(pair).not.toHaveBeenCalled();
  await fireEvent.click(screen.getByRole('button', { name: 'Pair' }));
  expect(pair).toHaveBeenCalledExactlyOnceWith({ code: 'AbC123456789' });
});

test('a code of another relay leads nowhere, and says so', async () => {
  camera([['https://other.example/#pair=AbC123456789']]);
  show();
  await fireEvent.click(await screen.findByRole('button', { name: 'Scan the code' }));
  expect((await screen.findByRole('alert')).textContent).toContain('other.example');
});

test('who forbids the camera hears what else there is', async () => {
  camera([], new DOMException('no', 'NotAllowedError'));
  show();
  await fireEvent.click(await screen.findByRole('button', { name: 'Scan the code' }));
  expect((await screen.findByRole('alert')).textContent).toContain('paste the link');
});

test('leaving the scanner switches the camera off', async () => {
  camera([]);
  show();
  await fireEvent.click(await screen.findByRole('button', { name: 'Scan the code' }));
  await fireEvent.click(await screen.findByRole('button', { name: 'Stop scanning' }));
  await vi.waitFor(() => expect(stop).toHaveBeenCalled());
  screen.getByRole('button', { name: 'Scan the code' });
});

test('the clipboard fills the field with one tap', async () => {
  camera([]);
  show();
  await fireEvent.click(screen.getByRole('button', { name: 'Paste' }));
  await vi.waitFor(() => expect(screen.getByLabelText('Pairing link or code')).toHaveProperty('value', 'code-from-the-clipboard'));
});

test('without the browser’s own detector nothing is offered', async () => {
  expect(await canScan()).toBe(false);
});
