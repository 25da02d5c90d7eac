/**
 * By how much one histogram lies above another, as Hodges and Lehmann ask it: which shifts of x does a rank test against y not
 * refuse? The lower end comes from x where it looks lowest after the shift, the upper from where it looks highest. The interval
 * is as wide as the sampling and the buckets make it, and by nothing else; with fine buckets it is that of the values.
 */
import { highestPlaces, lowestPlaces, type Move, moved } from './binned-margin.ts';
import { compareBinned } from './binned-ranks.ts';
import { type BinnedSample, inCommonBuckets } from './binned-sample.ts';
import { brunnerMunzel } from './brunner-munzel.ts';
import { mannWhitney } from './mann-whitney.ts';
import type { Interval, Status } from './outcome.ts';
import { missOf } from './p-value.ts';

export interface BinnedShift {
  /** 'ok', 'no_data'. */
  readonly status: Status;
  /** The middle of `range`, for display, or its finite end; NaN where it has none. */
  readonly shift: number;
  /** Shifts that would explain these counts to the last: where it is wide the buckets hide it, however many values there are. */
  readonly range: Interval;
  /** Shifts that the test at this confidence does not refuse. */
  readonly ci: Interval;
}

export interface BinnedShiftOptions {
  /** In (0, 1), default 0.95. */
  readonly confidence?: number;
  /** 'difference', the default; 'ratio': of logarithms, for values ≥ 0. */
  readonly scale?: 'ratio' | 'difference';
}

/** Below this Brunner–Munzel's approximation is not to be trusted, and Mann–Whitney is exact. */
const FEW = 10;
/**
 * Ends are found to this part of the distance between the outermost bounds, just beyond the last shift that is refused: a margin
 * which is itself refused, such as a ratio of two bounds, then lies outside the interval.
 */
const PRECISION = 1e-9;

/**
 * O(buckets), some 120 walks. The test is Brunner–Munzel's, or Mann–Whitney's with fewer than ten values and where samples separate.
 * @throws RangeError on histograms whose buckets differ
 * @see Hodges and Lehmann 1963, Annals of Mathematical Statistics 34:598
 */
export function binnedShift(x: BinnedSample, y: BinnedSample, options: BinnedShiftOptions = {}): BinnedShift {
  const miss = missOf(options.confidence);
  const [ofX, ofY] = inCommonBuckets([x, y]) as [BinnedSample, BinnedSample];
  const open: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (x.length === 0 || y.length === 0) return { status: 'no_data', shift: Number.NaN, range: open, ci: open };
  const isRatio = options.scale === 'ratio';
  const reach = reachOf(ofX.bounds, isRatio);
  const move = (shift: number): Move => (isRatio ? bound => bound / Math.exp(shift) : bound => bound - shift);
  const lowest = (shift: number) => moved(ofX, lowestPlaces(ofX.bounds, move(shift)));
  const highest = (shift: number) => moved(ofX, highestPlaces(ofX.bounds, move(shift)));
  const pairs = x.length * y.length;
  const lean = (sample: BinnedSample) => compareBinned(sample.counts, ofY.counts).doubledU1 - pairs;
  const range: Interval = [
    lastWith(reach, shift => lean(lowest(shift)) > 0),
    0 - lastWith(reach, shift => lean(highest(-shift)) < 0),
  ];
  const ci: Interval = [
    lastWith(reach, shift => rankP(lowest(shift), ofY, 'greater') <= miss),
    0 - lastWith(reach, shift => rankP(highest(-shift), ofY, 'less') <= miss),
  ];
  return { status: 'ok', shift: middleOf(range), range, ci };
}

function rankP(x: BinnedSample, y: BinnedSample, alternative: 'greater' | 'less'): number {
  const few = Math.min(x.length, y.length) < FEW;
  const munzel = few ? null : brunnerMunzel(x, y, { alternative });
  return munzel?.status === 'ok' ? munzel.p : mannWhitney(x, y, { alternative }).p;
}

/** Beyond this shift every value is beyond every bound, and another shift changes nothing. */
function reachOf(bounds: Float64Array, isRatio: boolean): number {
  const ends = isRatio ? bounds.filter(bound => bound > 0).map(Math.log) : bounds;
  if (ends.length === 0) return 1;
  const [first, last] = [ends[0]!, ends.at(-1)!];
  return last - first + 2 * PRECISION * (Math.max(Math.abs(first), Math.abs(last)) || 1);
}

/** Just above the largest shift up to `reach` with what holds of all smaller ones; infinite where it holds of none or of all. */
function lastWith(reach: number, holds: (shift: number) => boolean): number {
  if (!holds(-reach)) return Number.NEGATIVE_INFINITY;
  if (holds(reach)) return Number.POSITIVE_INFINITY;
  let low = -reach;
  let high = reach;
  while (high - low > reach * PRECISION) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return high;
}

function middleOf([low, high]: Interval): number {
  if (Number.isFinite(low) && Number.isFinite(high)) return (low + high) / 2;
  return Number.isFinite(low) ? low : Number.isFinite(high) ? high : Number.NaN;
}
