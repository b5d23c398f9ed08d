import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatClock, formatWhen } from './format';

const now = new Date(2026, 10, 27, 18, 0);
const ago = (minutes: number): string => new Date(now.getTime() - minutes * 60_000).toISOString();

test.each([
  [-120, 'just now'],
  [0.9, 'just now'],
  [1, '1 min. ago'],
  [59.9, '59 min. ago'],
  [60, '1 hr. ago'],
  [24 * 60 - 1, '23 hr. ago'],
  [24 * 60, 'yesterday'],
  [7 * 24 * 60 - 1, '6 days ago'],
  [7 * 24 * 60, 'Nov 20, 2026'],
])('%d minutes ago', (minutes, said) => expect(formatWhen(ago(minutes), now.getTime())).toBe(said));

test('a clock, with its day where that is another', () => {
  expect(formatClock(new Date(2026, 10, 27, 9, 5).toISOString(), now)).toBe('09:05');
  expect(formatClock(new Date(2026, 10, 28, 0, 5).toISOString(), now)).toBe('Sat, Nov 28, 00:05');
});

test('what is no time is nothing', () => {
  expect(formatWhen('soon')).toBe('');
  expect(formatClock('soon')).toBe('');
});

// What it stands in for (see format.ts).
test('dates are those of Intl', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(1990, 0), max: new Date(2100, 0), noInvalidDate: true }), (date) => {
      expect(formatWhen(date.toISOString(), date.getTime() + 8 * 86_400_000)).toBe(date.toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' }));
      const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', weekday: 'short', day: 'numeric', month: 'short' };
      expect(formatClock(date.toISOString(), new Date(1980, 0))).toBe(date.toLocaleString('en', options));
    }),
  );
});
