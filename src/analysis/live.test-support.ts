/** Evidence in a stage and requests of fresh units to feed it with, for the tests of the live verdict. */
import type { MetricPlan } from '../config/plan.ts';
import { seededRandom } from '../stats/random.ts';
import { type LiveEvidence, openEvidence } from './live.ts';
import type { LiveOutcome } from './live-outcome.ts';
import type { EvidencePlan } from './live-plan.ts';
import { normalFrom } from './simulated-traffic.test-support.ts';

export const metric = (name: string, minEffect: number, extra: Partial<MetricPlan> = {}): MetricPlan => ({
  name,
  direction: name === 'quality' ? 'higherIsBetter' : 'lowerIsBetter',
  minEffect,
  required: true,
  ...extra,
});
export const PLAN: EvidencePlan = {
  alpha: 0.05,
  errorRateMax: null,
  metrics: [metric('latency', 0.05), metric('quality', 0.01, { required: false })],
};
export const JUDGE = { minSamples: 50, require: 'noHarm', nowMs: 100_000, lastArrivalMs: 100_000 } as const;

export function atStage(weight: number, plan: EvidencePlan = PLAN): LiveEvidence {
  const evidence = openEvidence(plan);
  evidence.enterStage({ index: 0, weight, atMs: 0 });
  return evidence;
}

export interface Flow {
  count: number;
  weight?: number;
  seed?: number;
  fromMs?: number;
  change?: (outcome: LiveOutcome, i: number) => void;
}

/** Requests of fresh units; `change` is done to every outcome. */
export function feed(
  evidence: LiveEvidence,
  { count, weight = 50, seed = 1, fromMs = 20_000, change }: Flow,
): LiveOutcome[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const outcome: LiveOutcome = {
      arm: random() * 100 < weight ? 'candidate' : 'baseline',
      unitHash: Math.floor(random() * 2 ** 32),
      atMs: fromMs + i,
      latencyMs: 300 * Math.exp(0.5 * normalFrom(random)),
      quality: random() < 0.9 ? 1 : 0,
      error: false,
    };
    change?.(outcome, i);
    evidence.add(outcome);
    return outcome;
  });
}

export type Change = (outcome: LiveOutcome, i: number) => void;
export const slower =
  (factor: number): Change =>
  outcome => {
    outcome.latencyMs = outcome.latencyMs! * factor;
  };
/** Every n-th outcome gets these values. */
export const each =
  (n: number, values: Partial<LiveOutcome>): Change =>
  (outcome, i) => {
    if (i % n === 0) Object.assign(outcome, values);
  };
export const without =
  (name: 'latencyMs' | 'quality' | 'unitHash'): Change =>
  outcome => {
    delete outcome[name];
  };
export const ofCandidate =
  (change: Change): Change =>
  (outcome, i) => {
    if (outcome.arm === 'candidate') change(outcome, i);
  };
