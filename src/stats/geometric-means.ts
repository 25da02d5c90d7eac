/**
 * How many times larger x is than y: the ratio of geometric means, with Welch's interval on the logarithms. The right scale
 * for latency, tokens and cost, whose distributions are skewed and whose changes multiply.
 */
import type { Alternative, Interval, Sample, TestOutcome } from './outcome.ts';
import { valuesIn } from './prepared-sample.ts';
import { welchT } from './student-t.ts';

export interface GeometricMeansResult extends TestOutcome {
  /** Geometric mean of x over that of y; 1.1 is 10% more. NaN where status is no_data, not_positive or not_finite. */
  readonly ratio: number;
  /** [0, Infinity] where the data cannot bound it. */
  readonly ci: Interval;
  readonly t: number;
  readonly df: number;
}

/**
 * O(n + m). Null hypothesis: ratio 1.
 * @returns Welch's statuses, and `not_positive` where a value is ≤ 0
 * @throws RangeError on NaN in the data
 */
export function ratioOfGeometricMeans(
  x: Sample,
  y: Sample,
  options: { readonly alternative?: Alternative; readonly confidence?: number } = {},
): GeometricMeansResult {
  const unbounded: Interval = [0, Number.POSITIVE_INFINITY];
  if (hasNonPositive(valuesIn(x)) || hasNonPositive(valuesIn(y))) {
    return { status: 'not_positive', p: 1, log10P: 0, ratio: Number.NaN, ci: unbounded, t: 0, df: Number.NaN };
  }
  const { meanDifference, ci, se: _se, ...rest } = welchT(logs(valuesIn(x)), logs(valuesIn(y)), options);
  return { ...rest, ratio: Math.exp(meanDifference), ci: [Math.exp(ci[0]), Math.exp(ci[1])] };
}

function hasNonPositive(x: ArrayLike<number>): boolean {
  for (let i = 0; i < x.length; i++) if (x[i]! <= 0) return true;
  return false;
}

function logs(x: ArrayLike<number>): Float64Array {
  const result = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) result[i] = Math.log(x[i]!);
  return result;
}
