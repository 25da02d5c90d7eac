import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BinnedSample,
  binnedSample,
  binnedValues,
  brunnerMunzel,
  classicHistogram,
  cliffsDelta,
  inCommonBuckets,
  kolmogorovSmirnov,
  mannWhitney,
  type NativeHistogram,
  nativeHistogram,
  studentT,
} from './battery.ts';

/** Counts of two samples in the same few buckets. */
const twoSamples = (most: number) =>
  fc.integer({ min: 1, max: 8 }).chain(buckets => {
    const counts = fc.array(fc.nat(most), { minLength: buckets, maxLength: buckets });
    return fc.tuple(counts, counts);
  });
const bounds = (counts: readonly number[]) => counts.slice(1).map((_, i) => i + 1);
/** A value in each bucket as often as it was counted. */
const expanded = (counts: readonly number[]) => counts.flatMap((count, i) => new Array<number>(count).fill(i + 0.5));

describe('rank tests of counts by bucket', () => {
  test.each([3, 40])('say what they say of the values themselves, up to %d a bucket', most => {
    fc.assert(
      fc.property(twoSamples(most), ([a, b]) => {
        const [x, y] = [binnedSample(bounds(a), a), binnedSample(bounds(b), b)];
        const [plainX, plainY] = [expanded(a), expanded(b)];
        for (const alternative of ['two-sided', 'greater', 'less'] as const) {
          expect(mannWhitney(x, y, { alternative })).toEqual(mannWhitney(plainX, plainY, { alternative }));
          expect(kolmogorovSmirnov(x, y, { alternative })).toEqual(kolmogorovSmirnov(plainX, plainY, { alternative }));
          const [found, wanted] = [
            brunnerMunzel(x, y, { alternative }),
            brunnerMunzel(plainX, plainY, { alternative }),
          ];
          expect(found.status).toBe(wanted.status);
          if (Number.isFinite(wanted.w)) expect(found.w).toBeCloseTo(wanted.w, 9);
          else expect(found.w).toBe(wanted.w);
          expect(found.p).toBeCloseTo(wanted.p, 9);
        }
        expect(cliffsDelta(x, y)).toEqual(cliffsDelta(plainX, plainY));
      }),
    );
  });

  test('take plain values beside a histogram into its buckets', () => {
    const [x, y] = [[1, 2, 2.5, 7], binnedSample([2, 5], [3, 1, 4])];
    expect(mannWhitney(x, y)).toEqual(mannWhitney(binnedSample([2, 5], [2, 1, 1]), y));
    expect(mannWhitney(y, x).u1).toBe(mannWhitney(x, y).u2);
  });

  test('answer for a thousand million values a side in milliseconds', () => {
    const [x, y] = [binnedSample([1, 2], [5e8, 3e8, 2e8]), binnedSample([1, 2], [5e8, 2.9999e8, 2.0001e8])];
    const scaled = [binnedSample([1, 2], [5e4, 3e4, 2e4]), binnedSample([1, 2], [5e4, 2.9999e4, 2.0001e4])] as const;
    expect(cliffsDelta(x, y).delta).toBeCloseTo(cliffsDelta(...scaled).delta, 12);
    // z grows as the root of the size.
    const z = mannWhitney(...scaled, { continuity: false }).z;
    expect(mannWhitney(x, y, { continuity: false }).z / z).toBeCloseTo(100, 2);
    expect(brunnerMunzel(x, y).w / brunnerMunzel(...scaled).w).toBeCloseTo(100, 2);
    expect(kolmogorovSmirnov(x, y).d).toBe(1e-5);
    expect(mannWhitney(x, x)).toMatchObject({ p: 1, cliffsDelta: 0 });
  });

  test('are separated, or all tied, at any size', () => {
    const [low, high] = [binnedSample([1], [1e9 + 7, 0]), binnedSample([1], [0, 1e9 + 9])];
    expect(brunnerMunzel(low, high)).toMatchObject({ status: 'separated', w: Number.POSITIVE_INFINITY });
    expect(mannWhitney(low, low).status).toBe('degenerate_all_tied');
    expect(brunnerMunzel(low, low)).toMatchObject({ status: 'degenerate_all_tied', p: 1 });
  });

  test('refuse an exact p of more values than it can be had for, and tests of means refuse histograms', () => {
    const big = binnedSample([1], [1e9, 1e9]);
    expect(() => mannWhitney(big, big, { method: 'exact' })).toThrow(/too long for 2000000000/);
    expect(() => studentT(big as never, big as never)).toThrow(/needs values and got a histogram/);
  });
});

