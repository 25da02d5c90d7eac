/**
 * What `spillway plan` states, against releases that know nothing of it: the public evidence on simulated traffic of users
 * who come back now and then, each with a speed and an error rate of its own, with other seeds.
 */
import { describe, expect, test } from 'vitest';
import { openEvidence } from '../../src/analysis/live.ts';
import { type EvidencePlan, liveMetrics } from '../../src/analysis/live-plan.ts';
import { chanceOf, smallestFound, waitOfShare, waits, waitsOf } from '../../src/analysis/power.ts';
import { runStage, type Watch } from '../../src/analysis/power-run.ts';
import { simulatedMetric } from '../../src/analysis/simulated-metric.ts';
import { type Change, DEFAULT_TRAFFIC, simulatedTraffic } from '../../src/analysis/simulated-traffic.test-support.ts';
import { seededRandom } from '../../src/stats/random.ts';

const PLAN: EvidencePlan = {
  alpha: 0.05,
  errorRateMax: 0.05,
  metrics: [
    { name: 'latency', direction: 'lowerIsBetter', minEffect: 0.05, required: true },
    { name: 'quality', direction: 'higherIsBetter', minEffect: 0.02, required: false },
  ],
};
/** So many that nearly every request is a new unit's, as a rate without `--users` says. */
const TRAFFIC = { ...DEFAULT_TRAFFIC, users: 100_000, zipf: 0 };
/** Users differ in speed, and so do one's requests. */
const BASELINE = { errorRate: 0.01, spread: Math.hypot(TRAFFIC.sigmaUser, TRAFFIC.sigma), mean: 0.9 };
/** As the command simulates by default. */
const RUNS = 1500;
const NEVER = Number.POSITIVE_INFINITY;

const watchOf = (name: string): Watch => {
  const tracked = (wanted: string) => liveMetrics(PLAN).tracked.find(metric => metric.name === wanted)!;
  return {
    simulated: simulatedMetric(tracked(name), BASELINE),
    alpha: PLAN.alpha,
    errorRateMax: PLAN.errorRateMax,
    latency: simulatedMetric(tracked('latency'), { ...BASELINE, errorRate: 0 }),
  };
};
const CHANGES: Record<string, (size: number) => Change> = {
  latency: size => outcome => {
    outcome.latencyMs = outcome.latencyMs! * (1 + size);
  },
  errors: size => (outcome, random) => {
    outcome.error = random() < BASELINE.errorRate + size;
  },
  quality: size => (outcome, random) => {
    outcome.quality = random() < BASELINE.mean - size ? 1 : 0;
  },
};

/** Failures rank slowest in latency, too. */
const FOUND_BY: Record<string, readonly string[]> = {
  latency: ['latency'],
  errors: ['errors', 'latency'],
  quality: ['quality'],
};

interface Stage {
  weight: number;
  mostUnits: number;
}

/**
 * Candidate units that releases of one endless traffic met until their alarm; NEVER where there was none.
 * @param lookEvery requests: a look costs as much as ten outcomes
 */
function released(name: string, size: number, { weight, mostUnits }: Stage, runs: number, lookEvery: number): number[] {
  const random = seededRandom(20_261_124);
  const traffic = simulatedTraffic(random, TRAFFIC);
  const change = CHANGES[name]!(size);
  const unchanged = CHANGES[name]!(0);
  return Array.from({ length: runs }, () => {
    const evidence = openEvidence(PLAN);
    evidence.enterStage({ index: 0, weight, atMs: traffic.nowMs });
    const met = new Set<number>();
    for (let i = 1; i <= mostUnits; i++) {
      const outcome = traffic.next(weight, change);
      if (outcome.arm === 'candidate') met.add(outcome.unitHash!);
      else unchanged(outcome, random);
      evidence.add(outcome);
      if (i % lookEvery !== 0) continue;
      const verdict = evidence.judge({ minSamples: 50, require: 'noHarm', nowMs: traffic.nowMs });
      if (verdict.kind === 'fail' && FOUND_BY[name]!.includes(verdict.metric)) return met.size;
    }
    return NEVER;
  });
}

describe('a stated delay holds within 10 %', () => {
  test.each([
    ['latency', 0.25, 10, 9_000, 20],
    ['latency', 0.25, 50, 3_000, 10],
    ['errors', 0.09, 10, 9_000, 20],
    ['errors', 0.04, 50, 9_000, 30],
  ])('%s +%d at %i %', (name, size, weight, mostUnits, lookEvery) => {
    const chance = chanceOf(1);
    const stated = waits(
      run => runStage(watchOf(name), { weight, mostUnits }, size, chance(run))?.candidates ?? NEVER,
      RUNS,
    );
    const seen = waitsOf(released(name, size, { weight, mostUnits }, RUNS, lookEvery));
    for (const share of [0.5, 0.95]) {
      const ratio = waitOfShare(stated, share) / waitOfShare(seen, share);
      expect(ratio).toBeGreaterThan(0.9);
      expect(ratio).toBeLessThan(1.1);
    }
  });
});

describe('the smallest regression that is found with 95 % is found', () => {
  test.each([
    ['latency', 10, 6_000],
    ['latency', 50, 3_000],
    ['errors', 10, 6_000],
    ['errors', 50, 3_000],
    ['quality', 25, 3_000],
  ])(
    '%s at %i % within %i units: in 93 % of independent releases, and half of it is not',
    (name, weight, mostUnits) => {
      const chance = chanceOf(1);
      const watch = watchOf(name);
      const within = { weight, mostUnits };
      const smallest = smallestFound((size, run) => runStage(watch, within, size, chance(run)) !== null, {
        largest: watch.simulated.largest,
        runs: 400,
        power: 0.95,
      })!;
      const shareFound = (size: number) => {
        const seen = released(name, size, within, 400, 200);
        return seen.filter(Number.isFinite).length / seen.length;
      };
      const [share, half] = [shareFound(smallest), shareFound(smallest / 2)];
      expect(share).toBeGreaterThanOrEqual(0.93);
      expect(half).toBeLessThan(0.5);
    },
  );
});
