/**
 * Quantiles of counts by bucket: the bucket is known, the place within it is not, so the answer is an interval. Interpolating
 * there, as dashboards do, invents a number that can be off by the whole width.
 */
import type { BinnedSample } from './binned-sample.ts';
import type { Interval, Status } from './outcome.ts';
import { missOf } from './p-value.ts';
import { outerRank } from './quantile.ts';

export interface BinnedQuantile {
  readonly status: Status;
  /** The sample's quantile lies in [low, high]; −Infinity and Infinity in the first and the last bucket. NaN without values. */
  readonly low: number;
  readonly high: number;
  /** For the quantile of the distribution: ends of the buckets of two order statistics. */
  readonly ci: Interval;
}

/**
 * Both intervals hold whatever `quantileInterval` says of the values themselves. O(buckets).
 * @param q in [0, 1]; confidence in (0, 1), default 0.95
 */
export function binnedQuantile(
  x: BinnedSample,
  q: number,
  options: { readonly confidence?: number } = {},
): BinnedQuantile {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile must lie in [0, 1], got ${q}`);
  const n = x.length;
  const miss = missOf(options.confidence);
  const open: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (n === 0) return { status: 'no_data', low: Number.NaN, high: Number.NaN, ci: open };
  // R-7 lies between two order statistics.
  const position = (n - 1) * q;
  const lower = outerRank(n, q, miss);
  const upper = n + 1 - outerRank(n, 1 - q, miss);
  return {
    status: 'ok',
    low: bucketOfRank(x, Math.floor(position) + 1)[0],
    high: bucketOfRank(x, Math.ceil(position) + 1)[1],
    ci: [bucketOfRank(x, lower)[0], bucketOfRank(x, upper)[1]],
  };
}

/** The ends of the bucket that holds the value of this rank, from 1; open beyond the sample. */
function bucketOfRank({ bounds, counts, length }: BinnedSample, rank: number): Interval {
  if (rank < 1) return [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  if (rank > length) return [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let seen = 0;
  let bucket = 0;
  while (seen + counts[bucket]! < rank) seen += counts[bucket++]!;
  return [bounds[bucket - 1] ?? Number.NEGATIVE_INFINITY, bounds[bucket] ?? Number.POSITIVE_INFINITY];
}
