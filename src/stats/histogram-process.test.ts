import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binnedSample, binnedValues, nativeHistogram } from './battery.ts';
import type { BinnedSample } from './binned-sample.ts';
import { expectReplayFromBytes } from './e-process.contract.ts';
import { type HistogramEProcessOptions, histogramEProcess } from './histogram-process.ts';
import { oddsRatioEProcess } from './odds-ratio.ts';
import { seededStream } from './stream.test-support.ts';

const DEFAULT_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CLASSIC = binnedSample(DEFAULT_BOUNDS, new Float64Array(12));
const native = (schema: number) => nativeHistogram({ schema, zeroThreshold: 1e-6, zeroCount: 0 });
const ALARM = Math.log(20);

/** Seconds around 0.2, an interval of each arm. */
function intervals(like: BinnedSample, seed: number, [n, m]: readonly [number, number] = [100, 100]) {
  const stream = seededStream(seed);
  const arm = (size: number, factor: number) =>
    binnedValues(
      Float64Array.from({ length: size }, () => factor * 0.2 * stream.logNormal(0.5)),
      like,
    );
  return (factor: number) => ({ baseline: arm(n, 1), candidate: arm(m, factor) });
}

function evidence(
  count: number,
  options: HistogramEProcessOptions,
  next: (factor: number) => { baseline: BinnedSample; candidate: BinnedSample },
  factor: number,
): number {
  const process = histogramEProcess(options);
  const state = process.initial();
  for (let i = 0; i < count; i++) process.fold(state, next(factor));
  return process.logE(state);
}

