/**
 * The k-th smallest of all n·m differences x[i] − y[j] of two sorted samples. The differences form a matrix sorted along rows
 * and columns; a walk along its staircase counts those below a pivot in n + m steps. A few rounds of sampled pivots leave so
 * few candidates that they can be sorted. Works on the rounded differences themselves: the result is exactly one of them.
 */
import { seededRandom } from './random.ts';

const SAMPLE = 512;

/**
 * About 4·(n + m) steps a round, some 5 rounds for a million values a side. The random numbers only choose pivots: the result
 * does not depend on them.
 * @param x, y sorted upward, finite, not empty; rank from 1 to n·m
 * @param columns how many y each x meets, never rising; default all, and then the rank ends at their sum
 */
export function differenceOfRank(
  x: Float64Array,
  y: Float64Array,
  rank: number,
  columns = new Int32Array(x.length).fill(y.length),
): number {
  const n = x.length;
  // Row i holds x[i] − y[j]; its candidates are those with j from `from[i]` up to, not including, `to[i]`: values in
  // (low, high]. Larger j, smaller difference.
  let from = new Int32Array(n);
  let to = columns;
  let below = 0;
  let left = countCandidates(from, to);
  const enough = Math.max(1024, (n + y.length) / 4);
  const random = seededRandom(n);
  while (left > enough) {
    const [lowPivot, highPivot] = pivots(x, y, { from, to, left }, (rank - below) / left, random);
    const atLow = staircase(x, y, lowPivot, columns);
    const atHigh = lowPivot === highPivot ? atLow : staircase(x, y, highPivot, columns);
    if (rank <= atLow.atMost) {
      // Among values ≤ lowPivot: either the pivot itself or strictly below it.
      if (rank > atLow.lessThan) return lowPivot;
      from = atLow.firstLess;
      left = atLow.lessThan - below;
    } else if (rank > atHigh.lessThan) {
      if (rank <= atHigh.atMost) return highPivot;
      to = atHigh.firstAtMost;
      below = atHigh.atMost;
      left = countCandidates(from, to);
    } else {
      to = atLow.firstAtMost;
      from = atHigh.firstLess;
      below = atLow.atMost;
      left = atHigh.lessThan - below;
    }
  }
  const candidates = new Float64Array(left);
  let filled = 0;
  for (let i = 0; i < n; i++) for (let j = from[i]!; j < to[i]!; j++) candidates[filled++] = x[i]! - y[j]!;
  return candidates.sort()[rank - below - 1]!;
}

/** Mean of two numbers, rounded once; halves them first only where their sum would overflow. */
export function middleOf(low: number, high: number): number {
  const sum = low + high;
  return Number.isFinite(sum) ? sum / 2 : low / 2 + high / 2;
}

interface Staircase {
  readonly lessThan: number;
  readonly atMost: number;
  /** By row, the first j with x[i] − y[j] < pivot. */
  readonly firstLess: Int32Array<ArrayBuffer>;
  /** By row, the first j with x[i] − y[j] ≤ pivot. */
  readonly firstAtMost: Int32Array<ArrayBuffer>;
}

function staircase(x: Float64Array, y: Float64Array, pivot: number, columns: Int32Array): Staircase {
  const n = x.length;
  const firstLess = new Int32Array(n);
  const firstAtMost = new Int32Array(n);
  let lessThan = 0;
  let atMost = 0;
  let less = 0;
  let same = 0;
  for (let i = 0; i < n; i++) {
    const value = x[i]!;
    const m = columns[i]!;
    while (same < m && value - y[same]! > pivot) same++;
    if (less < same) less = same;
    while (less < m && value - y[less]! >= pivot) less++;
    firstAtMost[i] = Math.min(same, m);
    firstLess[i] = Math.min(less, m);
    atMost += m - firstAtMost[i]!;
    lessThan += m - firstLess[i]!;
  }
  return { lessThan, atMost, firstLess, firstAtMost };
}

interface Candidates {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly left: number;
}

function countCandidates(from: Int32Array, to: Int32Array): number {
  let count = 0;
  for (let i = 0; i < from.length; i++) count += to[i]! - from[i]!;
  return count;
}

/** Two candidates that enclose the wanted share with a probability of about 99%. */
function pivots(
  x: Float64Array,
  y: Float64Array,
  { from, to, left }: Candidates,
  share: number,
  random: () => number,
): [low: number, high: number] {
  const places = Float64Array.from({ length: SAMPLE }, () => Math.floor(random() * left)).sort();
  const sample = new Float64Array(SAMPLE);
  let passed = 0;
  let next = 0;
  for (let i = 0; i < from.length && next < SAMPLE; i++) {
    const width = to[i]! - from[i]!;
    while (next < SAMPLE && places[next]! < passed + width) {
      sample[next] = x[i]! - y[from[i]! + (places[next]! - passed)]!;
      next++;
    }
    passed += width;
  }
  sample.sort();
  const centre = share * (SAMPLE - 1);
  const margin = 2.6 * Math.sqrt(SAMPLE * share * (1 - share)) + 1;
  const at = (place: number) => sample[Math.max(0, Math.min(SAMPLE - 1, Math.round(place)))]!;
  return [at(centre - margin), at(centre + margin)];
}
