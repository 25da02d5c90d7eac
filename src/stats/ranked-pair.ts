/**
 * Two samples as a rank test sees them, whatever they are made of: plain values, prepared ones, or counts by bucket. Plain
 * values beside a histogram go into its buckets, because ranks between the two are not known any finer.
 */

import { compareBinned } from './binned-ranks.ts';
import { BinnedSample, binnedValues, inCommonBuckets } from './binned-sample.ts';
import { requireExactSize } from './exact-rank-sum.ts';
import type { RankSample } from './outcome.ts';
import { prepareSample, valuesIn } from './prepared-sample.ts';
import type { RankComparison } from './rank-comparison.ts';

export interface RankedPair {
  readonly ranks: RankComparison;
  /** Values in each. */
  readonly n: number;
  readonly m: number;
  /** One single value (or bucket) in both. */
  readonly allTied: boolean;
  /** Both sorted upward, for exact tests of small samples; binned ones as the numbers of their buckets, which have the same ranks. */
  sorted(): [x: Float64Array, y: Float64Array];
}

/** @throws RangeError on NaN; on histograms whose buckets differ */
export function rankedPair(x: RankSample, y: RankSample): RankedPair {
  if (x instanceof BinnedSample || y instanceof BinnedSample) return binnedPair(...commonBuckets(x, y));
  const [preparedX, preparedY] = [prepareSample(x), prepareSample(y)];
  return {
    n: preparedX.length,
    m: preparedY.length,
    ranks: preparedX.ranksAgainst(preparedY),
    get allTied() {
      const [a, b] = [preparedX.sorted, preparedY.sorted];
      return a[0] === b[0] && a[0] === a[a.length - 1] && b[0] === b[b.length - 1];
    },
    sorted: () => [preparedX.sorted, preparedY.sorted],
  };
}

function commonBuckets(x: RankSample, y: RankSample): [BinnedSample, BinnedSample] {
  const binnedX = x instanceof BinnedSample ? x : binnedValues(valuesIn(x), y as BinnedSample);
  const binnedY = y instanceof BinnedSample ? y : binnedValues(valuesIn(y), binnedX);
  return inCommonBuckets([binnedX, binnedY]) as [BinnedSample, BinnedSample];
}

function binnedPair(x: BinnedSample, y: BinnedSample): RankedPair {
  return {
    n: x.length,
    m: y.length,
    ranks: compareBinned(x.counts, y.counts),
    allTied: x.counts.filter((count, k) => count + y.counts[k]! > 0).length <= 1,
    sorted() {
      requireExactSize(x.length, y.length);
      return [bucketNumbers(x), bucketNumbers(y)];
    },
  };
}

function bucketNumbers({ counts, length }: BinnedSample): Float64Array {
  const numbers = new Float64Array(length);
  let from = 0;
  counts.forEach((count, k) => {
    numbers.fill(k, from, from + count);
    from += count;
  });
  return numbers;
}