describe('buckets', () => {
  test.each<[string, number[], number[], RegExp]>([
    ['counts that are too few', [1, 2], [1, 2], /2 bounds make 3 buckets.*got 2 counts/],
    ['falling bounds', [1, 3, 2], [1, 1, 1, 1], /rise strictly, got 2 after 3/],
    ['equal bounds', [1, 1], [1, 1, 1], /rise strictly/],
    ['an infinite bound', [1, Number.POSITIVE_INFINITY], [1, 1, 1], /finite, got Infinity/],
    ['a fraction', [1], [1.5, 2], /whole numbers ≥ 0, bucket 1 holds 1.5.*not rate/],
    ['a count below 0', [1], [1, -2], /bucket 2 holds -2/],
    ['more than can be counted', [1], [2 ** 53 - 1, 1], /2\^53/],
  ])('refuse %s', (_name, ends, counts, message) => {
    expect(() => binnedSample(ends, counts)).toThrow(message);
  });

  test('that differ between arms are an error that names the first bound', () => {
    const [x, y] = [binnedSample([1, 2, 5], [1, 1, 1, 1]), binnedSample([1, 3, 5], [1, 1, 1, 1])];
    expect(() => mannWhitney(x, y)).toThrow('the buckets differ: bound 2 is 2 in the first and 3 in the second');
    expect(() => brunnerMunzel(x, binnedSample([1], [1, 1]))).toThrow('bound 2 is 2 in the first and missing in the');
  });

  test('hold values up to and with their bound', () => {
    expect([
      ...binnedValues([0, 1, 1.01, 2, 9, Number.POSITIVE_INFINITY], binnedSample([1, 2], [0, 0, 0])).counts,
    ]).toEqual([2, 2, 2]);
    expect(() => binnedValues([Number.NaN], binnedSample([1], [0, 0]))).toThrow(/NaN/);
  });
});

describe('classic histograms of Prometheus', () => {
  test('become counts by bucket, in whatever order they come', () => {
    const found = classicHistogram([
      { le: '+Inf', count: 6 },
      { le: '0.1', count: 3 },
      { le: 0.5, count: 5 },
    ]);
    expect([[...found.bounds], [...found.counts], found.length]).toEqual([[0.1, 0.5], [3, 2, 1], 6]);
  });

  test.each<[string, { le: number | string; count: number }[], RegExp]>([
    ['without +Inf', [{ le: 1, count: 1 }], /le="\+Inf"/],
    [
      'that fall',
      [
        { le: 1, count: 2 },
        { le: '+Inf', count: 1 },
      ],
      /must not fall, le=1 holds 2 and le=Infinity holds 1/,
    ],
    [
      'with a word',
      [
        { le: 'x', count: 2 },
        { le: '+Inf', count: 3 },
      ],
      /le must be a number or "\+Inf", got "x"/,
    ],
    [
      'with an le twice',
      [
        { le: 1, count: 1 },
        { le: '1.0', count: 1 },
        { le: '+Inf', count: 1 },
      ],
      /rise strictly/,
    ],
  ])('%s are refused', (_name, buckets, message) => {
    expect(() => classicHistogram(buckets)).toThrow(message);
  });
});

