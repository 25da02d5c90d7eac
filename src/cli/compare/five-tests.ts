/**
 * The five tests that everybody asks for, two-sided and without a margin, with all their numbers. They are shown; what
 * decides is the one test that was named before the data. On paired cases they look at the means of the cases.
 */
import { type CleanSamples, cleanSamples, samplesNamed } from '../../analysis/batch-data.ts';
import type { MetricPlan } from '../../config/plan.ts';
import {
  brunnerMunzel,
  kolmogorovSmirnov,
  mannWhitney,
  prepareSample,
  type Sample,
  studentT,
  type TestOutcome,
  welchT,
} from '../../stats/index.ts';
import type { Matched } from './plan.ts';

/** A test's numbers by name: `p`, `log10P`, its statistic, `ci: [low, high]`. */
export type TestAnswer = Record<string, number | string | boolean | null | (number | null)[]>;

export const TEST_NAMES = ['student', 'welch', 'mannWhitney', 'brunnerMunzel', 'kolmogorovSmirnov'] as const;

/** The values that are compared: valid ones, a mean a case where cases are paired. */
export function comparedValues({ baseline, candidate }: Matched, metric: MetricPlan): [number[], number[]] {
  const [x, y] = [samplesNamed(baseline, metric.name), samplesNamed(candidate, metric.name)];
  const none = { direction: metric.direction, values: [] };
  const clean: CleanSamples = cleanSamples(metric, x ?? none, y ?? none);
  return clean.pairs ? [clean.pairs.baseline, clean.pairs.candidate] : [clean.baseline, clean.candidate];
}

/** candidate against baseline */
export function fiveTests(baseline: readonly number[], candidate: readonly number[]): Record<string, TestAnswer> {
  const [x, y] = [prepareSample(candidate), prepareSample(baseline)];
  return {
    student: answerOf(studentT, x, y),
    welch: answerOf(welchT, x, y),
    mannWhitney: answerOf(mannWhitney, x, y),
    brunnerMunzel: answerOf(brunnerMunzel, x, y),
    kolmogorovSmirnov: answerOf(kolmogorovSmirnov, x, y),
  };
}

const WITHOUT_ANSWER = ['no_data', 'insufficient_data', 'not_finite'];

/** As plain JSON: what is not finite goes as null. A test that could not be made has no p-value, and not 1. */
function answerOf(test: (x: Sample, y: Sample) => TestOutcome, x: Sample, y: Sample): TestAnswer {
  const result = test(x, y);
  const answer: TestAnswer = {};
  for (const [key, value] of Object.entries(result) as [string, number | string | boolean | number[]][])
    answer[key] = Array.isArray(value) ? value.map(finite) : typeof value === 'number' ? finite(value) : value;
  return WITHOUT_ANSWER.includes(result.status) ? { ...answer, p: null, log10P: null } : answer;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
