// @vitest-environment node
import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AgentEvent } from '../protocol.gen';
import { Database } from './database';
import { EventCache, LIMITS } from './eventCache';

let databases = 0;
const cache = (limits = LIMITS): EventCache => new EventCache(new Database(`cache-${databases++}`), limits);
const event = (seq: number, text = ''): AgentEvent => ({ type: 'text', text: text || `${seq}`, seq, agentSessionId: 's', at: '' }) as AgentEvent;
const range = (from: number, to: number): AgentEvent[] => Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
const seqs = async (events: EventCache, session = 's'): Promise<(number | undefined)[]> => ((await events.load(session))?.events ?? []).map(({ seq }) => seq);

test('in whatever pieces a log is told, with repeats, it is kept whole and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ back: fc.nat(5), length: fc.integer({ min: 1, max: 700 }) }), { minLength: 1, maxLength: 6 }), async (pieces) => {
      const events = cache();
      let last = 0;
      for (const { back, length } of pieces) {
        const from = Math.max(1, last + 1 - back);
        last = Math.max(last, from + length - 1);
        await events.append('s', 'e', 't', range(from, from + length - 1));
      }
      expect(await seqs(events)).toEqual(range(1, last).map(({ seq }) => seq));
    }),
    { numRuns: 30 },
  );
});

test('what does not follow on what is kept is left out', async () => {
  const events = cache();
  await events.append('s', 'e', 't', range(1, 3));
  await events.append('s', 'e', 't', range(7, 9));
  expect(await seqs(events)).toEqual([1, 2, 3]);
});

test('the sessions read last are kept, up to a number and a size', async () => {
  const events = cache({ session: 100_000, all: 3_000, sessions: 3 });
  for (const session of ['a', 'b', 'c', 'd']) {
    await events.append(session, 'e', 't', [event(1, 'x'.repeat(500))]);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(await seqs(events, 'a')).toEqual([]);
  expect(await seqs(events, 'b')).toEqual([1]);
  await new Promise((resolve) => setTimeout(resolve, 2));
  await events.append('e', 'e', 't', [event(1, 'x'.repeat(2_000))]);
  expect(await seqs(events, 'e')).toEqual([1]);
  expect(await seqs(events, 'c')).toEqual([]);
});

test('of one too long the end is kept', async () => {
  const events = cache({ ...LIMITS, session: 50_000 });
  for (let from = 1; from <= 3_000; from += 250) await events.append('s', 'e', 't', range(from, from + 249));
  const kept = await events.load('s');
  expect(kept?.cut).toBe(true);
  expect(kept?.events.at(-1)?.seq).toBe(3_000);
  expect(JSON.stringify(kept?.events).length).toBeLessThan(60_000);
});
