import { describe, expect, test } from 'vitest';
import type { StagePlan } from '../config/plan.ts';
import { seededRandom } from '../stats/random.ts';
import { openEvidence } from './live.ts';
import { type EvidencePlan, liveMetrics } from './live-plan.ts';
import { chanceOf, shareBy, smallestFound, waitOfShare, waits, waitsOf } from './power.ts';
import { type Course, runRollout, runStage, type Watch } from './power-run.ts';
import { simulatedMetric } from './simulated-metric.ts';
import { msUntil, unitsBy } from './unit-arrivals.ts';

const NEVER = Number.POSITIVE_INFINITY;
const PLAN: EvidencePlan = {
  alpha: 0.05,
  errorRateMax: null,
  metrics: [
    { name: 'latency', direction: 'lowerIsBetter', minEffect: 0.05, required: true },
    { name: 'quality', direction: 'higherIsBetter', minEffect: 0.02, required: false },
    { name: 'tokens', direction: 'higherIsBetter', minEffect: 0.05, required: false },
  ],
};
const { tracked } = liveMetrics(PLAN);
const simulated = (name: string, change: { errorRate?: number } = {}) =>
  simulatedMetric(tracked.find(metric => metric.name === name)!, {
    errorRate: 0.01,
    spread: 0.5,
    mean: 0.9,
    ...change,
  });
const watching = (name: string, errorRateMax: number | null = null): Watch => ({
  simulated: simulated(name),
  alpha: 0.05,
  errorRateMax,
});

describe('the smallest regression that is found', () => {
  /** Run i finds what is at least as large as its own threshold. */
  const thresholds = Array.from({ length: 200 }, (_, i) => 0.01 * (i + 1));

  test('is the size that 95 % of the runs find, to 2 %, and no run is asked twice what it has answered', () => {
    const asked = new Map<string, number>();
    const smallest = smallestFound(
      (size, run) => {
        asked.set(`${run} ${size}`, (asked.get(`${run} ${size}`) ?? 0) + 1);
        return size >= thresholds[run]!;
      },
      { largest: 20, runs: 200, power: 0.95 },
    )!;
    expect(smallest).toBeGreaterThanOrEqual(1.9);
    expect(smallest).toBeLessThanOrEqual(1.9 * 1.02);
    expect(Math.max(...asked.values())).toBe(1);
    // Bisection alone would ask every run at each of fourteen sizes.
    expect(asked.size).toBeLessThan(5 * 200);
  });

  test('is null when even the largest is missed too often', () => {
    const search = { largest: 20, runs: 100, power: 0.95 };
    expect(smallestFound((_, run) => run >= 6, search)).toBeNull();
    expect(smallestFound((_, run) => run >= 5, search)).toBeLessThan(0.001);
    expect(smallestFound(() => true, { ...search, largest: 0 })).toBeNull();
  });
});

describe('waits', () => {
  test('are as long as asked for half and for 95 %; those without an end are the longest', () => {
    const seen = waits(run => (run < 96 ? run + 1 : NEVER), 100);
    expect([waitOfShare(seen, 0.5), waitOfShare(seen, 0.95), waitOfShare(seen, 0.97)]).toEqual([50, 95, NEVER]);
    expect([shareBy(seen, 0), shareBy(seen, 30.5), shareBy(seen, 1000)]).toEqual([0, 0.3, 0.96]);
    expect(waitOfShare(waitsOf([]), 0.5)).toBe(NEVER);
  });

  test('are given up when hardly any ends', () => {
    let asked = 0;
    const seen = waits(run => {
      asked++;
      return run === 0 ? 1 : NEVER;
    }, 400);
    expect(asked).toBe(100);
    expect(waitOfShare(seen, 0.5)).toBe(NEVER);
  });

  test('have a chance of their own by run and by seed', () => {
    const first = (seed: number, run: number) => chanceOf(seed)(run)();
    expect(first(1, 5)).toBe(first(1, 5));
    const seen = [0, 1, 2, 3].flatMap(seed => Array.from({ length: 200 }, (_, run) => first(seed, run)));
    expect(new Set(seen).size).toBe(800);
  });
});

describe('arrivals', () => {
  test('without users every request is a new unit', () => {
    const arrivals = { perSecond: 20, users: null };
    expect(unitsBy(arrivals, 60_000)).toBe(1200);
    expect(msUntil(arrivals, 1200)).toBe(60_000);
  });

  test('users who come back are met once, and never more of them than there are', () => {
    const arrivals = { perSecond: 20, users: 1000 };
    expect(unitsBy(arrivals, 1000)).toBeCloseTo(20, 0);
    expect(unitsBy(arrivals, 60_000)).toBeCloseTo(1000 * (1 - Math.exp(-1.2)), 6);
    expect(unitsBy(arrivals, 86_400_000)).toBeLessThanOrEqual(1000);
    expect(msUntil(arrivals, unitsBy(arrivals, 60_000))).toBeCloseTo(60_000, 3);
    expect(msUntil(arrivals, 1000)).toBe(NEVER);
  });
});

