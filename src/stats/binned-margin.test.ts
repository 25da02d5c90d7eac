import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BinnedMargin,
  binnedQuantile,
  binnedSample,
  binnedShift,
  binnedValues,
  hodgesLehmann,
  leastTellable,
  lessMargin,
  quantileInterval,
} from './battery.ts';
import type { BinnedSample } from './binned-sample.ts';
import { seededStream } from './stream.test-support.ts';

/** In thousandths: what rounding does within an ulp of a bound is not what is tested. */
const thousandths = fc.nat(20_000).map(i => i / 1000);
const value = fc.oneof(thousandths, fc.constantFrom(0, 1, 2.5, 5, 10));
const values = fc.array(value, { minLength: 1, maxLength: 30 });
const bounds = fc
  .uniqueArray(fc.oneof(thousandths, fc.constantFrom(1, 2.5, 5, 10)), { minLength: 1, maxLength: 8 })
  .map(found => Float64Array.from(found).sort());
const options = fc.record({
  margin: fc.constantFrom(0, 0.05, 0.5, 1, 2),
  worse: fc.constantFrom('higher' as const, 'lower' as const),
  scale: fc.constantFrom('ratio' as const, 'difference' as const),
});
const into = (found: ArrayLike<number>, ends: Float64Array) =>
  binnedValues(found, binnedSample(ends, new Float64Array(ends.length + 1)));
/** Values at most each bound. */
const cumulative = ({ counts }: BinnedSample) =>
  [...counts].map((_, i) => counts.slice(0, i + 1).reduce((sum, c) => sum + c, 0));
const scaled = (found: number, { margin = 0, worse, scale }: BinnedMargin) =>
  scale === 'difference'
    ? found + (worse === 'lower' ? margin : -margin)
    : found * (worse === 'lower' ? 1 + margin : 1 / (1 + margin));

describe('the candidate less its margin', () => {
  test('never looks worse than its values less the margin would, in any buckets', () => {
    fc.assert(
      fc.property(values, bounds, options, (found, ends, how) => {
        const [seen, known] = [
          cumulative(lessMargin(into(found, ends), how)),
          cumulative(
            into(
              found.map(v => scaled(v, how)),
              ends,
            ),
          ),
        ];
        // Higher is worse: at least as many values lie at most at each bound.
        seen.forEach((count, i) => {
          if (how.worse === 'higher') expect(count).toBeGreaterThanOrEqual(known[i]!);
          else expect(count).toBeLessThanOrEqual(known[i]!);
        });
      }),
    );
  });

  test('is itself without a margin, and a bucket lower with one that is smaller than the buckets', () => {
    const candidate = binnedSample([1, 2, 4], [4, 3, 2, 1]);
    expect([...lessMargin(candidate).counts]).toEqual([4, 3, 2, 1]);
    expect([...lessMargin(candidate, { margin: 0.05 }).counts]).toEqual([7, 2, 1, 0]);
    expect([...lessMargin(candidate, { margin: 0.05, worse: 'lower' }).counts]).toEqual([0, 4, 3, 3]);
    expect([...lessMargin(candidate, { margin: 1 }).counts]).toEqual([7, 2, 1, 0]);
    expect([...lessMargin(candidate, { margin: 1.01 }).counts]).toEqual([9, 1, 0, 0]);
  });

  test('hides every factor up to the least that can be told', () => {
    fc.assert(
      fc.property(values, bounds, options, fc.double({ min: 0, max: 1, noNaN: true }), (found, ends, how, share) => {
        const isRatio = how.scale === 'ratio';
        const candidate = into(found, ends);
        const least = leastTellable(candidate, how);
        const small = 1 + share * (Math.min(least, 100) - 1) * 0.999;
        const by = isRatio ? small : share * Math.min(least, 100) * 0.999;
        const sign = how.worse === 'higher' ? -1 : 1;
        const baseline = into(
          found.map(v => (isRatio ? v * by ** sign : v + sign * by)),
          ends,
        );
        const [seen, compared] = [cumulative(lessMargin(candidate, how)), cumulative(baseline)];
        seen.forEach((count, i) => {
          if (how.worse === 'higher') expect(count).toBeGreaterThanOrEqual(compared[i]!);
          else expect(count).toBeLessThanOrEqual(compared[i]!);
        });
      }),
    );
  });

  test.each<[string, number[], BinnedMargin, number]>([
    ['of the default buckets of Prometheus', [0.05, 0.1, 0.25, 0.5], { margin: 0.05 }, 2],
    ['of schema 3', [1, 2 ** 0.125, 2 ** 0.25], { margin: 0.05 }, 2 ** 0.125],
    ['of two buckets', [1], { margin: 0.05 }, Number.POSITIVE_INFINITY],
    ['in points', [0.5, 0.7, 0.8], { margin: 0.02, scale: 'difference', worse: 'lower' }, 0.1],
  ])('%s tells nothing below %d', (_name, ends, how, least) => {
    expect(leastTellable(binnedSample(ends, new Float64Array(ends.length + 1).fill(9)), how)).toBeCloseTo(least, 12);
  });

  test('refuses a margin below 0', () => {
    expect(() => lessMargin(binnedSample([1], [1, 1]), { margin: -1 })).toThrow(/margin/);
  });
});

