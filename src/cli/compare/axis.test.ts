import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisOf } from './axis.ts';

test.each([
  [0, 1, false, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [95, 213, false, [100, 150, 200]],
  [3, 700, true, [5, 10, 20, 50, 100, 200, 500]],
  [0.5, 90_000, true, [1, 10, 100, 1000, 10_000]],
  [5, 5, true, [4.8, 4.9, 5, 5.1, 5.2]],
])('from %d to %d, logarithmic where it may be (%s), the ticks are %j', (min, max, mayBeLog, ticks) => {
  expect(axisOf([min, max], { mayBeLog }).ticks).toEqual(ticks);
});

test('any two values have their places at the ends, and some ticks between them', () => {
  const value = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
  fc.assert(
    fc.property(value, value, fc.boolean(), (a, b, mayBeLog) => {
      const axis = axisOf([a, b], { mayBeLog });
      if (Math.abs(a - b) > 1e-9 * Math.max(a, b)) {
        expect(axis.place(Math.min(a, b))).toBe(0);
        expect(axis.place(Math.max(a, b))).toBe(1);
      }
      expect(axis.ticks.length).toBeLessThanOrEqual(12);
      expect(axis.ticks.map(axis.place).every(place => place >= 0 && place <= 1)).toBe(true);
    }),
  );
});