describe('a simulated metric', () => {
  const mean = (draw: () => number) => Array.from({ length: 20_000 }, draw).reduce((sum, x) => sum + x, 0) / 20_000;

  test.each([
    ['errors', 0.01, 0.04, 0.05],
    ['quality', 0.9, 0.1, 0.8],
  ])('%s has its mean, and the candidate the worse one', (name, usual, size, worse) => {
    const { draw } = simulated(name);
    const random = seededRandom(1);
    expect(mean(() => draw(false, size, random))).toBeCloseTo(usual, 1.9);
    expect(mean(() => draw(true, size, random))).toBeCloseTo(worse, 1.9);
  });

  test('a ratio is worse where the pipeline says so, and failed requests are the slowest', () => {
    const median = (name: string, isCandidate: boolean) => {
      const random = seededRandom(2);
      const { draw } = simulated(name);
      const values = Array.from({ length: 4001 }, () => draw(isCandidate, 1, random));
      return Float64Array.from(values).sort()[2000]!;
    };
    expect(median('latency', true) / median('latency', false)).toBeCloseTo(2, 9);
    expect(median('tokens', true) / median('tokens', false)).toBeCloseTo(0.5, 9);
    const failing = simulated('latency', { errorRate: 0.5 });
    const random = seededRandom(3);
    expect(mean(() => (Number.isFinite(failing.draw(false, 0, random)) ? 0 : 1))).toBeCloseTo(0.5, 1);
  });

  test('has the spread that was said, in the middle and in the tails', () => {
    const { draw } = simulated('tokens');
    const random = seededRandom(5);
    const logs = Float64Array.from({ length: 40_000 }, () => Math.log(draw(false, 0, random))).sort();
    for (const [share, z] of [
      [0.01, -2.326],
      [0.25, -0.674],
      [0.5, 0],
      [0.975, 1.96],
      [0.999, 3.09],
    ] as const)
      expect(Math.abs(logs[Math.floor(share * logs.length)]! / 0.5 - z)).toBeLessThan(0.12);
  });

  test('takes as many random numbers at any size', () => {
    for (const { name } of tracked) {
      const used = [0, 0.3].map(size => {
        let count = 0;
        simulated(name).draw(true, size, () => {
          count++;
          return 0.4;
        });
        return count;
      });
      expect(used[0]).toBe(used[1]);
    }
  });
});

describe('a simulated stage', () => {
  /** The same values as outcomes of a release, looked at after each. */
  function alarmOfRelease(
    watch: Watch,
    stage: { weight: number; mostUnits: number },
    size: number,
    random: () => number,
  ) {
    const evidence = openEvidence({ ...PLAN, errorRateMax: watch.errorRateMax });
    evidence.enterStage({ index: 0, weight: stage.weight, atMs: 0 });
    let candidates = 0;
    for (let units = 1; units <= stage.mostUnits; units++) {
      const isCandidate = random() < stage.weight / 100;
      const value = watch.simulated.draw(isCandidate, size, random);
      if (isCandidate) candidates++;
      const { source } = watch.simulated.metric;
      const measured = source === 'error' ? { error: value === 1 } : { [source]: value };
      evidence.add({ arm: isCandidate ? 'candidate' : 'baseline', atMs: units, ...measured });
      const verdict = evidence.judge({ minSamples: 50, require: 'noHarm', nowMs: units });
      if (verdict.kind === 'fail') return { candidates, units };
    }
    return null;
  }

  test.each([
    ['latency', 0.5, 10],
    ['latency', 0.4, 60],
    ['errors', 0.1, 25],
    ['quality', 0.3, 50],
    ['tokens', 0.4, 50],
  ])('of %s %d worse at %i % alarms at the very unit at which a release does', (name, size, weight) => {
    const chance = chanceOf(11);
    const watch = watching(name, 0.05);
    for (let run = 0; run < 8; run++) {
      const simulatedAlarm = runStage(watch, { weight, mostUnits: 900 }, size, chance(run));
      expect(simulatedAlarm).toEqual(alarmOfRelease(watch, { weight, mostUnits: 900 }, size, chance(run)));
    }
  });

  test('stops at the alarm, sooner the worse the candidate is', () => {
    const at = (size: number) =>
      runStage(watching('latency'), { weight: 50, mostUnits: 20_000 }, size, chanceOf(1)(7))!;
    expect(at(1).units).toBeLessThan(at(0.25).units);
    expect(at(1).candidates).toBeLessThan(at(1).units);
    expect(runStage(watching('latency'), { weight: 50, mostUnits: 10 }, 1, chanceOf(1)(7))).toBeNull();
  });

  test('at full weight finds nothing but a broken limit of the error rate', () => {
    const full = { weight: 100, mostUnits: 3000 };
    expect(runStage(watching('latency'), full, 5, chanceOf(1)(1))).toBeNull();
    expect(runStage(watching('errors'), full, 0.5, chanceOf(1)(1))).toBeNull();
    expect(runStage(watching('errors', 0.05), full, 0.5, chanceOf(1)(1))!.candidates).toBeLessThan(50);
  });
});

