/**
 * Hodges and Lehmann's shift: the median of all differences x − y, robust where a difference of means follows the outliers.
 * On logarithms it is a ratio. The n·m differences are never stored: order statistics come from the sorted samples.
 */
import type { Interval, Sample, Status } from './outcome.ts';
import { missOf } from './p-value.ts';
import { differencesOfRanks, middleOf } from './pairwise-difference.ts';
import { sortedValues } from './prepared-sample.ts';
import { normalQuantile } from './special.ts';

export interface Shift {
  /** 'ok', 'no_data', 'insufficient_data' (the interval is unbounded at this confidence), 'not_finite' (so is the shift). */
  readonly status: Status;
  /** Median of all x[i] − y[j], in the data's unit; NaN where n·m = 0 or infinite values meet. */
  readonly shift: number;
  /** Differences of rank k and n·m + 1 − k, k = ⌊nm/2 − z·√(nm(n + m + 1)/12)⌋. */
  readonly ci: Interval;
}

/**
 * O((n + m) log(n + m)) time, O(n + m) memory.
 * @param options confidence in (0, 1), default 0.95
 * @throws RangeError on NaN in the data
 * @see Hodges and Lehmann 1963, Annals of Mathematical Statistics 34:598; [1, 2, 3] against [0, 10]: −3
 */
export function hodgesLehmann(x: Sample, y: Sample, options: { readonly confidence?: number } = {}): Shift {
  const sortedX = sortedValues(x);
  const sortedY = sortedValues(y);
  const n = x.length;
  const m = y.length;
  const pairs = n * m;
  const unbounded: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (pairs === 0) return { status: 'no_data', shift: Number.NaN, ci: unbounded };
  const finite = [sortedX[0]!, sortedX[n - 1]!, sortedY[0]!, sortedY[m - 1]!].every(Number.isFinite);
  if (!finite) return { status: 'not_finite', shift: Number.NaN, ci: unbounded };

  const z = normalQuantile(missOf(options.confidence));
  const k = Math.floor(pairs / 2 - z * Math.sqrt((pairs * (n + m + 1)) / 12));
  const middle = [Math.ceil(pairs / 2), Math.floor(pairs / 2) + 1];
  const ranks = k < 1 ? middle : [k, ...middle, pairs + 1 - k];
  const found = differencesOfRanks(sortedX, sortedY, ranks);
  if (k < 1) return { status: 'insufficient_data', shift: middleOf(found[0]!, found[1]!), ci: unbounded };
  return { status: 'ok', shift: middleOf(found[1]!, found[2]!), ci: [found[0]!, found[3]!] };
}
