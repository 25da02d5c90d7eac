/**
 * Hodges and Lehmann's shift of counts by bucket. Each difference x − y is known to lie between that of the near and that of
 * the far ends of its two buckets; its order statistics rise with the differences, so those of the ends enclose those of the
 * values. The interval is that of the values, widened by what the buckets hide, and by nothing else.
 */
import { type BinnedSample, inCommonBuckets } from './binned-sample.ts';
import type { Interval, Status } from './outcome.ts';
import { missOf } from './p-value.ts';
import { normalQuantile } from './special.ts';

export interface BinnedShift {
  /** 'ok', 'no_data', or 'insufficient_data' (the interval is unbounded at this confidence). */
  readonly status: Status;
  /** The shift of the middles of the buckets, for display; of an open bucket its one end. NaN where nothing can be said. */
  readonly shift: number;
  /** The values' own shift lies in here. */
  readonly range: Interval;
  /** Holds the interval of `hodgesLehmann` on the values. */
  readonly ci: Interval;
}

export interface BinnedShiftOptions {
  readonly confidence?: number;
  /** 'difference', the default; 'ratio': of logarithms, for values ≥ 0. */
  readonly scale?: 'ratio' | 'difference';
}

/** One sample's populated buckets. */
interface Ends {
  readonly counts: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly middle: readonly number[];
}

/**
 * O(buckets), some sixty walks.
 * @throws RangeError on histograms whose buckets differ
 * @see Hodges and Lehmann 1963, Annals of Mathematical Statistics 34:598
 */
export function binnedShift(x: BinnedSample, y: BinnedSample, options: BinnedShiftOptions = {}): BinnedShift {
  const [binnedX, binnedY] = inCommonBuckets([x, y]) as [BinnedSample, BinnedSample];
  const [n, m] = [x.length, y.length];
  const pairs = n * m;
  const unbounded: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (pairs === 0) return { status: 'no_data', shift: Number.NaN, range: unbounded, ci: unbounded };
  const [endsX, endsY] = [endsOf(binnedX, options), endsOf(binnedY, options)];
  const z = normalQuantile(missOf(options.confidence));
  const k = Math.floor(pairs / 2 - z * Math.sqrt((pairs * (n + m + 1)) / 12));
  const leastOf = (rank: number) => differenceOfRank(endsX, 'low', endsY, 'high', rank);
  const mostOf = (rank: number) => differenceOfRank(endsX, 'high', endsY, 'low', rank);
  const [below, above] = [Math.ceil(pairs / 2), Math.floor(pairs / 2) + 1];
  const range: Interval = [leastOf(below), mostOf(above)];
  const shift = differenceOfRank(endsX, 'middle', endsY, 'middle', below);
  if (k < 1) return { status: 'insufficient_data', shift, range, ci: unbounded };
  return { status: 'ok', shift, range, ci: [leastOf(k), mostOf(pairs + 1 - k)] };
}

function endsOf({ bounds, counts }: BinnedSample, { scale = 'difference' }: BinnedShiftOptions): Ends {
  const onScale = (bound: number) => (scale === 'ratio' ? Math.log(Math.max(0, bound)) : bound);
  const ends = { counts: [] as number[], low: [] as number[], high: [] as number[], middle: [] as number[] };
  counts.forEach((count, bucket) => {
    if (count === 0) return;
    const low = bucket === 0 ? Number.NEGATIVE_INFINITY : onScale(bounds[bucket - 1]!);
    const high = bucket === bounds.length ? Number.POSITIVE_INFINITY : onScale(bounds[bucket]!);
    ends.counts.push(count);
    ends.low.push(low);
    ends.high.push(high);
    ends.middle.push(
      high === Number.POSITIVE_INFINITY ? low : low === Number.NEGATIVE_INFINITY ? high : (low + high) / 2,
    );
  });
  return ends;
}

type End = 'low' | 'high' | 'middle';

/** The difference of this rank among all pairs, from 1; exactly one of the differences. Found by halving, a walk each time. */
function differenceOfRank(x: Ends, ofX: End, y: Ends, ofY: End, rank: number): number {
  const undefinedAs = ofX === 'low' ? Number.NEGATIVE_INFINITY : ofX === 'high' ? Number.POSITIVE_INFINITY : 0;
  // Infinite ends of one side meet: nothing is known of this difference, on the side that was asked for.
  const difference = (i: number, j: number) => {
    const found = x[ofX][i]! - y[ofY][j]!;
    return Number.isNaN(found) ? undefinedAs : found;
  };
  const reaches = (pivot: number) => atMost(x.counts, y.counts, difference, pivot) >= rank;
  if (reaches(Number.NEGATIVE_INFINITY)) return Number.NEGATIVE_INFINITY;
  let low = -Number.MAX_VALUE;
  let high = Number.MAX_VALUE;
  if (!reaches(high)) return Number.POSITIVE_INFINITY;
  const finite = finiteEnds(x, y, difference);
  if (finite && reaches(finite[0])) return finite[0];
  if (finite) [low, high] = finite;
  for (;;) {
    const middle = low / 2 + high / 2;
    if (!(middle > low && middle < high)) return high;
    if (reaches(middle)) high = middle;
    else low = middle;
  }
}

/** The smallest and the largest finite difference. */
function finiteEnds(x: Ends, y: Ends, difference: (i: number, j: number) => number): Interval | null {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < x.counts.length; i++) {
    for (const j of [0, 1, y.counts.length - 2, y.counts.length - 1]) {
      if (j < 0 || j >= y.counts.length) continue;
      const found = difference(i, j);
      if (!Number.isFinite(found)) continue;
      least = Math.min(least, found);
      most = Math.max(most, found);
    }
  }
  return least <= most ? [least, most] : null;
}

/** How many pairs differ by at most `pivot`: differences rise with i and fall with j, so one walk along the border does. */
function atMost(
  countsX: readonly number[],
  countsY: readonly number[],
  difference: (i: number, j: number) => number,
  pivot: number,
): number {
  let j = 0;
  let left = countsY.reduce((sum, count) => sum + count, 0);
  let pairs = 0;
  for (let i = 0; i < countsX.length; i++) {
    while (j < countsY.length && difference(i, j) > pivot) left -= countsY[j++]!;
    pairs += countsX[i]! * left;
  }
  return pairs;
}