describe('a simulated rollout', () => {
  const stage = (change: Partial<StagePlan> = {}): StagePlan => ({
    weight: 20,
    holdMs: 60_000,
    timeoutMs: 300_000,
    minSamples: 50,
    require: 'noHarm',
    onInconclusive: 'hold',
    onTimeout: 'rollback',
    ...change,
  });
  const course = (stages: StagePlan[], change: Partial<Course> = {}): Course => ({
    stages,
    arrivals: { perSecond: 20, users: null },
    timesOut: true,
    mostUnits: 6000,
    ...change,
  });
  const go = (rollout: Course, size = 0, name = 'latency') => runRollout(watching(name), rollout, size, chanceOf(3)(1));
  const THIN = { perSecond: 0.5, users: null };

  test('leaves each stage at its hold when there is nothing to see', () => {
    expect(go(course([stage(), stage({ weight: 50 })]))).toMatchObject({
      end: 'through',
      stage: 1,
      isLate: false,
      ms: 120_000,
    });
  });

  test('ends in the stage of the alarm', () => {
    expect(go(course([stage(), stage({ weight: 50 })]), 1)).toMatchObject({ end: 'found', stage: 0 });
  });

  test('waits for its samples after the hold, and counts the time', () => {
    const run = go(course([stage({ minSamples: 400 })]));
    expect(run.end).toBe('through');
    expect(run.candidates).toBeGreaterThanOrEqual(400);
    expect(run.ms).toBeGreaterThan(60_000);
    expect(run.ms).toBeLessThan(300_000);
  });

  test.each([
    ['hold', 'through'], // later, with its samples
    ['rollback', 'timedOut'],
    ['advance', 'through'],
  ] as const)('with too few units at the time-out and onInconclusive: %s it is %s', (onInconclusive, end) => {
    const run = go(course([stage({ onInconclusive })], { arrivals: THIN }));
    expect(run.end).toBe(end);
    if (onInconclusive === 'hold') expect(run.ms).toBeGreaterThan(300_000);
    else expect(run.ms).toBe(300_000);
  });

  test('without the time-out trigger a rollback by policy is a hold', () => {
    const rollout = course([stage({ onInconclusive: 'rollback' })], { arrivals: THIN, timesOut: false });
    expect(go(rollout).end).toBe('through');
  });

  test('with fewer users than samples it waits for ever', () => {
    const users = { perSecond: 20, users: 100 };
    expect(go(course([stage()], { arrivals: users }))).toMatchObject({ end: 'waits', ms: NEVER });
  });

  test('nonInferior takes until the interval is inside the margin; at the time-out it is inconclusive', () => {
    const strict = stage({ weight: 50, require: 'nonInferior', timeoutMs: 70_000 });
    const run = go(course([strict], { mostUnits: 60_000 }));
    expect(run).toMatchObject({ end: 'through', isLate: true });
    expect(run.ms).toBeGreaterThan(70_000);
    expect(go(course([{ ...strict, onTimeout: 'advance', onInconclusive: 'rollback' }])).end).toBe('timedOut');
  });

  test('evidence on its way at the time-out is no lack of data: onTimeout decides', () => {
    const ends = (change: Partial<StagePlan>) =>
      Array.from({ length: 60 }, (_, i) => {
        const rollout = course([stage({ weight: 50, holdMs: 5_000, timeoutMs: 5_000, minSamples: 20, ...change })]);
        return runRollout(watching('latency'), rollout, 0.8, chanceOf(5)(i)).end;
      });
    const growing = ends({ onTimeout: 'rollback', onInconclusive: 'advance' });
    const waved = ends({ onTimeout: 'advance', onInconclusive: 'rollback' });
    expect(growing).toContain('timedOut');
    for (const [i, end] of growing.entries()) if (end === 'timedOut') expect(waved[i]).toBe('through');
  });
});