describe('the e-process of histograms', () => {
  test.each([
    ['native buckets of schema 3, +25 %', native(3), 1.25, true],
    ['native buckets of schema 3, unchanged', native(3), 1, false],
    ['default buckets, three times slower', CLASSIC, 3, true],
    ['default buckets, +25 %: within their width', CLASSIC, 1.25, false],
  ] as const)('over 30 intervals of 100 v 100, %s, margin 5 %%', (_name, like, factor, alarms) => {
    expect(evidence(30, { margin: 0.05 }, intervals(like, 4), factor) >= ALARM).toBe(alarms);
  });

  test('finds a throughput that fell, and none that rose', () => {
    const lower = { margin: 0.05, worse: 'lower' } as const;
    expect(evidence(30, lower, intervals(native(3), 5), 0.7)).toBeGreaterThan(ALARM);
    expect(evidence(30, lower, intervals(native(3), 5), 1.5)).toBeLessThan(ALARM);
  });

  test('is the odds ratio at the bounds that the past chose', () => {
    const process = histogramEProcess({ quantiles: [0.5] });
    const [past, next] = [
      { baseline: binnedSample([1, 2], [50, 40, 10]), candidate: binnedSample([1, 2], [50, 40, 10]) },
      { baseline: binnedSample([1, 2], [60, 30, 10]), candidate: binnedSample([1, 2], [30, 50, 20]) },
    ];
    const state = process.update(process.update(process.initial(), past), next);
    const odds = oddsRatioEProcess();
    const wanted = odds.update(odds.initial(), {
      baselineTrials: 100,
      baselineEvents: 40,
      candidateTrials: 100,
      candidateEvents: 70,
    });
    expect(process.logE(state)).toBeCloseTo(odds.logE(wanted), 12);
  });

  test('takes an interval of a million values, and of a hundred million what is far enough out', () => {
    const process = histogramEProcess({ quantiles: [0.5, 0.995] });
    const state = process.initial();
    const interval = (n: number, slower: number) => ({
      baseline: binnedSample([1, 2], [0.5 * n, 0.495 * n, 0.005 * n]),
      candidate: binnedSample([1, 2], [0.5 * n, (0.495 - slower) * n, (0.005 + slower) * n].map(Math.round)),
    });
    process.fold(state, interval(1e6, 0));
    const logE = process.logE(process.fold(state, interval(1e6, 0.001)));
    expect(logE).toBeGreaterThan(30);
    expect(process.logE(process.fold(state, interval(1e8, 0.002)))).toBeGreaterThan(logE);
  });

  test('learns nothing from its first block, from a silent arm, nor from buckets that all values share', () => {
    const process = histogramEProcess();
    const state = process.initial();
    const next = intervals(CLASSIC, 6);
    const none = binnedSample(DEFAULT_BOUNDS, new Float64Array(12));
    expect(process.logE(process.fold(state, next(9)))).toBe(0);
    expect(process.logE(process.fold(state, { ...next(9), baseline: none }))).toBe(0);
    expect(process.logE(process.fold(state, { ...next(9), candidate: none }))).toBe(0);
    expect(process.logE(process.fold(state, next(9)))).not.toBe(0);
    const equal = { baseline: binnedSample([1], [9, 0]), candidate: binnedSample([1], [9, 0]) };
    expect(evidence(20, {}, () => equal, 1)).toBe(0);
  });

  test('begins a new past where other bounds come, and keeps its evidence', () => {
    const process = histogramEProcess();
    const state = process.initial();
    const [before, later] = [intervals(CLASSIC, 7), intervals(binnedSample([0.1, 0.3], [0, 0, 0]), 7)];
    for (let i = 0; i < 5; i++) process.fold(state, before(3));
    const logE = process.logE(state);
    expect(logE).toBeGreaterThan(0);
    expect(process.logE(process.fold(state, later(3)))).toBe(logE);
    expect(process.logE(process.fold(state, later(3)))).not.toBe(logE);
  });

  test('goes on with the past where the schema of native histograms falls', () => {
    const process = histogramEProcess();
    const state = process.initial();
    const [fine, coarse] = [intervals(native(5), 8), intervals(native(2), 9)];
    for (let i = 0; i < 3; i++) process.fold(state, fine(2));
    const logE = process.logE(state);
    expect(process.logE(process.fold(state, coarse(2)))).toBeGreaterThan(logE);
    expect(process.logE(process.fold(state, fine(2)))).toBeGreaterThan(logE);
    expect(state.past?.native?.schema).toBe(2);
  });

  const counts = fc.array(fc.nat(60), { minLength: 4, maxLength: 4 });
  const classicBlock = fc.record({ baseline: counts, candidate: counts }).map(({ baseline, candidate }) => ({
    baseline: binnedSample([1, 2, 4], baseline),
    candidate: binnedSample([1, 2, 4], candidate),
  }));
  const buckets = fc.uniqueArray(fc.record({ index: fc.integer({ min: -9, max: 9 }), count: fc.nat(40) }), {
    selector: ({ index }) => index,
    maxLength: 6,
  });
  const nativeArm = fc
    .record({
      schema: fc.integer({ min: -1, max: 3 }),
      zeroThreshold: fc.constantFrom(0, 1e-6, 0.3),
      zeroCount: fc.nat(9),
      buckets,
    })
    .map(histogram =>
      nativeHistogram({
        ...histogram,
        buckets: histogram.buckets.filter(
          ({ index }) => 2 ** (index * 2 ** -histogram.schema) > histogram.zeroThreshold,
        ),
      }),
    );

  test.each([
    ['classic', classicBlock],
    ['native', fc.record({ baseline: nativeArm, candidate: nativeArm })],
  ])('continues from its bytes with the same bits, and is finite: %s', (_name, block) => {
    expectReplayFromBytes(histogramEProcess({ margin: 0.05, temperingSlice: 50 }), block, { seed: 3, maxBlocks: 12 });
  });

  test('refuses arms whose buckets differ, and options out of range', () => {
    const process = histogramEProcess();
    const block = { baseline: binnedSample([1, 2], [1, 1, 1]), candidate: binnedSample([1, 3], [1, 1, 1]) };
    expect(() => process.update(process.initial(), block)).toThrow(/bound 2 is 2 in the first and 3/);
    expect(() => histogramEProcess({ quantiles: [1] })).toThrow(/\(0, 1\), got 1/);
    expect(() => histogramEProcess({ quantiles: [] })).toThrow(/one quantile/);
    expect(() => histogramEProcess({ margin: -0.1 })).toThrow(/margin/);
    const one = histogramEProcess({ quantiles: [0.5] });
    expect(() => process.decode(one.encode(one.initial()))).toThrow(/1 thresholds/);
  });
});
