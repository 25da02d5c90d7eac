/**
 * A sample of which only a histogram is left: how many values lie in each bucket. To a rank test the values of one bucket are
 * ties, which is exact: nothing is interpolated within a bucket. Two samples are compared in the same buckets or not at all.
 */
import { countsWithin, type NativeBuckets, nativeBounds, nativeIndex, onOneGrid } from './native-grid.ts';

/** Never changed. Made by `binnedSample`, `classicHistogram`, `nativeHistogram` or `binnedValues`. */
export class BinnedSample {
  /** Bucket i is (bounds[i − 1], bounds[i]]; the first is open downward, the last, beyond all bounds, to +Infinity. */
  readonly bounds: Float64Array;
  /** Whole numbers ≥ 0, one more than bounds. */
  readonly counts: Float64Array;
  /** How many values: the sum of the counts. */
  readonly length: number;
  /** What a native histogram was made of, so that it can be merged with another; null where the bounds are all there is. */
  readonly native: NativeBuckets | null;

  /** @throws RangeError unless bounds are finite and rise strictly, and counts are as described and sum below 2^53 */
  constructor(bounds: ArrayLike<number>, counts: ArrayLike<number>, native: NativeBuckets | null = null) {
    this.bounds = Float64Array.from(bounds);
    this.counts = Float64Array.from(counts);
    this.native = native;
    checkBounds(this.bounds);
    if (counts.length !== bounds.length + 1)
      throw new RangeError(
        `${bounds.length} bounds make ${bounds.length + 1} buckets, the last open to +Infinity; got ${counts.length} counts`,
      );
    this.length = checkedTotal(this.counts);
  }
}

/** @throws RangeError as the constructor says */
export function binnedSample(bounds: ArrayLike<number>, counts: ArrayLike<number>): BinnedSample {
  return new BinnedSample(bounds, counts);
}

/** @throws RangeError for counts that are not whole or below 0 */
export function fromNative(buckets: NativeBuckets, bounds = nativeBounds([buckets])): BinnedSample {
  return new BinnedSample(bounds, countsWithin(buckets, bounds), buckets);
}

/**
 * The same samples in common buckets: as they are where the buckets are equal, native histograms merged down to the coarser
 * schema and the wider zero bucket. Exact. O(buckets).
 * @throws RangeError that names the first bound that differs
 */
export function inCommonBuckets(samples: readonly BinnedSample[]): BinnedSample[] {
  const [first, ...others] = samples;
  const differing = others.find(other => differenceOfBounds(first!.bounds, other.bounds) !== null);
  if (!differing) return [...samples];
  const native = samples.flatMap(sample => sample.native ?? []);
  if (native.length < samples.length)
    throw new RangeError(`the buckets differ: ${differenceOfBounds(first!.bounds, differing.bounds)}`);
  const merged = onOneGrid(native);
  const bounds = nativeBounds(merged);
  return merged.map(buckets => fromNative(buckets, bounds));
}

/** The first bound that differs, in words; null where all are equal. */
export function differenceOfBounds(x: ArrayLike<number>, y: ArrayLike<number>): string | null {
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    if (x[i] === y[i]) continue;
    const end = (bound: number | undefined) => (bound === undefined ? 'missing' : String(bound));
    return `bound ${i + 1} is ${end(x[i])} in the first and ${end(y[i])} in the second`;
  }
  return null;
}

/**
 * Plain values in the buckets of a histogram, so that the two can be compared. O(n log buckets).
 * @throws RangeError on NaN, and on a value below a native histogram's zero bucket
 */
export function binnedValues(values: ArrayLike<number>, like: BinnedSample): BinnedSample {
  return like.native ? nativeOf(values, like.native) : boundedBy(values, like.bounds);
}

function boundedBy(values: ArrayLike<number>, bounds: Float64Array): BinnedSample {
  const counts = new Float64Array(bounds.length + 1);
  for (let i = 0; i < values.length; i++) {
    const place = bucketOf(bounds, checkedValue(values[i]!));
    counts[place] = counts[place]! + 1;
  }
  return new BinnedSample(bounds, counts);
}

/** The first bucket whose upper bound is at least `value`. */
export function bucketOf(bounds: Float64Array, value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle]! >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function nativeOf(values: ArrayLike<number>, { schema, zeroThreshold }: NativeBuckets): BinnedSample {
  const counts = new Map<number, number>();
  let zeroCount = 0;
  for (let i = 0; i < values.length; i++) {
    const value = checkedValue(values[i]!);
    if (value < -zeroThreshold) throw new RangeError(`native buckets hold values from 0, got ${value}`);
    if (value <= zeroThreshold) zeroCount++;
    else {
      const index = nativeIndex(schema, value);
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
  }
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const [indexes, found] = [sorted.map(([index]) => index), sorted.map(([, count]) => count)];
  return fromNative({ schema, zeroThreshold, zeroCount, indexes, counts: found });
}

function checkedValue(value: number): number {
  if (Number.isNaN(value)) throw new RangeError('a sample holds NaN, which has no bucket');
  return value;
}

function checkBounds(bounds: Float64Array): void {
  bounds.forEach((bound, i) => {
    if (!Number.isFinite(bound)) throw new RangeError(`bounds must be finite, got ${bound}: the last bucket has none`);
    if (i > 0 && !(bound > bounds[i - 1]!))
      throw new RangeError(`bounds must rise strictly, got ${bound} after ${bounds[i - 1]}`);
  });
}

function checkedTotal(counts: Float64Array): number {
  let total = 0;
  counts.forEach((count, i) => {
    if (!(Number.isSafeInteger(count) && count >= 0))
      throw new RangeError(
        `counts must be whole numbers ≥ 0, bucket ${i + 1} holds ${count}: take differences of counters, not rate() or increase()`,
      );
    total += count;
  });
  if (!Number.isSafeInteger(total)) throw new RangeError(`a histogram may hold 2^53 − 1 values, got ${total}`);
  return total;
}
