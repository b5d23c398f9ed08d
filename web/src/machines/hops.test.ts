// @vitest-environment node
import { expect, test } from 'vitest';
import { hopsOf, type Seen } from './hops';

const agents = [{ agent: 'claude', name: 'Claude Code', available: true, version: '2.1' }, { agent: 'gemini', name: 'Gemini', available: false, action: 'Install it.' }];
const machine = { machineKey: 'm', label: 'desk', hostname: 'desk.local', platform: 'linux', connected: true, lastSeenAt: null, daemonVersion: '0.1.0' };
const fine: Seen = { onLine: true, connection: { name: 'online', clientId: 'c' }, machine, measured: { relay: 40, machine: 55, agent: 60, agents }, host: 'relay.example' };
const states = (seen: Partial<Seen>) => hopsOf({ ...fine, ...seen }).map((hop) => hop.state);

test('each hop has its own time', () => {
  expect(hopsOf(fine).map(({ name, state, milliseconds }) => [name, state, milliseconds])).toEqual([['phone', 'ok', undefined], ['relay', 'ok', 40], ['machine', 'ok', 15], ['agent', 'ok', 5]]);
  expect(hopsOf({ ...fine, measured: { relay: 40, machine: 30, agent: 31, agents } })[2].milliseconds).toBe(0);
});

test('the first broken hop says since when and what to do, and behind it nothing is claimed', () => {
  const [phone, relay, daemon, agent] = hopsOf({ ...fine, connection: { name: 'reconnecting', since: Date.now() - 300_000 } });
  expect(phone.state).toBe('ok');
  expect(relay).toMatchObject({ state: 'broken', line: 'relay.example does not answer, since 5 min. ago.', action: expect.stringContaining('relay running') });
  expect([daemon.state, agent.state]).toEqual(['unknown', 'unknown']);
});

test('no network is the phone’s, unless the relay answers all the same', () => {
  expect(states({ onLine: false, connection: { name: 'reconnecting', since: 0 } })).toEqual(['broken', 'unknown', 'unknown', 'unknown']);
  expect(states({ onLine: false })).toEqual(['ok', 'ok', 'ok', 'ok']);
});

test.each<[string, Partial<Seen>, string[], RegExp]>([
  ['away', { machine: { ...machine, connected: false, lastSeenAt: new Date(Date.now() - 7_200_000).toISOString() } }, ['ok', 'ok', 'broken', 'unknown'], /pocketcoder start/],
  ['silent', { measured: { relay: 40, silent: true } }, ['ok', 'ok', 'broken', 'unknown'], /pocketcoder doctor/],
  ['without an agent', { measured: { ...fine.measured, agents: [{ ...agents[0], available: false, action: 'Log in: claude' }] } }, ['ok', 'ok', 'ok', 'broken'], /Log in: claude/],
  ['unknown', { machine: undefined }, ['ok', 'ok', 'broken', 'unknown'], /pocketcoder up/],
])('a machine that is %s', (_, seen, expected, action) => {
  expect(states(seen)).toEqual(expected);
  expect(hopsOf({ ...fine, ...seen }).find((hop) => hop.state === 'broken')!.action).toMatch(action);
});

test('what was not asked yet is not called broken', () => {
  expect(states({ measured: {} })).toEqual(['ok', 'ok', 'asking', 'unknown']);
  expect(states({ connection: { name: 'starting' } })).toEqual(['ok', 'asking', 'unknown', 'unknown']);
});
