import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MetricPlan, RegressionPlan } from '../config/plan.ts';
import { brunnerMunzel, cauchyCombination, kolmogorovSmirnov, ratioOfGeometricMeans } from '../stats/battery.ts';
import { seededRandom } from '../stats/random.ts';
import { compareBatch } from './batch.ts';
import type { MetricSamples } from './sample.ts';
import { normalFrom } from './simulated-traffic.test-support.ts';
import type { Verdict } from './verdict.ts';

const LATENCY: MetricPlan = {
  name: 'latency',
  unit: 'ms',
  direction: 'lowerIsBetter',
  minEffect: 0.05,
  required: true,
};
const QUALITY: MetricPlan = { name: 'quality', direction: 'higherIsBetter', minEffect: 0.02, required: true };
const planOf = (...metrics: MetricPlan[]): RegressionPlan => ({ alpha: 0.05, onInconclusive: 'proceed', metrics });

type Arm = number[] | Partial<MetricSamples>;

/** One metric of two arms; arrays are unpaired values. */
function compare(metric: MetricPlan, baseline: Arm, candidate: Arm): Verdict {
  const samples = (arm: Arm): MetricSamples => ({
    direction: metric.direction,
    values: [],
    ...(Array.isArray(arm) ? { values: arm } : arm),
  });
  return compareBatch(
    { [metric.name]: samples(baseline) },
    { [metric.name]: samples(candidate) },
    planOf(metric),
    seededRandom(1),
  );
}

function lognormal(n: number, seed: number, factor = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: n }, () => factor * 300 * Math.exp(0.5 * normalFrom(random)));
}

function paired(values: number[]): Partial<MetricSamples> {
  return { values, caseIds: values.map((_, i) => `case-${i + 1}`) };
}

const passes = (n: number, failed: number) => Array.from({ length: n }, (_, i) => (i < failed ? 0 : 1));
const said = (verdict: Verdict) => (verdict.kind === 'inconclusive' ? verdict.code : verdict.kind);
const INF = Number.POSITIVE_INFINITY;

