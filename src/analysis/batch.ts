/**
 * Compares two finished sets of samples, metric by metric: a change is a regression only when it is statistically sure
 * and larger than the metric's `minEffect`. One primary test a metric, named before the data; the others are shown.
 * Pure: randomness for permutation tests comes in, so that a comparison can be repeated.
 */
import type { RegressionPlan } from '../config/plan.ts';
import type { Samples } from './sample.ts';
import type { Verdict } from './verdict.ts';

/** @param random uniform in [0, 1): for sign-flip permutations beyond 20 cases */
export declare function compareBatch(
  baseline: Samples,
  candidate: Samples,
  plan: RegressionPlan,
  random: () => number,
): Verdict;
