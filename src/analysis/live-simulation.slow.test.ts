import { describe, expect, test } from 'vitest';
import { seededRandom } from '../stats/random.ts';
import { openEvidence } from './live.ts';
import type { EvidencePlan } from './live-plan.ts';
import { type Change, DEFAULT_TRAFFIC, simulatedTraffic } from './simulated-traffic.test-support.ts';

const PLAN: EvidencePlan = {
  alpha: 0.05,
  errorRateMax: null,
  metrics: [
    { name: 'latency', direction: 'lowerIsBetter', minEffect: 0.05, required: true },
    { name: 'quality', direction: 'higherIsBetter', minEffect: 0.01, required: false },
  ],
};
/** Weights at which the candidate is compared in the default stages. */
const WEIGHTS = [10, 25, 50];
const REQUESTS_PER_STAGE = 1500;

/** The metric that failed, or undefined; and candidate units met until then. */
function rollOut(seed: number, change?: Change, plan = PLAN, weights = WEIGHTS) {
  const traffic = simulatedTraffic(seededRandom(seed), { ...DEFAULT_TRAFFIC, users: 1500 });
  const evidence = openEvidence(plan);
  let candidateUnits = 0;
  for (const [index, weight] of weights.entries()) {
    evidence.enterStage({ index, weight, atMs: traffic.nowMs });
    const met = new Set<number>();
    for (let i = 1; i <= REQUESTS_PER_STAGE; i++) {
      const outcome = traffic.next(weight, change);
      if (outcome.arm === 'candidate') met.add(outcome.unitHash!);
      evidence.add(outcome);
      if (i % 25 !== 0) continue;
      const verdict = evidence.judge({ minSamples: 50, require: 'noHarm', nowMs: traffic.nowMs });
      if (verdict.kind === 'fail') return { failed: verdict.metric, units: candidateUnits + met.size };
    }
    candidateUnits += met.size;
  }
  return { failed: undefined, units: candidateUnits };
}

const slower: Change = outcome => {
  outcome.latencyMs = outcome.latencyMs! * 1.25;
};
const failing: Change = (outcome, random) => {
  outcome.error = outcome.error || random() < 0.04;
};
const better: Change = outcome => {
  outcome.latencyMs = outcome.latencyMs! * 0.8;
  outcome.error = false;
  outcome.quality = 1;
};

describe('through the default stages, with users who come back', () => {
  test('at most 5 % of 200 unchanged releases are called worse (+ 3 standard errors)', () => {
    const failed = Array.from({ length: 200 }, (_, i) => rollOut(1000 + i).failed).filter(Boolean).length;
    expect(failed / 200).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 200));
  });

  test('a better candidate never fails', () => {
    for (let i = 0; i < 60; i++) expect(rollOut(3000 + i, better).failed).toBeUndefined();
  });

  test.each([
    ['latency +25 %', slower, 200, 800],
    ['errors 1 → 5 %', failing, 650, 2300],
  ])('%s is found by a median of candidate units, and nearly always by a higher one', (_name, change, median, most) => {
    const weights = [...WEIGHTS, ...Array.from({ length: 12 }, (_, i) => 45 + i)]; // until it is found
    const found = Array.from({ length: 40 }, (_, i) => rollOut(5000 + i, change, PLAN, weights));
    const units = found.map(({ units, failed }) => (failed ? units : Number.POSITIVE_INFINITY)).sort((a, b) => a - b);
    expect(units[20]).toBeLessThanOrEqual(median);
    expect(units[37]).toBeLessThanOrEqual(most);
  });
});
