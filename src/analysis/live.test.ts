import { describe, expect, test } from 'vitest';
import {
  atStage,
  type Change,
  each,
  type Flow,
  feed,
  JUDGE,
  metric,
  ofCandidate,
  PLAN,
  slower,
  without,
} from './live.test-support.ts';
import type { LiveEvidence } from './live.ts';
import type { LiveOutcome } from './live-outcome.ts';
import type { Verdict } from './verdict.ts';

describe('the live verdict', () => {
  test.each<[string, Flow, Verdict['kind'] | string]>([
    ['an equal candidate passes', { count: 1000 }, 'pass'],
    ['a slower candidate fails', { count: 1500, change: ofCandidate(slower(1.6)) }, 'fail latency'],
    ['a failing candidate fails', { count: 1500, change: ofCandidate(each(4, { error: true })) }, 'fail'],
    [
      'a worse answering candidate fails',
      { count: 2000, change: ofCandidate(each(2, { quality: 0 })) },
      'fail quality',
    ],
    ['a faster candidate passes', { count: 1500, change: ofCandidate(slower(0.5)) }, 'pass'],
    ['few outcomes are notEnoughData', { count: 40 }, 'notEnoughData'],
    [
      'time-outs count as the slowest',
      { count: 1500, change: ofCandidate(each(3, { latencyMs: Infinity })) },
      'fail latency',
    ],
    [
      'fast errors are no speed',
      {
        count: 2000,
        change: ofCandidate(each(2, { error: true, latencyMs: 1 })),
      },
      'fail',
    ],
    ['2 % of NaN are invalidData', { count: 1000, change: each(50, { latencyMs: Number.NaN }) }, 'invalidData'],
    ['negative latencies are invalidData', { count: 1000, change: each(50, { latencyMs: -1 }) }, 'invalidData'],
    ['quality out of range is invalidData', { count: 1000, change: each(50, { quality: 7 }) }, 'invalidData'],
    ['another split than asked for is a routingMismatch', { count: 1000, weight: 30 }, 'routingMismatch'],
    [
      'a required metric that never comes is notEnoughData',
      { count: 1000, change: without('latencyMs') },
      'notEnoughData',
    ],
    ['an optional metric that never comes passes', { count: 1000, change: without('quality') }, 'pass'],
    ['a candidate alone passes nothing', { count: 300, weight: 100, fromMs: 0 }, 'notEnoughData'],
  ])('%s', (_name, flow, expected) => {
    const evidence = atStage(50);
    feed(evidence, flow);
    const verdict = evidence.judge(JUDGE);
    const said = verdict.kind === 'fail' ? `fail ${verdict.metric}` : verdict.kind === 'pass' ? 'pass' : verdict.code;
    expect(said, verdict.reason).toContain(expected);
    expect(verdict.reason).not.toMatch(/NaN v|undefined|null|^$/);
  });

  test('silence after the stage began is sourceSilent, and outranks too little data', () => {
    const evidence = atStage(50);
    expect(evidence.judge({ ...JUDGE, nowMs: 30_000, lastArrivalMs: 0 })).toMatchObject({ code: 'notEnoughData' });
    expect(evidence.judge({ ...JUDGE, nowMs: 30_001, lastArrivalMs: 0 })).toMatchObject({ code: 'sourceSilent' });
    expect(evidence.judge({ ...JUDGE, nowMs: 5_001, lastArrivalMs: 0, silentAfterMs: 5_000 })).toMatchObject({
      code: 'sourceSilent',
    });
  });

  test('evidence between 1/√alpha and the alarm waits as evidenceGrowing', () => {
    const evidence = atStage(50);
    const seen = new Set<string>();
    for (let i = 0; i < 400; i++) {
      feed(evidence, { count: 5, seed: 100 + i, change: ofCandidate(slower(1.4)) });
      const verdict = evidence.judge({ ...JUDGE, minSamples: 0 });
      const logE = Math.log(verdict.metrics.find(found => found.name === 'latency')!.e!);
      if (verdict.kind === 'inconclusive') expect([verdict.code, logE > 1.497]).toEqual(['evidenceGrowing', true]);
      seen.add(verdict.kind);
      if (verdict.kind === 'fail') break;
    }
    expect([...seen]).toEqual(['pass', 'inconclusive', 'fail']);
  });

  test('an alarm is latched: later good data and later stages keep it, with the numbers of its moment', () => {
    const evidence = atStage(50);
    feed(evidence, { count: 1500, change: ofCandidate(slower(1.6)) });
    const failed = evidence.judge(JUDGE);
    feed(evidence, { count: 2000, seed: 2, change: ofCandidate(slower(0.2)) });
    evidence.enterStage({ index: 1, weight: 100, atMs: 30_000 });
    const later = evidence.judge(JUDGE);
    expect(later).toMatchObject({ kind: 'fail', metric: 'latency', trigger: 'performance', reason: failed.reason });
    expect(failed.reason).toMatch(
      /^latency: candidate 1\.\d+ × baseline \[1\.\d+, \d\.\d+\], e = [\d.]+ at weight 0\.333, n = \d+ v \d+$/,
    );
  });

  test('evidence of two stages multiplies: neither stage alone would have alarmed', () => {
    const change = ofCandidate(slower(1.35));
    const alarmed = (evidence: LiveEvidence) => evidence.judge(JUDGE).kind === 'fail';
    const first = atStage(25);
    feed(first, { count: 320, weight: 25, seed: 3, change });
    const second = atStage(50);
    feed(second, { count: 110, weight: 50, seed: 4, change });
    expect([alarmed(first), alarmed(second)]).toEqual([false, false]);
    first.enterStage({ index: 1, weight: 50, atMs: 0 });
    feed(first, { count: 110, weight: 50, seed: 4, change });
    expect(alarmed(first)).toBe(true);
  });

  test.each([
    ['an equal candidate', 1, ['none']],
    ['one 12 % slower', 1.12, ['low']],
    ['one 50 % slower', 1.5, ['low', 'medium', 'high']],
    ['one three times as slow', 3, ['high', 'critical']],
  ])('the severity is the largest margin that is proven when the alarm is raised: %s', (_name, factor, severities) => {
    const evidence = atStage(50);
    feed(evidence, { count: 12_000, change: ofCandidate(slower(factor)) });
    const latency = evidence.judge(JUDGE).metrics.find(found => found.name === 'latency')!;
    expect(severities).toContain(latency.severity);
  });

  test('a candidate whose slowest answers alone are slower fails, though half of its answers are quicker', () => {
    const evidence = atStage(50);
    const change: Change = outcome => {
      outcome.latencyMs = outcome.latencyMs! > 600 ? outcome.latencyMs! * 3 : outcome.latencyMs! * 0.99;
    };
    feed(evidence, { count: 8_000, change: ofCandidate(change) });
    const verdict = evidence.judge(JUDGE);
    expect(verdict).toMatchObject({ kind: 'fail', metric: 'latency' });
    expect(verdict.reason).toMatch(/seen most in its worst [15] %/);
  });

  test('what goes wrong in a later stage need not win back a good past', () => {
    const unitsUntilAlarm = (isNewStage: boolean) => {
      const evidence = atStage(50);
      feed(evidence, { count: 3_000 });
      if (isNewStage) evidence.enterStage({ index: 1, weight: 51, atMs: 30_000 });
      for (let i = 1; i <= 200; i++) {
        feed(evidence, { count: 20, weight: 50, seed: 50 + i, fromMs: 60_000, change: ofCandidate(slower(1.5)) });
        if (evidence.judge(JUDGE).kind === 'fail') return i;
      }
      return Number.POSITIVE_INFINITY;
    };
    expect(unitsUntilAlarm(true)).toBeLessThan(0.8 * unitsUntilAlarm(false));
  });

  test('requests without units are believed less than units: they share users, pods and caches', () => {
    const alarmAfter = (counted: 'units' | 'requests') => {
      const evidence = atStage(50, { ...PLAN, counted });
      for (let i = 1; i <= 400; i++) {
        feed(evidence, { count: 10, seed: 900 + i, change: ofCandidate(slower(1.5)) });
        if (evidence.judge(JUDGE).kind === 'fail') return i;
      }
      return Number.POSITIVE_INFINITY;
    };
    expect(alarmAfter('requests')).toBeGreaterThan(1.2 * alarmAfter('units'));
    expect(alarmAfter('requests')).toBeLessThan(3 * alarmAfter('units'));
  });
});

