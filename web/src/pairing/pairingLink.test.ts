import { expect, test } from 'vitest';
import { readPasted, takeCodeFromAddress } from './pairingLink';

test('the code is taken out of the address at once', () => {
  history.replaceState(null, '', '/#pair=AbC-123_xyz456789012');
  expect(takeCodeFromAddress()).toBe('AbC-123_xyz456789012');
  expect(location.href).not.toContain('AbC');
  expect(takeCodeFromAddress()).toBeUndefined();
});

test('even a code that cannot be one does not stay', () => {
  history.replaceState(null, '', '/#pair=<script>');
  expect(takeCodeFromAddress()).toBeUndefined();
  expect(location.hash).toBe('');
});

test('another address is left alone', () => {
  history.replaceState(null, '', '/#/m/k/p/x');
  expect(takeCodeFromAddress()).toBeUndefined();
  expect(location.hash).toBe('#/m/k/p/x');
});

test.each([
  ['  AbC123456789  ', { code: 'AbC123456789' }],
  ['https://relay.example/#pair=AbC123456789', { code: 'AbC123456789' }],
  ['http://other.example/#pair=AbC123456789', { otherHost: 'other.example' }],
  ['https://relay.example/', undefined],
  ['hello world', undefined],
  ['', undefined],
  ['javascript:alert(1)', undefined],
])('%j', (input, expected) => expect(readPasted(input, 'relay.example')).toEqual(expected));
