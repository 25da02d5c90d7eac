/**
 * All that Mann–Whitney, Cliff's delta, Kolmogorov–Smirnov and Brunner–Munzel need to know of two sorted samples: from one merge
 * (two where values are shared) that a processor need not guess its way through, and straight loops over what it wrote down.
 */

export interface RankComparison {
  /** 2·U1, a whole number: pairs in which x is larger count 2, ties 1. */
  readonly doubledU1: number;
  /** Σ(t³ − t) over groups of t equal values. */
  readonly tieTerm: number;
  /** Largest F_x − F_y and F_y − F_x, in units of 1/(n·m): whole numbers, at least 0. */
  readonly above: number;
  readonly below: number;
  /** Squared deviations of the placements from their mean: how many y lie below each x, ties counting ½; and so for y. */
  readonly squaresX: number;
  readonly squaresY: number;
}

/** For each value of one sample: how many of the other lie below it, and how many below or level with it. */
interface Placements {
  readonly below: Int32Array;
  readonly atMost: Int32Array;
}

/** O(n + m) time and memory. @param x, y sorted upward, without NaN */
export function compareRanks(x: Float64Array, y: Float64Array): RankComparison {
  const belowX = new Int32Array(x.length);
  const atMostY = new Int32Array(y.length);
  const shared = merge(x, y, belowX, atMostY);
  const ofX: Placements = { below: belowX, atMost: shared ? new Int32Array(x.length) : belowX };
  const ofY: Placements = { below: shared ? new Int32Array(y.length) : atMostY, atMost: atMostY };
  // The other way round, the values of y are the first to go at a tie.
  if (shared) merge(y, x, ofY.below, ofX.atMost);
  const doubledU1 = doubledSum(ofX);
  const doubledU2 = 2 * x.length * y.length - doubledU1;
  return {
    doubledU1,
    tieTerm: tiesFromOne(x, ofX) + tiesApart(y, ofY),
    ...distances(ofX, x.length, y.length),
    squaresX: squaresAround(doubledU1 / 2 / x.length, ofX),
    squaresY: squaresAround(doubledU2 / 2 / y.length, ofY),
  };
}

/**
 * Writes how many y lie below each x, and how many x are at most each y. Both places are written at every step, and the last
 * time counts: a comparison turns into arithmetic, where a branch would be guessed wrong every other time.
 * @returns whether a value occurs in both
 */
function merge(x: Float64Array, y: Float64Array, belowX: Int32Array, atMostY: Int32Array): boolean {
  const n = x.length;
  const m = y.length;
  let i = 0;
  let j = 0;
  let shared = 0;
  while (i < n && j < m) {
    const ofX = x[i]!;
    const ofY = y[j]!;
    belowX[i] = j;
    atMostY[j] = i;
    const first = Number(ofX <= ofY);
    shared += Number(ofX === ofY);
    i += first;
    j += 1 - first;
  }
  belowX.fill(m, i);
  atMostY.fill(n, j);
  return shared > 0;
}

function doubledSum({ below, atMost }: Placements): number {
  let sum = 0;
  for (let i = 0; i < below.length; i++) sum += below[i]! + atMost[i]!;
  return sum;
}

function squaresAround(mean: number, { below, atMost }: Placements): number {
  let squares = 0;
  for (let i = 0; i < below.length; i++) {
    const deviation = (below[i]! + atMost[i]!) / 2 - mean;
    squares += deviation * deviation;
  }
  return squares;
}

/** F_x leads most just after an x, F_y just before one. */
function distances({ below, atMost }: Placements, n: number, m: number): { above: number; below: number } {
  let lead = 0;
  let lag = 0;
  for (let i = 0; i < n; i++) {
    lead = Math.max(lead, (i + 1) * m - atMost[i]! * n);
    lag = Math.max(lag, below[i]! * n - i * m);
  }
  return { above: lead, below: lag };
}

/** Tie groups that hold a value of this sample. */
function tiesFromOne(x: Float64Array, { below, atMost }: Placements): number {
  if (below === atMost && !hasTwins(x)) return 0;
  let tieTerm = 0;
  let start = 0;
  for (let i = 1; i <= x.length; i++) {
    if (i < x.length && x[i] === x[start]) continue;
    const t = i - start + atMost[start]! - below[start]!;
    if (t > 1) tieTerm += t * (t - 1) * (t + 1);
    start = i;
  }
  return tieTerm;
}

/** Tie groups that this sample has for itself. */
function tiesApart(y: Float64Array, { below, atMost }: Placements): number {
  if (!hasTwins(y)) return 0;
  let tieTerm = 0;
  let start = 0;
  for (let j = 1; j <= y.length; j++) {
    if (j < y.length && y[j] === y[start]) continue;
    const t = j - start;
    if (t > 1 && atMost[start] === below[start]) tieTerm += t * (t - 1) * (t + 1);
    start = j;
  }
  return tieTerm;
}

/** Most samples of times have none, and to know so is cheaper than to look for groups. */
function hasTwins(sorted: Float64Array): boolean {
  let twins = 0;
  let before = Number.NaN;
  for (let i = 0; i < sorted.length; i++) {
    const value = sorted[i]!;
    twins += Number(value === before);
    before = value;
  }
  return twins > 0;
}
