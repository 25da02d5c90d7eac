import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MetricPlan } from '../config/plan.ts';
import { type BinnedSample, binnedSample, binnedValues, nativeHistogram } from '../stats/battery.ts';
import { seededRandom } from '../stats/random.ts';
import { compareBatch } from './batch.ts';
import type { MetricSamples } from './sample.ts';
import { normalFrom } from './simulated-traffic.test-support.ts';

const LATENCY: MetricPlan = { name: 'latency', unit: 's', direction: 'lowerIsBetter', minEffect: 0.05, required: true };
const QUALITY: MetricPlan = { name: 'quality', direction: 'higherIsBetter', minEffect: 0.02, required: true };
const RATE: MetricPlan = { ...LATENCY, name: 'throughput', direction: 'higherIsBetter' };
const DEFAULT_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const empty = (bounds: readonly number[]) => binnedSample(bounds, new Float64Array(bounds.length + 1));
const DEFAULT = empty(DEFAULT_BOUNDS);
const native = (schema: number) => nativeHistogram({ schema, zeroThreshold: 1e-9, zeroCount: 0 });

/** Seconds around 0.3. */
function seconds(n: number, seed: number, factor = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => factor * 0.3 * Math.exp(0.5 * normalFrom(random)));
}
const binned = (like: BinnedSample, ...of: Parameters<typeof seconds>) => binnedValues(seconds(...of), like);

type Arm = BinnedSample | number[];
function compare(metric: MetricPlan, baseline: Arm, candidate: Arm) {
  const samples = (arm: Arm): MetricSamples => ({
    direction: metric.direction,
    ...(Array.isArray(arm) ? { values: arm } : { values: [], histogram: arm }),
  });
  return compareBatch(
    { [metric.name]: samples(baseline) },
    { [metric.name]: samples(candidate) },
    { alpha: 0.05, onInconclusive: 'proceed', metrics: [metric] },
    seededRandom(1),
  );
}
const said = (verdict: ReturnType<typeof compare>) => (verdict.kind === 'inconclusive' ? verdict.code : verdict.kind);