describe('the error limit', () => {
  const limited = { ...PLAN, errorRateMax: 0.05 };

  test.each([50, 100])('at weight %i a rate above it fails by errorRate', weight => {
    const evidence = atStage(weight, limited);
    feed(evidence, { count: 1200, weight, change: each(8, { error: true }) }); // both arms: no difference
    expect(evidence.judge(JUDGE)).toMatchObject({ kind: 'fail', metric: 'errors', trigger: 'errorRate' });
  });

  test('a rate below it never fails', () => {
    const evidence = atStage(100, limited);
    feed(evidence, { count: 5000, weight: 100, change: each(25, { error: true }) });
    expect(evidence.judge(JUDGE).kind).toBe('pass');
  });

  test('a long clean past does not hide a sudden failure at weight 100', () => {
    const evidence = atStage(50, limited);
    feed(evidence, { count: 20_000 });
    evidence.enterStage({ index: 1, weight: 100, atMs: 40_000 });
    feed(evidence, { count: 60, weight: 100, seed: 9, fromMs: 60_000, change: each(3, { error: true }) });
    expect(evidence.judge(JUDGE)).toMatchObject({ kind: 'fail', trigger: 'errorRate' });
  });
});

describe('users who come back', () => {
  test('to a version that broke after they had all been heard are heard again within a minute', () => {
    const evidence = atStage(100, { ...PLAN, errorRateMax: 0.05 });
    const visits = (minute: number, error: boolean) => {
      for (let unit = 1; unit <= 80; unit++)
        for (let i = 0; i < 5; i++)
          evidence.add({ arm: 'candidate', unitHash: unit, atMs: 60_000 * minute + 700 * unit + i, error });
    };
    for (let minute = 0; minute < 60; minute++) visits(minute, false);
    expect(evidence.judge(JUDGE).kind).toBe('pass');
    visits(60, true);
    expect(evidence.judge(JUDGE)).toMatchObject({ kind: 'fail', trigger: 'errorRate' });
  });

  test('one broken user who retries all the time is one user', () => {
    const evidence = atStage(100, { ...PLAN, errorRateMax: 0.05 });
    for (let i = 0; i < 5000; i++) {
      evidence.add({ arm: 'candidate', unitHash: 7, atMs: i * 10, error: true });
      evidence.add({ arm: 'candidate', unitHash: 100 + (i % 500), atMs: i * 10, error: false });
    }
    expect(evidence.judge(JUDGE).kind).toBe('pass');
  });
});