describe('two independent samples', () => {
  test.each<[string, number[], number[], string]>([
    ['slower by 40 % at 200 v 200 fails', lognormal(200, 1), lognormal(200, 2, 1.4), 'fail'],
    ['slower by 40 % at 500 v 50 fails', lognormal(500, 1), lognormal(50, 2, 1.4), 'fail'],
    ['faster by 40 % passes', lognormal(200, 1), lognormal(200, 2, 0.6), 'pass'],
    ['slower by 2 %, below minEffect, never fails', lognormal(20_000, 1), lognormal(20_000, 2, 1.02), 'pass'],
    ['equal, with 30 v 30, cannot be told', lognormal(30, 1), lognormal(30, 2), 'notEnoughData'],
    ['complete separation at 5 v 5 fails by Mann–Whitney', [1, 2, 3, 4, 5], [21, 22, 23, 24, 25], 'fail'],
    ['complete separation at 2 v 2 cannot be sure', [1, 2], [21, 22], 'notEnoughData'],
    ['constant on both arms, slower, fails', Array(20).fill(100), Array(20).fill(200), 'fail'],
    ['constant on both arms, equal, passes', Array(20).fill(100), Array(20).fill(100), 'pass'],
    ['30 of 100 timed out fails', lognormal(100, 1), [...lognormal(60, 2), ...Array(40).fill(INF)], 'fail'],
    ['all timed out on both arms passes: equal is not worse', Array(10).fill(INF), Array(10).fill(INF), 'pass'],
    ['2 % NaN is not to be trusted', lognormal(200, 1), [...lognormal(194, 2), ...Array(6).fill(NaN)], 'invalidData'],
    [
      '2 % negative is not to be trusted',
      lognormal(200, 1),
      [...lognormal(194, 2), ...Array(6).fill(-5)],
      'invalidData',
    ],
    ['no candidate values', lognormal(20, 1), [], 'notEnoughData'],
    ['one value an arm', [1], [2], 'notEnoughData'],
    ['zeros and values fail too', [0, 0, ...lognormal(100, 1)], lognormal(100, 2, 2), 'fail'],
  ])('latency: %s', (_name, baseline, candidate, expected) => {
    const verdict = compare(LATENCY, baseline, candidate);
    expect(said(verdict), verdict.reason).toBe(expected);
  });

  test('says how many samples are needed where even complete separation proves nothing', () => {
    expect(compare(LATENCY, [1, 2], [21, 22]).reason).toBe(
      'latency: n = 2 v 2 can give no p-value below 0.167; alpha 0.05 needs at least 3 samples an arm',
    );
  });

  test('one NaN in a thousand is left out and told', () => {
    const verdict = compare(LATENCY, lognormal(1000, 1), [...lognormal(999, 2), NaN]);
    expect(verdict.metrics[0]!.why).toContain('(invalid values left out: 1)');
  });

  test.each<[string, MetricPlan, number[], number[], string]>([
    ['pass rate .95 → .70 fails', QUALITY, passes(200, 10), passes(200, 60), 'fail'],
    ['pass rate .70 → .95 passes', QUALITY, passes(200, 60), passes(200, 10), 'pass'],
    ['pass rate equal at 20 cannot be told', QUALITY, passes(20, 2), passes(20, 3), 'notEnoughData'],
    ['scores .8 → .6 fail', QUALITY, [0.7, 0.8, 0.9, 0.8, 0.85, 0.75], [0.6, 0.5, 0.7, 0.6, 0.65, 0.55], 'fail'],
    ['a score above 1 is not to be trusted', QUALITY, [0.5, 0.6, 0.7], [0.5, 0.6, 7], 'invalidData'],
    [
      'throughput, higher is better, halved, fails',
      { ...LATENCY, name: 'throughput', unit: 'rps', direction: 'higherIsBetter' },
      lognormal(100, 1),
      lognormal(100, 2, 0.5),
      'fail',
    ],
    [
      'throughput doubled passes',
      { ...LATENCY, name: 'throughput', unit: 'rps', direction: 'higherIsBetter' },
      lognormal(100, 1),
      lognormal(100, 2, 2),
      'pass',
    ],
  ])('%s', (_name, metric, baseline, candidate, expected) => {
    const verdict = compare(metric, baseline, candidate);
    expect(said(verdict), verdict.reason).toBe(expected);
  });

  test('shows every usual test, the effect as a ratio with its interval, and the consensus', () => {
    const verdict = compare(LATENCY, lognormal(300, 1), lognormal(300, 2, 1.5));
    const [metric] = verdict.metrics;
    expect(Object.keys(metric!.tests!)).toEqual(
      expect.arrayContaining([
        'student',
        'welch',
        'mannWhitney',
        'brunnerMunzel',
        'kolmogorovSmirnov',
        'cliffsDelta',
        'welchLn',
        'quantiles',
      ]),
    );
    const [low, high] = metric!.effect.interval;
    expect(metric!.effect.kind).toBe('ratio');
    expect([low! > 1.05, low! < 1.5, high! > 1.5, high! < 2]).toEqual([true, true, true, true]);
    expect(metric!.severity).toBe('high');
    expect(verdict.consensus!.score).toBeGreaterThan(0.999);
    expect(verdict.reason).toMatch(
      /^latency: candidate 1\.\d+ × baseline \[.*\], p = .* \(brunnerMunzel\), n = 300 v 300$/,
    );
  });
});

describe('the consensus of two independent samples', () => {
  const MARGIN = 1.05;

  test('weighs the rank test .5, Welch on logarithms .3 and the largest distance .2, each beyond the margin', () => {
    const [baseline, candidate] = [lognormal(300, 1), lognormal(300, 2, 1.12)];
    const scaled = candidate.map(value => value / MARGIN);
    const found = cauchyCombination(
      [
        brunnerMunzel(scaled, baseline, { alternative: 'greater' }).p,
        ratioOfGeometricMeans(scaled, baseline, { alternative: 'greater' }).p,
        kolmogorovSmirnov(scaled, baseline, { alternative: 'less' }).p,
      ],
      [0.5, 0.3, 0.2],
    );
    expect(found.p).toBeGreaterThan(0.001);
    expect(compare(LATENCY, baseline, candidate).consensus!.p).toBeCloseTo(found.p, 12);
  });

  test('of a candidate that is faster is far from sure that it is worse', () => {
    expect(compare(LATENCY, lognormal(300, 1), lognormal(300, 2, 0.8)).consensus!.score).toBeLessThan(0.01);
  });
});

