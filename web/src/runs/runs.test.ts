import { expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { ConnectionLost, NotConnected, RequestError } from '../net/errors';
import type { Target } from '../net/link';
import type { CommandExit, CommandHistoryEntry } from '../protocol.gen';
import { Runs } from './runs.svelte';

const place = { machineKey: 'm', projectId: 'p' };
const entry = (more: Partial<CommandHistoryEntry>): CommandHistoryEntry => ({
  runId: 'r1', command: 'npm test', startedAt: new Date().toISOString(), endedAt: null, exitCode: null, truncated: false, outputPreview: '', state: 'running', ...more,
});
const exit = (more: Partial<CommandExit> = {}): CommandExit => ({ exitCode: 0, signal: null, durationMs: 10, truncated: false, ...more });
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A machine whose runs are driven by the test. */
async function begin(history: CommandHistoryEntry[] = []) {
  const fake = new FakeConnection();
  const state = { history };
  const calls: { type: string; target: Target; end: (exit: CommandExit) => void; fail: (error: unknown) => void }[] = [];
  const run = (type: 'command_exec' | 'command_attach') =>
    fake.when(type, (_, target) => new Promise<CommandExit>((end, fail) => void calls.push({ type, target, end, fail })));
  run('command_exec');
  run('command_attach');
  fake.when('command_history', () => ({ runs: state.history }));
  fake.when('command_cancel', () => ({ cancelled: true }));
  const runs = new Runs(fake.connection, place);
  const stop = runs.follow();
  await settle();
  const say = (type: string, payload: unknown): void => calls.at(-1)!.target.onEvent!({ type, payload });
  const output = (): string => [...runs.shown!.screen.lines, runs.shown!.screen.last].map((line) => line.spans.map((span) => span.text).join('')).join('\n');
  return { fake, runs, state, calls, say, output, stop };
}

test('a run is named, prints, and ends', async () => {
  const { runs, state, calls, say, output } = await begin();
  const begun = vi.fn();
  runs.start('npm test', undefined, begun);
  expect(runs.shown!.state).toBe('starting');
  state.history = [entry({})];
  say('command_started', { runId: 'r1' });
  expect(begun).toHaveBeenCalledExactlyOnceWith('r1');
  say('command_output', { stdoutChunk: 'one\n' });
  say('command_output', { stderrChunk: 'two' });
  expect(output()).toBe('one\ntwo');
  state.history = [entry({ state: 'exited', exitCode: 1, endedAt: new Date().toISOString() })];
  calls[0].end(exit({ exitCode: 1 }));
  await settle();
  expect(runs.shown).toMatchObject({ state: 'exited', exitCode: 1 });
});

test('a lost connection: it is followed again from its beginning, and shown once', async () => {
  const { fake, runs, state, calls, say, output } = await begin();
  runs.start('npm test', undefined, () => {});
  state.history = [entry({})];
  say('command_started', { runId: 'r1' });
  say('command_output', { stdoutChunk: 'half' });
  calls[0].fail(new ConnectionLost());
  await settle();
  expect(runs.shown!.state).toBe('running');

  fake.register('cl2');
  await settle();
  expect(calls.at(-1)!.type).toBe('command_attach');
  say('command_started', { runId: 'r1' });
  say('command_output', { stdoutChunk: 'half and half' });
  expect(output()).toBe('half and half');
});

test('without a connection it waits, begins once when there is one, and can be stopped before', async () => {
  const { fake, runs, state, calls, say, stop } = await begin();
  const begun = vi.fn();
  runs.start('npm test', 120_000, begun);
  calls[0].fail(new NotConnected());
  await settle();
  expect(runs.shown!.state).toBe('waiting');

  fake.register('cl2');
  await settle();
  expect(calls.map(({ type }) => type)).toEqual(['command_exec', 'command_exec']);
  expect(fake.asked.filter(({ type }) => type === 'command_exec').at(-1)!.payload).toEqual({ command: 'npm test', timeoutMs: 120_000 });
  state.history = [entry({})];
  say('command_started', { runId: 'r1' });
  expect(begun).toHaveBeenCalledExactlyOnceWith('r1');

  for (const end of [() => runs.shown!.stop(), stop]) {
    runs.start('npm test', undefined, () => {});
    calls.at(-1)!.fail(new NotConnected());
    await settle();
    void end();
    const before = calls.length;
    fake.register('cl3');
    await settle();
    expect(runs.shown!.state).toBe('cancelled');
    expect(calls).toHaveLength(before);
  }
});

test('a connection lost before it was named: found again in the history, never run twice', async () => {
  const { fake, runs, state, calls } = await begin([entry({ runId: 'old', state: 'exited' })]);
  const begun = vi.fn();
  runs.start('npm test', undefined, begun);
  calls[0].fail(new ConnectionLost());
  await settle();
  expect(runs.shown!.state).toBe('lost');

  state.history = [entry({ runId: 'new' }), ...state.history];
  fake.register('cl2');
  await settle();
  expect(begun).toHaveBeenCalledExactlyOnceWith('new');
  expect(runs.shown).toMatchObject({ runId: 'new', state: 'running' });
  expect(fake.count('command_exec')).toBe(1);
  expect(calls.at(-1)!.type).toBe('command_attach');
});

test('if it never began, an older run of the same command is not taken for it', async () => {
  const { fake, runs, calls } = await begin([entry({ runId: 'old', state: 'exited', exitCode: 0 })]);
  runs.start('npm test', undefined, () => {});
  calls[0].fail(new ConnectionLost());
  await settle();
  fake.register('cl2');
  await settle();
  expect(runs.shown).toMatchObject({ runId: undefined, state: 'lost' });
  expect(fake.count('command_attach')).toBe(0);
});

test('stop ends it by its name', async () => {
  const { fake, runs, calls, say, state } = await begin();
  runs.start('npm test', undefined, () => {});
  state.history = [entry({})];
  say('command_started', { runId: 'r1' });
  await runs.shown!.stop();
  expect(fake.asked.at(-1)).toEqual({ type: 'command_cancel', payload: { runId: 'r1' } });
  calls[0].end(exit({ exitCode: null, signal: 'SIGTERM' }));
  await settle();
  expect(runs.shown!.state).toBe('cancelled');
});

test.each([
  ['COMMAND_TIMEOUT' as const, 'timed_out'],
  ['DAEMON_BUSY' as const, 'interrupted'],
])('refused with %s', async (code, state) => {
  const { runs, calls } = await begin();
  runs.start('npm test', undefined, () => {});
  calls[0].fail(new RequestError({ code, message: 'No.' }));
  await settle();
  expect(runs.shown!.state).toBe(state);
});

test('one of the history whose output is not kept shows the end of it', async () => {
  const { runs, calls } = await begin([entry({ state: 'exited', exitCode: 0, outputPreview: 'the end' })]);
  runs.open('r1');
  calls[0].fail(new RequestError({ code: 'NOT_FOUND', message: 'No.' }));
  await settle();
  expect(runs.shown).toMatchObject({ state: 'exited', preview: 'the end' });
});

test('favourites and what is typed stay', async () => {
  const { fake, runs } = await begin();
  runs.favour('npm test');
  runs.keepDraft('npm run bu');
  const later = new Runs(fake.connection, place);
  await settle();
  expect(later).toMatchObject({ favourites: ['npm test'], draft: 'npm run bu' });
  later.favour('npm test');
  expect(later.favourites).toEqual([]);
});
