/**
 * What every two-sample result shares. A test that cannot answer says so in `status` and stays on the safe side
 * (p = 1, an interval without end): a NaN p-value would compare as "not significant" somewhere and as an error elsewhere.
 */

import type { BinnedSample } from './binned-sample.ts';
import type { PreparedSample } from './prepared-sample.ts';

/** As in SciPy: 'greater' means x tends to be larger than y, 'less' that it tends to be smaller. */
export type Alternative = 'two-sided' | 'greater' | 'less';

/**
 * - `ok`: computed as usual.
 * - `no_data`: a sample is empty. `insufficient_data`: too few values for this method. Both: p = 1.
 * - `degenerate_equal`: no variation and no difference, p = 1; `degenerate_all_tied`: one single distinct value, p = 1.
 * - `degenerate_different`: both samples constant, at different values; `separated`: every value of one sample lies above
 *   all of the other, where the method has no variance. Both: the statistic is ±Infinity and p that of the exact rank test.
 * - `not_finite`: ±Infinity in the data, which only rank methods take; `not_positive`: a logarithm of a value ≤ 0. p = 1.
 */
export type Status =
  | 'ok'
  | 'no_data'
  | 'insufficient_data'
  | 'degenerate_equal'
  | 'degenerate_different'
  | 'degenerate_all_tied'
  | 'separated'
  | 'not_finite'
  | 'not_positive';

/**
 * Values of one sample, plain or prepared for several tests. Never changed. NaN throws a RangeError everywhere: it has no rank
 * and no mean.
 */
export type Sample = ArrayLike<number> | PreparedSample;

/** What a rank test takes: also counts by bucket, whose values are ties of their bucket. */
export type RankSample = Sample | BinnedSample;

/** [low, high]; −Infinity and Infinity where the data cannot bound it. */
export type Interval = [low: number, high: number];

export interface TestOutcome {
  readonly status: Status;
  /** In [0, 1], never NaN. 0 where it is below 5e-324: then `log10P` still tells. */
  readonly p: number;
  /** Decimal logarithm of p, accurate where p itself is 0. */
  readonly log10P: number;
}