describe('the same cases on both arms', () => {
  const base = lognormal(30, 5);

  test.each<[string, MetricPlan, number[], number[], string]>([
    [
      '10 cases, each 30 % slower, fail',
      LATENCY,
      base.slice(0, 10),
      base.slice(0, 10).map((v, i) => v * (1.3 + i / 100)),
      'fail',
    ],
    ['the same values on both arms pass', LATENCY, base.slice(0, 10), base.slice(0, 10), 'pass'],
    ['4 cases cannot be sure', LATENCY, base.slice(0, 4), base.slice(0, 4).map(v => v * 3), 'notEnoughData'],
    ['all 30 faster pass', LATENCY, base, base.map((v, i) => v * (0.7 + i / 300)), 'pass'],
    [
      'time-outs on a third of the cases fail',
      LATENCY,
      base,
      base.map((v, i) => (i % 3 ? v * (0.99 + i / 1500) : INF)),
      'fail',
    ],
    ['time-outs on both arms alike pass', LATENCY, [...base, INF], [...base, INF], 'pass'],
    ['9 of 40 cases lost fail', QUALITY, passes(40, 0), passes(40, 9), 'fail'],
    ['1 of 40 cases lost cannot be told', QUALITY, passes(40, 0), passes(40, 1), 'notEnoughData'],
    ['no case changed passes', QUALITY, passes(40, 3), passes(40, 3), 'pass'],
    [
      'scores lower by .1 everywhere fail',
      QUALITY,
      base.map((_, i) => 0.6 + i / 100),
      base.map((_, i) => 0.5 + (i * 0.95) / 100),
      'fail',
    ],
    ['3 tokens more of 1,000 pass', { ...LATENCY, name: 'tokens' }, base.map(() => 1000), base.map(() => 1003), 'pass'],
    [
      '300 tokens more of 1,000 fail',
      { ...LATENCY, name: 'tokens' },
      base.map(() => 1000),
      base.map(() => 1300),
      'fail',
    ],
    ['costs of zero on both arms pass', { ...LATENCY, name: 'cost' }, base.map(() => 0), base.map(() => 0), 'pass'],
  ])('%s', (_name, metric, baseline, candidate, expected) => {
    const verdict = compare(metric, paired(baseline), paired(candidate));
    expect(said(verdict), verdict.reason).toBe(expected);
  });

  test('repeats of a case count once', () => {
    const repeated = (values: number[]) => ({
      values: values.flatMap(value => [value, value, value]),
      caseIds: values.flatMap((_, i) => Array<string>(3).fill(`case-${i}`)),
    });
    const verdict = compare(LATENCY, repeated([1, 2, 3]), repeated([3, 6, 9]));
    expect(verdict).toMatchObject({ kind: 'inconclusive', metrics: [{ n: { baseline: 3, candidate: 3 } }] });
  });

  test('cases of one arm only are left out and told; arms without a common case are independent samples', () => {
    const some = compare(LATENCY, paired(base), paired(base.slice(0, 20)));
    expect(some.metrics[0]).toMatchObject({
      n: { baseline: 20, candidate: 20 },
      why: expect.stringContaining('10 cases ran on one arm only'),
    });
    const other = { values: lognormal(30, 6, 3), caseIds: base.map((_, i) => `other-${i}`) };
    expect(compare(LATENCY, paired(base), other).metrics[0]!.tests).toHaveProperty('hodgesLehmannLn');
  });

  test('too few caseIds is an error', () => {
    expect(() => compare(LATENCY, { values: [1, 2], caseIds: ['a'] }, paired([1, 2]))).toThrow(RangeError);
  });
});