describe('at weight 100', () => {
  test('evidence is frozen and says so; only the number of units is asked for', () => {
    const evidence = atStage(50);
    feed(evidence, { count: 1000 });
    const before = evidence.judge(JUDGE).metrics;
    evidence.enterStage({ index: 1, weight: 100, atMs: 30_000 });
    expect(evidence.judge(JUDGE)).toMatchObject({ kind: 'inconclusive', code: 'notEnoughData' });
    feed(evidence, { count: 60, weight: 100, seed: 5, fromMs: 50_000, change: slower(9) });
    const verdict = evidence.judge(JUDGE);
    expect(verdict).toMatchObject({ kind: 'pass', reason: expect.stringContaining('frozen') });
    expect(verdict.metrics).toEqual(before);
  });

  test('a holdback of 5 % keeps the comparison going', () => {
    const evidence = atStage(95);
    feed(evidence, { count: 8000, weight: 95, change: ofCandidate(slower(1.6)) });
    expect(evidence.judge(JUDGE)).toMatchObject({ kind: 'fail', metric: 'latency' });
  });
});

describe('units and routing', () => {
  test('later outcomes of a unit in the same stage change nothing but the newest time', () => {
    const once = atStage(50);
    const outcomes = feed(once, { count: 600 });
    const often = atStage(50);
    for (const outcome of outcomes) {
      often.add(outcome);
      often.add({ ...outcome, latencyMs: 1e6, error: true, quality: 0 });
    }
    expect(often.encode()).toEqual(once.encode());
  });

  test('outcomes without a unit each count', () => {
    const evidence = atStage(50);
    feed(evidence, { count: 300, change: without('unitHash') });
    expect(evidence.judge(JUDGE).reason).toMatch(/1\d\d candidate units/);
  });

  test('stray outcomes are left out, within the grace in silence, afterwards as a routingMismatch', () => {
    const stray = (atMs: number): LiveOutcome => ({ arm: 'baseline', expectedArm: 'candidate', unitHash: atMs, atMs });
    const assigned: Change = outcome => {
      outcome.expectedArm = outcome.arm;
    };
    const evidence = atStage(50);
    feed(evidence, { count: 400, change: assigned });
    const before = evidence.judge(JUDGE).metrics;
    for (let i = 0; i < 60; i++) evidence.add(stray(5_000 + i));
    expect(evidence.judge(JUDGE).kind).toBe('pass');
    for (let i = 0; i < 60; i++) evidence.add({ ...stray(25_000 + i), latencyMs: 20_000 }); // begun within the grace
    expect(evidence.judge(JUDGE).kind).toBe('pass');
    for (let i = 0; i < 60; i++) evidence.add(stray(25_000 + i));
    expect(evidence.judge(JUDGE)).toMatchObject({ code: 'routingMismatch', metrics: before });
  });
});

