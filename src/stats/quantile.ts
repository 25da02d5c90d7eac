/**
 * Quantiles by linear interpolation (type 7 of Hyndman and Fan, the default of R, NumPy and Kayenta), and intervals for them
 * from order statistics, which assume nothing about the distribution.
 */
import type { Interval, Sample, Status } from './outcome.ts';
import { missOf } from './p-value.ts';
import { sortedValues } from './prepared-sample.ts';
import { logIncompleteBeta } from './special.ts';

export interface QuantileEstimate {
  readonly status: Status;
  readonly value: number;
  /** Two order statistics; ±Infinity where no value of the sample is far enough out, as for p99 of 50 values. */
  readonly ci: Interval;
}

/** @param sorted upward, not empty; q in [0, 1]. Infinite neighbours do not turn into NaN. O(1). */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const share = position - below;
  if (share === 0) return low;
  const high = sorted[below + 1]!;
  if (low === high) return low;
  // Half differences where the whole one would overflow.
  const gap = high - low;
  return gap === Number.POSITIVE_INFINITY && Number.isFinite(low + high)
    ? low * (1 - share) + high * share
    : low + gap * share;
}

/**
 * Covers the true quantile with at least the stated confidence, ties or not, each side missing with at most half the rest.
 * O(n log n).
 * @param q in (0, 1); confidence in (0, 1), default 0.95
 * @throws RangeError on NaN in the data
 * @see Conover 1999, Practical Nonparametric Statistics, 3.2; 100 values, q = 0.5: the 40th and the 61st
 */
export function quantileInterval(
  x: Sample,
  q: number,
  options: { readonly confidence?: number } = {},
): QuantileEstimate {
  if (x.length === 0)
    return { status: 'no_data', value: Number.NaN, ci: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] };
  const sorted = sortedValues(x);
  const n = sorted.length;
  const miss = missOf(options.confidence);
  // Largest l with P(Bin(n, q) ≤ l − 1) ≤ miss; by symmetry the upper rank is that of the mirrored problem.
  const lower = outerRank(n, q, miss);
  const upper = n + 1 - outerRank(n, 1 - q, miss);
  return {
    status: 'ok',
    value: quantileOfSorted(sorted, q),
    ci: [sorted[lower - 1] ?? Number.NEGATIVE_INFINITY, sorted[upper - 1] ?? Number.POSITIVE_INFINITY],
  };
}

/** Largest rank below the q-quantile of n values but for a chance of `miss`; 0 where none is. O(log n). */
export function outerRank(n: number, q: number, miss: number): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const l = Math.ceil((low + high) / 2);
    // P(Bin(n, q) ≤ l − 1) = I_{1−q}(n − l + 1, l)
    if (logIncompleteBeta(1 - q, n - l + 1, l) <= Math.log(miss)) low = l;
    else high = l - 1;
  }
  return low;
}
