import { describe, expect, test } from 'vitest';
import { type BinnedSample, binnedSample, binnedValues, nativeHistogram } from '../stats/battery.ts';
import { seededRandom } from '../stats/random.ts';
import { JUDGE, metric, PLAN } from './live.test-support.ts';
import type { LiveInterval } from './live-interval.ts';
import { decodeIntervalEvidence, type IntervalEvidence, openIntervalEvidence } from './live-intervals.ts';
import type { EvidencePlan } from './live-plan.ts';
import { normalFrom } from './simulated-traffic.test-support.ts';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CLASSIC = binnedSample(SECONDS, new Float64Array(12));
const NATIVE = nativeHistogram({ schema: 4, zeroThreshold: 1e-6, zeroCount: 0 });
const LATENCY: EvidencePlan = { ...PLAN, metrics: [metric('latency', 0.05)] };

interface Flow {
  intervals: number;
  like?: BinnedSample;
  slower?: number;
  errors?: number;
  /** Requests an interval of each arm. */
  sizes?: [baseline: number, candidate: number];
  seed?: number;
}

function intervalsOf({
  intervals,
  like = NATIVE,
  slower = 1,
  errors = 0.01,
  sizes = [100, 100],
  seed = 1,
}: Flow): LiveInterval[] {
  const random = seededRandom(seed);
  const seconds = (n: number, factor: number) =>
    binnedValues(
      Float64Array.from({ length: n }, () => factor * 0.2 * Math.exp(0.5 * normalFrom(random))),
      like,
    );
  const failed = (n: number, rate: number) => Array.from({ length: n }, random).filter(x => x < rate).length;
  const [n, m] = sizes;
  return Array.from({ length: intervals }, (_, i) => ({
    atMs: 1_000 * (i + 1),
    requests: { baseline: { count: n, errors: failed(n, 0.01) }, candidate: { count: m, errors: failed(m, errors) } },
    histograms: { latency: { baseline: seconds(n, 1), candidate: seconds(m, slower) } },
  }));
}

function atStage(plan = LATENCY, weight = 50): IntervalEvidence {
  const evidence = openIntervalEvidence(plan);
  evidence.enterStage({ index: 0, weight, atMs: 0 });
  return evidence;
}

const judged = (evidence: IntervalEvidence) => evidence.judge({ ...JUDGE, nowMs: 60_000, lastArrivalMs: 60_000 });