describe('require: nonInferior', () => {
  const strict = { ...JUDGE, require: 'nonInferior' } as const;

  test('waits where noHarm passes, until the upper bound is inside the margin', () => {
    const plan = { ...PLAN, metrics: [metric('latency', 0.2)] };
    const evidence = atStage(50, plan);
    feed(evidence, { count: 300 });
    expect(evidence.judge(JUDGE).kind).toBe('pass');
    expect(evidence.judge(strict)).toMatchObject({ kind: 'inconclusive', code: 'notEnoughData' });
    feed(evidence, { count: 6000, seed: 2 });
    expect(evidence.judge(strict)).toMatchObject({ kind: 'pass' });
  });

  test('values that are all zero are degenerate, never "not worse"', () => {
    const evidence = atStage(50, { ...PLAN, metrics: [metric('tokens', 0.05)] });
    feed(evidence, { count: 6000, change: each(1, { tokens: 0 }) });
    expect(evidence.judge(strict)).toMatchObject({ kind: 'inconclusive', code: 'degenerate' });
  });
});

describe('metrics', () => {
  test('every metric has the same share of alpha, a weight says how many of them', () => {
    const plan = { ...PLAN, metrics: [metric('latency', 0.05), metric('cost', 0.05, { weight: 2 })] };
    const weights = atStage(50, plan)
      .judge(JUDGE)
      .metrics.map(found => [found.name, found.weight]);
    expect(weights).toEqual([
      ['errors', 0.25],
      ['latency', 0.25],
      ['cost', 0.5],
    ]);
  });

  test.each([
    ['required', true, 'inconclusive'],
    ['optional', false, 'pass'],
  ])('a %s metric that outcomes cannot carry', (_name, required, kind) => {
    const evidence = atStage(50, { ...PLAN, metrics: [metric('politeness', 0.05, { required })] });
    feed(evidence, { count: 400 });
    const verdict = evidence.judge(JUDGE);
    expect(verdict.kind).toBe(kind);
    expect(verdict.metrics.at(-1)).toMatchObject({ name: 'politeness', why: expect.stringContaining('not measured') });
  });

  test.each([
    ['higherIsBetter', 0.5, 'fail'],
    ['higherIsBetter', 2, 'pass'],
    ['lowerIsBetter', 2, 'fail'],
    ['lowerIsBetter', 0.5, 'pass'],
  ] as const)('tokens, %s, times %f', (direction, factor, kind) => {
    const evidence = atStage(50, { ...PLAN, metrics: [metric('tokens', 0.05, { direction })] });
    feed(evidence, {
      count: 1500,
      change: (outcome, i) => {
        outcome.tokens = (100 + (i % 37)) * (outcome.arm === 'candidate' ? factor : 1);
      },
    });
    expect(evidence.judge(JUDGE).kind).toBe(kind);
  });
});