describe('several metrics', () => {
  const slow = { latency: { direction: 'lowerIsBetter' as const, values: lognormal(200, 2, 1.3) } };
  const usual = { latency: { direction: 'lowerIsBetter' as const, values: lognormal(200, 1) } };
  const quality = (values: number[]) => ({ quality: { direction: 'higherIsBetter' as const, values } });

  test('the worst one names a failure, and none hides it', () => {
    const verdict = compareBatch(
      { ...usual, ...quality(passes(300, 3)) },
      { ...slow, ...quality(passes(300, 200)) },
      planOf(LATENCY, QUALITY, { ...LATENCY, name: 'tokens' }),
      seededRandom(1),
    );
    expect(verdict).toMatchObject({ kind: 'fail', metric: 'quality', trigger: 'performance' });
    expect(verdict.metrics.map(metric => metric.name)).toEqual(['latency', 'quality', 'tokens']);
  });

  test.each([
    [true, 'inconclusive'],
    [false, 'pass'],
  ])('a metric that was not measured, required: %s', (required, kind) => {
    const verdict = compareBatch(
      usual,
      { latency: { direction: 'lowerIsBetter', values: lognormal(200, 2, 0.7) } },
      planOf(LATENCY, { ...QUALITY, required }),
      seededRandom(1),
    );
    expect(verdict.kind).toBe(kind);
    expect(verdict.metrics[1]!.why).toBe('quality: not measured');
  });

  test('errors, which only live traffic shows, hold nothing up', () => {
    const faster = { latency: { direction: 'lowerIsBetter' as const, values: lognormal(200, 2, 0.7) } };
    const errors: MetricPlan = { name: 'errors', direction: 'lowerIsBetter', minEffect: 0.05, required: true };
    expect(compareBatch(usual, faster, planOf(LATENCY, errors), seededRandom(1)).kind).toBe('pass');
  });

  test('nothing measured at all is never a pass', () => {
    const verdict = compareBatch({}, {}, planOf({ ...LATENCY, required: false }), seededRandom(1));
    expect(verdict).toMatchObject({ kind: 'inconclusive', code: 'notEnoughData' });
  });

  test('p-values are corrected for the number of metrics', () => {
    const arms = (seed: number, factor: number) => ({
      latency: lognormal(60, seed, factor),
      tokens: lognormal(60, seed + 9, factor),
    });
    const samplesOf = (values: Record<string, number[]>) =>
      Object.fromEntries(
        Object.entries(values).map(([name, list]) => [name, { direction: 'lowerIsBetter' as const, values: list }]),
      );
    const [x, y] = [samplesOf(arms(1, 1)), samplesOf(arms(2, 1.25))];
    const tokens = { ...LATENCY, name: 'tokens' };
    const alone = compareBatch(x, y, planOf(LATENCY), seededRandom(1)).metrics[0]!.p!;
    const both = compareBatch(x, y, planOf(LATENCY, tokens), seededRandom(1)).metrics;
    const single = compareBatch(x, y, planOf(tokens), seededRandom(1)).metrics[0]!.p!;
    expect(Math.min(both[0]!.p!, both[1]!.p!)).toBeCloseTo(2 * Math.min(alone, single), 12);
  });
});

describe('whatever comes in', () => {
  const value = fc.oneof(
    { arbitrary: fc.double({ min: 0, max: 1e6, noNaN: true }), weight: 20 },
    fc.constantFrom(0, 1, 1e-300, 1e300, NaN, INF, -1),
  );
  const values = fc.oneof(fc.array(value, { maxLength: 40 }), fc.array(fc.constantFrom(0, 1), { maxLength: 40 }));
  const metric = fc.constantFrom(LATENCY, QUALITY, { ...LATENCY, name: 'custom' }, { ...QUALITY, name: 'custom' });

  test('the verdict holds no NaN, has a reason, and survives JSON', () => {
    fc.assert(
      fc.property(metric, values, values, fc.boolean(), (plan, baseline, candidate, isPaired) => {
        const arm = (list: number[]) => (isPaired ? paired(list) : list);
        const verdict = compare(plan, arm(baseline), arm(candidate));
        const numbers: unknown[] = [];
        JSON.stringify(verdict, (_key, found) => {
          if (typeof found === 'number') numbers.push(found);
          return found;
        });
        expect(numbers.every(Number.isFinite)).toBe(true);
        expect(verdict.reason).not.toMatch(/NaN v|undefined|^$/);
        expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
      }),
      { numRuns: 400 },
    );
  });

  test('an arm against itself never fails', () => {
    fc.assert(
      fc.property(metric, values, fc.boolean(), (plan, list, isPaired) => {
        const arm = isPaired ? paired(list) : list;
        expect(compare(plan, arm, arm).kind).not.toBe('fail');
      }),
      { numRuns: 200 },
    );
  });

  test('an unchanged candidate fails in at most 5 of 100 comparisons, also at 300 v 15', () => {
    let failed = 0;
    for (let i = 0; i < 400; i++)
      if (compare(LATENCY, lognormal(300, 2 * i), lognormal(15, 2 * i + 1)).kind === 'fail') failed++;
    expect(failed / 400).toBeLessThanOrEqual(0.05);
  });
});
