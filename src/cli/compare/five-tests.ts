/**
 * The five tests that everybody asks for, two-sided and without a margin, with all their numbers. They are shown; what
 * decides is the one test that was named before the data. On paired cases they look at the means of the cases.
 */
import { cleanBins } from '../../analysis/batch-bins.ts';
import { type CleanSamples, cleanSamples, samplesNamed } from '../../analysis/batch-data.ts';
import type { MetricPlan } from '../../config/plan.ts';
import {
  type BinnedSample,
  brunnerMunzel,
  kolmogorovSmirnov,
  mannWhitney,
  type PreparedSample,
  prepareSample,
  type RankSample,
  studentT,
  type TestOutcome,
  welchT,
} from '../../stats/index.ts';
import type { Matched } from './plan.ts';

/** A test's numbers by name: `p`, `log10P`, its statistic, `ci: [low, high]`. */
export type TestAnswer = Record<string, number | string | boolean | null | (number | null)[]>;

export const TEST_NAMES = ['student', 'welch', 'mannWhitney', 'brunnerMunzel', 'kolmogorovSmirnov'] as const;

/** What is compared, of the baseline and of the candidate: values, or counts by bucket beside no values. */
export interface Compared {
  values: [baseline: readonly number[], candidate: readonly number[]];
  histograms?: [baseline: BinnedSample, candidate: BinnedSample];
}

/** Valid values, a mean a case where cases are paired; where an arm is a histogram, both in its buckets. */
export function comparedSamples({ baseline, candidate }: Matched, metric: MetricPlan): Compared {
  const [x, y] = [samplesNamed(baseline, metric.name), samplesNamed(candidate, metric.name)];
  const none = { direction: metric.direction, values: [] };
  if (x?.histogram || y?.histogram) {
    const bins = cleanBins(metric, x ?? none, y ?? none);
    return { values: [[], []], ...(typeof bins === 'string' ? {} : { histograms: [bins.baseline, bins.candidate] }) };
  }
  const clean: CleanSamples = cleanSamples(metric, x ?? none, y ?? none);
  const { baseline: a, candidate: b } = clean.pairs ?? clean;
  return { values: [a, b] };
}

/** candidate against baseline */
export function fiveTests({ values, histograms }: Compared): Record<string, TestAnswer> {
  const [baseline, candidate] = values.map(prepareSample) as [PreparedSample, PreparedSample];
  const [y, x] = histograms ?? [baseline, candidate];
  return {
    student: histograms ? NEEDS_VALUES : answerOf(studentT, candidate, baseline),
    welch: histograms ? NEEDS_VALUES : answerOf(welchT, candidate, baseline),
    mannWhitney: answerOf(mannWhitney, x, y),
    brunnerMunzel: answerOf(brunnerMunzel, x, y),
    kolmogorovSmirnov: answerOf(kolmogorovSmirnov, x, y),
  };
}

/** A mean read off a histogram would be made up. */
const NEEDS_VALUES: TestAnswer = { status: 'needs_values', p: null, log10P: null };

const WITHOUT_ANSWER = ['no_data', 'insufficient_data', 'not_finite'];

/** As plain JSON: what is not finite goes as null. A test that could not be made has no p-value, and not 1. */
function answerOf<S extends RankSample>(test: (x: S, y: S) => TestOutcome, x: S, y: S): TestAnswer {
  const result = test(x, y);
  const answer: TestAnswer = {};
  for (const [key, value] of Object.entries(result) as [string, number | string | boolean | number[]][])
    answer[key] = Array.isArray(value) ? value.map(finite) : typeof value === 'number' ? finite(value) : value;
  return WITHOUT_ANSWER.includes(result.status) ? { ...answer, p: null, log10P: null } : answer;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