describe('native histograms of Prometheus', () => {
  const native = (more: Partial<NativeHistogram>) =>
    nativeHistogram({ schema: 0, zeroThreshold: 0.001, zeroCount: 2, ...more });

  test('become counts by bucket, from spans and deltas or from a list', () => {
    const spans = native({
      positiveSpans: [
        { offset: -1, length: 2 },
        { offset: 1, length: 1 },
      ],
      positiveDeltas: [1, 2, -1],
    });
    const list = native({
      buckets: [
        { index: 2, count: 2 },
        { index: -1, count: 1 },
        { index: 0, count: 3 },
      ],
    });
    expect(spans).toEqual(list);
    expect([...spans.bounds]).toEqual([0.001, 0.25, 0.5, 1, 2, 4]);
    expect([...spans.counts]).toEqual([2, 0, 1, 3, 0, 2, 0]);
  });

  test('of different schemas are merged down to the coarser, exactly', () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });
    const schema = fc.integer({ min: -4, max: 8 });
    fc.assert(
      fc.property(values, schema, schema, (found, fine, coarse) => {
        const at = (which: number) => binnedValues(found, native({ schema: which, zeroCount: 0 }));
        const [x, y] = inCommonBuckets([at(fine), at(coarse)]) as [BinnedSample, BinnedSample];
        expect([...x.counts]).toEqual([...y.counts]);
        expect([...x.bounds]).toEqual([...y.bounds]);
        expect(x.length).toBe(found.length);
      }),
    );
  });

  test('of different zero buckets get the wider, and what that would cut goes into it as a whole', () => {
    const x = native({
      zeroThreshold: 0.001,
      buckets: [
        { index: -2, count: 4 },
        { index: 0, count: 5 },
        { index: 1, count: 6 },
      ],
    });
    const y = native({ zeroThreshold: 0.7, zeroCount: 9, buckets: [{ index: 0, count: 1 }] });
    const [a, b] = inCommonBuckets([x, y]) as [BinnedSample, BinnedSample];
    expect([[...a.bounds], [...a.counts], [...b.counts]]).toEqual([
      [1, 2],
      [11, 6, 0],
      [10, 0, 0],
    ]);
  });

  test('hold a value in the bucket whose bounds hold it, powers of two and the largest too', () => {
    const value = fc.oneof(
      fc.double({ min: 1e-300, noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -60, max: 60 }).map(e => 2 ** e),
    );
    fc.assert(
      fc.property(value, fc.integer({ min: -4, max: 8 }), (found, schema) => {
        const { bounds: ends, counts } = binnedValues(
          [found, Number.POSITIVE_INFINITY],
          native({ schema, zeroThreshold: 0, zeroCount: 0 }),
        );
        const place = counts.findIndex(count => count > 0);
        expect(found > (ends[place - 1] ?? 0) && found <= (ends[place] ?? Number.POSITIVE_INFINITY)).toBe(true);
        expect(counts.at(-1)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test.each<[string, Partial<NativeHistogram>, RegExp]>([
    ['custom buckets', { schema: -53 }, /−4 to 8, got -53/],
    [
      'an index twice',
      {
        buckets: [
          { index: 1, count: 1 },
          { index: 1, count: 1 },
        ],
      },
      /index 1 occurs twice/,
    ],
    ['a bucket within the zero threshold', { buckets: [{ index: -20, count: 1 }] }, /within the zero threshold/],
    [
      'deltas that do not fit',
      { positiveSpans: [{ offset: 0, length: 2 }], positiveDeltas: [1] },
      /2 buckets need as many/,
    ],
    ['a fraction', { buckets: [{ index: 1, count: 0.5 }] }, /whole numbers/],
  ])('with %s are refused', (_name, more, message) => {
    expect(() => native(more)).toThrow(message);
  });

  test('cannot be compared with classic ones', () => {
    expect(() => mannWhitney(native({}), binnedSample([1], [1, 1]))).toThrow(/the buckets differ/);
  });
});