describe('two histograms', () => {
  test.each<[string, MetricPlan, Arm, Arm, string]>([
    ['of schema 3, slower by 40 %, fail', LATENCY, binned(native(3), 400, 1), binned(native(3), 400, 2, 1.4), 'fail'],
    [
      'of schema 3, 500 v 50, slower by 60 %, fail',
      LATENCY,
      binned(native(3), 500, 1),
      binned(native(3), 50, 2, 1.6),
      'fail',
    ],
    [
      'of schema 3, equal: a bucket is 9 % wide',
      LATENCY,
      binned(native(3), 9000, 1),
      binned(native(3), 9000, 2),
      'notEnoughData',
    ],
    ['of schema 4, equal, pass', LATENCY, binned(native(4), 9000, 1), binned(native(4), 9000, 2), 'pass'],
    [
      'of schemas 6 and 3, faster by half, pass',
      LATENCY,
      binned(native(6), 900, 1),
      binned(native(3), 900, 2, 0.5),
      'pass',
    ],
    [
      'in default buckets, three times slower, fail',
      LATENCY,
      binned(DEFAULT, 400, 1),
      binned(DEFAULT, 400, 2, 3),
      'fail',
    ],
    [
      'in buckets of a factor 2, which is the margin, 2.5 times slower, fail',
      { ...LATENCY, minEffect: 1 },
      binned(empty([0.1, 0.2, 0.4, 0.8, 1.6]), 900, 1),
      binned(empty([0.1, 0.2, 0.4, 0.8, 1.6]), 900, 2, 2.5),
      'fail',
    ],
    [
      'in default buckets, slower by 40 %, cannot be told',
      LATENCY,
      binned(DEFAULT, 9000, 1),
      binned(DEFAULT, 9000, 2, 1.4),
      'notEnoughData',
    ],
    [
      'in two buckets, nothing can be told',
      LATENCY,
      binned(empty([1]), 9000, 1),
      binned(empty([1]), 9000, 2, 3),
      'notEnoughData',
    ],
    [
      'all in one bucket are not equal',
      LATENCY,
      binnedSample([1, 2], [0, 90, 0]),
      binnedSample([1, 2], [0, 90, 0]),
      'notEnoughData',
    ],
    ['all zero are equal', LATENCY, binnedSample([0, 2], [90, 0, 0]), binnedSample([0, 2], [80, 0, 0]), 'pass'],
    [
      'a thousand million a side',
      LATENCY,
      binnedSample([1, 1.1, 1.2, 1.3], [1e8, 3e8, 3e8, 2e8, 1e8]),
      binnedSample([1, 1.1, 1.2, 1.3], [1e8, 1e8, 1e8, 1e8, 6e8]),
      'fail',
    ],
    ['3 v 900 can be sure of a tenfold', LATENCY, binned(native(3), 900, 1), binned(native(3), 3, 2, 10), 'fail'],
    ['1 v 3 cannot be sure', LATENCY, binned(native(3), 3, 1), binned(native(3), 1, 2, 10), 'notEnoughData'],
    [
      'negative values are not to be trusted',
      LATENCY,
      binnedSample([-1, 1], [5, 90, 5]),
      binnedSample([-1, 1], [0, 95, 5]),
      'invalidData',
    ],
    ['throughput halved fails', RATE, binned(native(3), 300, 1), binned(native(3), 300, 2, 0.5), 'fail'],
    [
      'scores lower by two tenths fail',
      QUALITY,
      binnedSample([0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [0, 0, 0, 10, 80, 90, 70, 50]),
      binnedSample([0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [9, 50, 70, 80, 90, 10, 0, 0]),
      'fail',
    ],
    [
      'scores above 1 are not to be trusted',
      QUALITY,
      binnedSample([0.5, 1], [9, 50, 9]),
      binnedSample([0.5, 1], [9, 50, 0]),
      'invalidData',
    ],
  ])('%s', (_name, metric, baseline, candidate, expected) => {
    const verdict = compare(metric, baseline, candidate);
    expect(said(verdict), verdict.reason).toBe(expected);
  });

  test('say what their buckets can tell at best, where that is what stands in the way', () => {
    expect(compare(LATENCY, binned(DEFAULT, 9000, 1), binned(DEFAULT, 9000, 2, 1.4)).reason).toMatch(
      /neither beyond nor inside the margin of 5 %; with these buckets nothing below \+100 % can be told: finer buckets would tell more, or native histograms$/,
    );
    expect(compare(LATENCY, binned(empty([1]), 900, 1), binned(empty([1]), 900, 2)).reason).toMatch(
      /with these buckets no change can be told/,
    );
    expect(compare(RATE, binned(DEFAULT, 900, 1), binned(DEFAULT, 900, 2)).reason).toContain('nothing below −50 % can');
    expect(compare(LATENCY, binned(native(8), 50, 1), binned(native(8), 50, 2, 1.1)).reason).toMatch(
      /samples an arm would tell/,
    );
  });

  test('whose buckets differ are data that cannot be trusted, and the first bound that differs is named', () => {
    const verdict = compare(LATENCY, binned(DEFAULT, 90, 1), binned(empty([0.005, 0.02]), 90, 2));
    expect(verdict).toMatchObject({
      kind: 'inconclusive',
      code: 'invalidData',
      reason: 'latency: the buckets differ: bound 2 is 0.01 in the first and 0.02 in the second',
    });
  });

  test('have an interval that holds that of the values, and the tests that need only ranks', () => {
    const [x, y] = [seconds(300, 1), seconds(300, 2, 1.5)];
    const [exact, found] = [
      compare(LATENCY, x, y),
      compare(LATENCY, binnedValues(x, native(4)), binnedValues(y, native(4))),
    ];
    const [from, to] = [exact, found].map(({ metrics }) => metrics[0]!.effect.interval) as [
      [number, number],
      [number, number],
    ];
    expect(to[0] <= from[0] && from[1] <= to[1] && to[1] - to[0] < 2 * (from[1] - from[0])).toBe(true);
    expect(Object.keys(found.metrics[0]!.tests!)).toEqual(
      expect.arrayContaining([
        'primary',
        'mannWhitney',
        'brunnerMunzel',
        'kolmogorovSmirnov',
        'cliffsDelta',
        'quantiles',
        'buckets',
      ]),
    );
    expect(found.metrics[0]!.tests).not.toHaveProperty('welch');
  });
});

test('values beside a histogram say what they would in its buckets', () => {
  const [x, y] = [seconds(300, 1), seconds(200, 2, 1.5)];
  const both = compare(LATENCY, binnedValues(x, native(3)), binnedValues(y, native(3)));
  expect(compare(LATENCY, x, binnedValues(y, native(3)))).toEqual(both);
  expect(compare(LATENCY, binnedValues(x, native(3)), y)).toEqual(both);
  const invalid = compare(LATENCY, binnedValues(x, DEFAULT), [...y, Number.NaN, -3]);
  expect(invalid.metrics[0]!.why).toContain('invalid values left out: 2');
});

describe('whatever the counts', () => {
  const count = fc.oneof(fc.nat(30), fc.constantFrom(0, 0, 1e9));
  const counts = fc.array(count, { minLength: 5, maxLength: 5 });
  const arm = (found: number[]) => binnedSample([0, 0.5, 1, 2], found);
  const metric = fc.constantFrom(LATENCY, RATE, { ...QUALITY, name: 'custom', unit: 'points' }, QUALITY);

  test('the verdict holds no NaN, has a reason, survives JSON, and an arm against itself never fails', () => {
    fc.assert(
      fc.property(metric, counts, counts, (plan, x, y) => {
        const verdict = compare(plan, arm(x), arm(y));
        expect(verdict.reason).not.toMatch(/NaN v|undefined|^$/);
        expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
        expect(compare(plan, arm(x), arm(x)).kind).not.toBe('fail');
      }),
    );
  });
});
