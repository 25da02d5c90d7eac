/**
 * What the rank tests need of two samples in common buckets: the same numbers that a walk along the values would give, from
 * one walk along the buckets. Whole numbers are kept as big integers until they are done: a thousand million values a side
 * make 10^18 pairs, beyond what doubles count.
 */
import type { RankComparison } from './rank-comparison.ts';

/** O(buckets); each number is the exact one, rounded once. @param x, y counts by the same buckets, whole */
export function compareBinned(x: Float64Array, y: Float64Array): RankComparison {
  const [countsX, countsY] = [Array.from(x, BigInt), Array.from(y, BigInt)];
  const [n, m] = [sumOf(countsX), sumOf(countsY)];
  let [belowX, belowY, doubledU1, tieTerm, above, below] = [0n, 0n, 0n, 0n, 0n, 0n];
  // Twice the placement of each bucket's values in the other sample.
  const [placesX, placesY]: [bigint[], bigint[]] = [[], []];
  countsX.forEach((ofX, k) => {
    const ofY = countsY[k]!;
    placesX.push(2n * belowY + ofY);
    placesY.push(2n * belowX + ofX);
    doubledU1 += ofX * (2n * belowY + ofY);
    const tied = ofX + ofY;
    tieTerm += tied * (tied - 1n) * (tied + 1n);
    belowX += ofX;
    belowY += ofY;
    const lead = belowX * m - belowY * n;
    if (lead > above) above = lead;
    if (-lead > below) below = -lead;
  });
  return {
    doubledU1: Number(doubledU1),
    tieTerm: Number(tieTerm),
    above: Number(above),
    below: Number(below),
    squaresX: squares(x, placesX, doubledU1, n),
    squaresY: squares(y, placesY, 2n * n * m - doubledU1, m),
  };
}

/** Exactly 0 where all placements are equal, however large: "separated" is decided by it. */
function squares(counts: Float64Array, doubledPlaces: readonly bigint[], doubledSum: bigint, size: bigint): number {
  let sum = 0;
  counts.forEach((count, k) => {
    if (count === 0) return;
    const deviation = Number(doubledPlaces[k]! * size - doubledSum) / (2 * Number(size));
    sum += count * deviation * deviation;
  });
  return sum;
}

function sumOf(counts: readonly bigint[]): bigint {
  return counts.reduce((sum, count) => sum + count, 0n);
}