describe('what buckets say of the values in them', () => {
  test('the quantile and its interval are within the ends that are given', () => {
    fc.assert(
      fc.property(values, bounds, fc.constantFrom(0.01, 0.5, 0.95), (found, ends, q) => {
        const [exact, binned] = [quantileInterval(found, q), binnedQuantile(into(found, ends), q)];
        expect(binned.low <= exact.value && exact.value <= binned.high).toBe(true);
        expect(binned.ci[0] <= exact.ci[0] && exact.ci[1] <= binned.ci[1]).toBe(true);
      }),
    );
  });

  test.each(['ratio', 'difference'] as const)('a %s that made one sample of the other is never refused', scale => {
    fc.assert(
      fc.property(values, bounds, fc.double({ min: 0.2, max: 5, noNaN: true }), (a, ends, by) => {
        const b = a.map(v => (scale === 'ratio' ? v * by : v + by));
        const { ci, range } = binnedShift(into(b, ends), into(a, ends), { scale });
        const shift = scale === 'ratio' ? Math.log(by) : by;
        for (const [low, high] of [ci, range]) expect(low <= shift + 1e-6 && shift - 1e-6 <= high).toBe(true);
      }),
    );
  });

  test('in fine buckets the shift and its interval are those of the values', () => {
    const stream = seededStream(3);
    const [a, b] = [3, 3.4].map(middle => Float64Array.from({ length: 150 }, () => middle + stream.logNormal(0.5)));
    const fine = Float64Array.from({ length: 2000 }, (_, i) => i / 100);
    const [exact, found] = [hodgesLehmann(b!, a!), binnedShift(into(b!, fine), into(a!, fine))];
    expect(Math.abs(found.shift - exact.shift)).toBeLessThan(0.02);
    expect(found.range[1] - found.range[0]).toBeLessThan(0.03);
    expect(Math.abs(found.ci[0] - exact.ci[0]) + Math.abs(found.ci[1] - exact.ci[1])).toBeLessThan(0.06);
  });

  test('its interval misses in no more than 2.5 % of samples a side, in coarse buckets too', () => {
    const stream = seededStream(4);
    const ends = Float64Array.of(0.25, 0.5, 1, 2.5, 5);
    const missed = { low: 0, high: 0 };
    for (let i = 0; i < 400; i++) {
      // Just below a bound, where the buckets mislead most.
      const draw = (factor: number) => factor * (stream.uniform() < 0.7 ? 0.96 : stream.logNormal(0.5));
      const [a, b] = [1, 1.05].map(factor =>
        into(
          Float64Array.from({ length: 60 }, () => draw(factor)),
          ends,
        ),
      );
      const { ci } = binnedShift(b!, a!, { scale: 'ratio' });
      if (ci[0] > Math.log(1.05)) missed.low++;
      if (ci[1] < Math.log(1.05)) missed.high++;
    }
    expect(Math.max(missed.low, missed.high) / 400).toBeLessThan(0.025 + 3 * Math.sqrt((0.025 * 0.975) / 400));
  });

  test('a thousand million values have a shift too, and none has no quantile', () => {
    const [x, y] = [binnedSample([1, 2, 4], [1e8, 6e8, 2e8, 1e8]), binnedSample([1, 2, 4], [6e8, 2e8, 1e8, 1e8])];
    const { ci, range } = binnedShift(x, y, { scale: 'ratio' });
    expect(ci[0]).toBeCloseTo(range[0], 9);
    expect(range).toEqual([expect.closeTo(0, 6), expect.closeTo(Math.LN2, 6)]);
    expect(binnedQuantile(x, 0.5)).toEqual({ status: 'ok', low: 1, high: 2, ci: [1, 2] });
    expect(binnedQuantile(binnedSample([1], [0, 0]), 0.5).status).toBe('no_data');
  });
});