describe('the verdict on counters and histograms', () => {
  test.each<[string, Flow, string]>([
    ['an equal candidate passes', { intervals: 60 }, 'pass'],
    ['one slower by a quarter fails, in fine buckets', { intervals: 60, slower: 1.25 }, 'fail latency'],
    [
      'the same passes unseen in buckets that are wider than that',
      { intervals: 60, slower: 1.25, like: CLASSIC },
      'pass',
    ],
    ['one three times as slow fails in any buckets', { intervals: 60, slower: 3, like: CLASSIC }, 'fail latency'],
    ['one that fails five times as often fails', { intervals: 60, errors: 0.05 }, 'fail errors'],
    ['at nine to one, too', { intervals: 60, errors: 0.08, sizes: [900, 100] }, 'fail errors'],
    ['few requests are notEnoughData', { intervals: 3, sizes: [10, 10] }, 'notEnoughData'],
    ['a silent baseline compares nothing, and passes nothing', { intervals: 60, sizes: [0, 100] }, 'notEnoughData'],
  ])('%s', (_name, flow, expected) => {
    const evidence = atStage();
    for (const interval of intervalsOf(flow)) evidence.add(interval);
    const verdict = judged(evidence);
    const said = verdict.kind === 'fail' ? `fail ${verdict.metric}` : verdict.kind === 'pass' ? 'pass' : verdict.code;
    expect(said, verdict.reason).toBe(expected);
  });

  test('shows how large the change is, as far as the buckets can tell', () => {
    const effectIn = (like: BinnedSample) => {
      const evidence = atStage();
      for (const interval of intervalsOf({ intervals: 20, slower: 1.5, like })) evidence.add(interval);
      return judged(evidence).metrics.find(({ name }) => name === 'latency')!.effect;
    };
    const [fine, coarse] = [effectIn(NATIVE), effectIn(CLASSIC)];
    expect(fine.interval[0]).toBeGreaterThan(1.2);
    expect(fine.interval[1]).toBeLessThan(1.8);
    expect(coarse.interval[0]!).toBeLessThan(1.05);
    expect(coarse.interval[1]!).toBeGreaterThan(1.5);
  });

  test('buckets of two arms that cannot be compared are invalidData, and say so', () => {
    const evidence = atStage();
    const other = binnedSample([0.1, 0.3], [50, 40, 10]);
    for (const interval of intervalsOf({ intervals: 20, like: CLASSIC })) {
      const latency = { baseline: interval.histograms!.latency!.baseline, candidate: other };
      evidence.add({ ...interval, histograms: { latency } });
    }
    expect(judged(evidence)).toMatchObject({ kind: 'inconclusive', code: 'invalidData' });
  });

  test('a metric that no interval carries is not there: quality never, latency when it is not sent', () => {
    const plan = { ...PLAN, metrics: [metric('latency', 0.05), metric('quality', 0.02, { required: false })] };
    const evidence = atStage(plan);
    for (const { histograms: _, ...interval } of intervalsOf({ intervals: 30 })) evidence.add(interval);
    const verdict = judged(evidence);
    expect(verdict).toMatchObject({ kind: 'inconclusive', code: 'notEnoughData' });
    expect(verdict.metrics.find(({ name }) => name === 'quality')?.why).toContain('not measured on live traffic');
  });

  test('speaks of requests, because nobody knows whose they were', () => {
    const evidence = atStage({ ...LATENCY, errorRateMax: 0.05 });
    for (const interval of intervalsOf({ intervals: 1, sizes: [100, 40] })) evidence.add(interval);
    expect(judged(evidence).reason).toBe('40 of 50 candidate requests in this stage');
    for (const interval of intervalsOf({ intervals: 1, errors: 0.9 })) evidence.add(interval);
    expect(judged(evidence).reason).toMatch(/candidate answers failed, at least/);
  });

  test('the limit of the error rate acts at weight 100, where nothing else can', () => {
    const evidence = atStage({ ...LATENCY, errorRateMax: 0.05 }, 100);
    for (const interval of intervalsOf({ intervals: 5, errors: 0.2, sizes: [0, 100] })) evidence.add(interval);
    expect(judged(evidence)).toMatchObject({ kind: 'fail', trigger: 'errorRate' });
  });

  test('an unchanged candidate fails in at most 5 % of 60 releases (+ 3 standard errors), looked at after every interval', () => {
    let alarms = 0;
    for (let seed = 100; seed < 160; seed++) {
      const evidence = atStage();
      for (const interval of intervalsOf({ intervals: 20, seed })) evidence.add(interval);
      if (judged(evidence).kind === 'fail') alarms++;
    }
    expect(alarms / 60).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 60));
  });

  test('a snapshot goes on to the same bytes, in a later stage too', () => {
    const whole = atStage();
    const flow = intervalsOf({ intervals: 40, slower: 1.2 });
    let resumed = decodeIntervalEvidence(LATENCY, whole.encode());
    for (const [i, interval] of flow.entries()) {
      for (const evidence of [whole, resumed]) {
        if (i === 25) evidence.enterStage({ index: 1, weight: 60, atMs: 25_000 });
        evidence.add(interval);
      }
      if (i % 10 === 3) resumed = decodeIntervalEvidence(LATENCY, resumed.encode());
    }
    expect(resumed.encode()).toEqual(whole.encode());
    expect(judged(resumed)).toEqual(judged(whole));
    expect(whole.encode().length).toBeLessThan(64 * 1024);
    expect(() => decodeIntervalEvidence({ ...LATENCY, alpha: 0.01 }, whole.encode())).toThrow('another plan');
  });
});
