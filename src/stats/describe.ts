/**
 * One sample in numbers. Quantiles by the R-7 rule; the mean and the variance are those of the stored doubles to the last
 * digits, also at large offsets. Infinite values (timeouts) keep their place in the quantiles.
 */
import { isFiniteSample, meanOf } from './moments.ts';
import type { Sample, Status } from './outcome.ts';
import { sampleMoments, sortedValues } from './prepared-sample.ts';
import { quantileOfSorted } from './quantile.ts';

/** Every number is NaN where n = 0; `sd` and `variance` also where n = 1 or a value is infinite. In the data's unit. */
export interface Description {
  /** 'ok', 'no_data', or 'insufficient_data' for a single value. */
  readonly status: Status;
  readonly n: number;
  readonly mean: number;
  /** With n − 1. */
  readonly sd: number;
  readonly variance: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

/** O(n log n). @throws RangeError on NaN in the data */
export function describe(x: Sample): Description {
  const moments = sampleMoments(x);
  const { n, unit } = moments;
  const sorted = sortedValues(x);
  const spread = n > 1 && isFiniteSample(moments) ? Math.sqrt(moments.squares / (n - 1)) : Number.NaN;
  const empty = n === 0;
  return {
    status: empty ? 'no_data' : n === 1 ? 'insufficient_data' : 'ok',
    n,
    mean: empty ? Number.NaN : meanOf(moments),
    sd: spread * unit,
    variance: n > 1 && isFiniteSample(moments) ? (moments.squares / (n - 1)) * unit * unit : Number.NaN,
    min: empty ? Number.NaN : moments.min,
    max: empty ? Number.NaN : moments.max,
    p50: quantileOfSorted(sorted, 0.5),
    p90: quantileOfSorted(sorted, 0.9),
    p95: quantileOfSorted(sorted, 0.95),
    p99: quantileOfSorted(sorted, 0.99),
  };
}
