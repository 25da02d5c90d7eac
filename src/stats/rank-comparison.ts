/**
 * All that Mann–Whitney, Cliff's delta and Kolmogorov–Smirnov need to know of two sorted samples, from one walk along both.
 * Written out rather than built on the general walk over tie groups: this one runs over millions of values.
 */

export interface RankComparison {
  /** 2·U1, a whole number: pairs in which x is larger count 2, ties 1. */
  readonly doubledU1: number;
  /** Σ(t³ − t) over groups of t equal values. */
  readonly tieTerm: number;
  /** Largest F_x − F_y and F_y − F_x, in units of 1/(n·m): whole numbers, at least 0. */
  readonly above: number;
  readonly below: number;
}

/** O(n + m). @param x, y sorted upward, without NaN */
export function compareRanks(x: Float64Array, y: Float64Array): RankComparison {
  const n = x.length;
  const m = y.length;
  let [i, j, doubledU1, tieTerm, above, below] = [0, 0, 0, 0, 0, 0];
  while (i < n && j < m) {
    const [startX, startY] = [i, j];
    const value = x[i]! <= y[j]! ? x[i]! : y[j]!;
    while (i < n && x[i] === value) i++;
    while (j < m && y[j] === value) j++;
    doubledU1 += (i - startX) * (startY + j);
    const t = i - startX + j - startY;
    if (t > 1) tieTerm += t * (t - 1) * (t + 1);
    const distance = i * m - j * n;
    if (distance > above) above = distance;
    else if (-distance > below) below = -distance;
  }
  // What is left of one sample lies above the whole other one, and closes the distance.
  doubledU1 += (n - i) * 2 * m;
  const rest = i < n ? x.subarray(i) : y.subarray(j);
  return { doubledU1, tieTerm: tieTerm + tiesWithin(rest), above, below };
}

function tiesWithin(sorted: Float64Array): number {
  let tieTerm = 0;
  let start = 0;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i] === sorted[start]) continue;
    const t = i - start;
    tieTerm += t * (t - 1) * (t + 1);
    start = i;
  }
  return tieTerm;
}
