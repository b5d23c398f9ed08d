// @vitest-environment node
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowHeights } from './rowHeights';

const rows = (...keys: number[]) => keys.map((key) => ({ key: `${key}` }));

test('however it is filled, measured and cut, a row begins where those before it end', () => {
  const step = fc.oneof(
    fc.record({ rows: fc.uniqueArray(fc.nat(30)) }),
    fc.record({ index: fc.nat(30), height: fc.nat(500) }),
    fc.record({ look: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const heights = new RowHeights<{ key: string }>(({ key }) => Number(key) + 10);
      const known = new Map<string, number>();
      let now: { key: string }[] = [];
      for (const one of steps) {
        if ('rows' in one) heights.setRows((now = rows(...one.rows)));
        else if ('look' in one) heights.top(Math.min(one.look, now.length));
        else if (one.index < now.length) {
          heights.measure(one.index, one.height);
          known.set(now[one.index].key, one.height);
        }
      }
      let top = 0;
      for (const [index, { key }] of now.entries()) {
        const height = known.get(key) ?? Number(key) + 10;
        expect(heights.top(index)).toBe(top);
        if (height > 0) expect(heights.at(top + height / 2)).toBe(index);
        top += height;
      }
      expect(heights.total).toBe(top);
    }),
  );
});

test('a row says by how much it grew, against what was thought of it first', () => {
  const heights = new RowHeights<{ key: string }>(() => 100);
  heights.setRows(rows(1, 2));
  expect(heights.measure(1, 130)).toBe(30);
  expect(heights.measure(1, 130)).toBe(0);
  expect(heights.measure(1, 90)).toBe(-40);
  expect(heights.total).toBe(190);
});
