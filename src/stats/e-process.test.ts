import { describe, expect, test } from 'vitest';
import { anytimePValue, averageEValues, averageLogEValues } from './e-process.ts';

describe('the average of e-values', () => {
  test('weighs equally unless told otherwise', () => {
    expect(averageEValues([1, 3])).toBe(2);
    expect(averageEValues([1, 3], [0.25, 0.75])).toBe(2.5);
  });

  test('works on logs far beyond the range of doubles, and past a metric without weight', () => {
    expect(averageLogEValues([1000, 1000])).toBeCloseTo(1000, 12);
    expect(averageLogEValues([Math.log(4), Number.POSITIVE_INFINITY], [1, 0])).toBeCloseTo(Math.log(4), 12);
    expect(averageLogEValues([Math.log(2), Math.log(8)], [0.5, 0.5])).toBeCloseTo(Math.log(5), 12);
  });

  test('refuses weights that do not sum to 1, are negative, or are not one each', () => {
    expect(() => averageEValues([1, 2], [0.5, 0.6])).toThrow(/sum to 1/);
    expect(() => averageEValues([1, 2], [1.5, -0.5])).toThrow(/≥ 0/);
    expect(() => averageEValues([1, 2], [1])).toThrow(/2 weights, got 1/);
    expect(() => averageEValues([])).toThrow(/at least one/);
  });

  test('turns into a p-value of at most 1', () => {
    expect(anytimePValue(Math.log(20))).toBeCloseTo(0.05, 12);
    expect(anytimePValue(-3)).toBe(1);
  });
});
