/**
 * Order statistics of all n·m differences x[i] − y[j] of two sorted samples. The differences form a matrix sorted along rows
 * and columns; a walk along its staircase counts those below a pivot in n + m steps. A few rounds of sampled pivots leave so
 * few candidates that they can be sorted. Works on the rounded differences themselves: the result is exactly one of them.
 */
import { seededRandom } from './random.ts';

/** Differences still in question: by row, those with j from `from` up to, not including, `to`. Larger j, smaller difference. */
interface Part {
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** How many differences are smaller than all of these, and how many these are. */
  readonly below: number;
  readonly left: number;
  /** The ranks to be found among them, upward. */
  readonly ranks: readonly number[];
}

/**
 * Some four rounds of 4·(n + m) steps for a million values a side, shared by ranks that lie close together. The random numbers
 * only choose pivots: the result does not depend on them.
 * @param x, y sorted upward, finite, not empty; ranks upward, from 1 to n·m
 * @param columns how many y each x meets, never rising; default all, and then the ranks end at their sum
 * @returns the differences of these ranks, in the same order
 */
export function differencesOfRanks(
  x: Float64Array,
  y: Float64Array,
  ranks: readonly number[],
  columns = new Int32Array(x.length).fill(y.length),
): number[] {
  const found = new Map<number, number>();
  const enough = Math.max(1024, (x.length + y.length) / 4);
  const random = seededRandom(x.length);
  const all = columns.reduce((sum, width) => sum + width, 0);
  const parts: Part[] = [{ from: new Int32Array(x.length), to: columns, below: 0, left: all, ranks }];
  for (let part = parts.pop(); part; part = parts.pop()) {
    if (part.left <= enough) {
      const sorted = sortedDifferences(x, y, part);
      for (const rank of part.ranks) found.set(rank, sorted[rank - part.below - 1]!);
      continue;
    }
    const [low, high] = pivots(x, y, part, random);
    const atLow = staircase(x, y, low, columns);
    const atHigh = low === high ? atLow : staircase(x, y, high, columns);
    const isBetween = (rank: number) => rank > atLow.atMost && rank <= atHigh.lessThan;
    for (const rank of part.ranks) {
      if (rank > atLow.lessThan && rank <= atLow.atMost) found.set(rank, low);
      else if (rank > atHigh.lessThan && rank <= atHigh.atMost) found.set(rank, high);
    }
    const { from, to, below, left } = part;
    const thirds: Part[] = [
      {
        from: atLow.firstLess,
        to,
        below,
        left: atLow.lessThan - below,
        ranks: part.ranks.filter(r => r <= atLow.lessThan),
      },
      {
        from: atHigh.firstLess,
        to: atLow.firstAtMost,
        below: atLow.atMost,
        left: atHigh.lessThan - atLow.atMost,
        ranks: part.ranks.filter(isBetween),
      },
      {
        from,
        to: atHigh.firstAtMost,
        below: atHigh.atMost,
        left: below + left - atHigh.atMost,
        ranks: part.ranks.filter(r => r > atHigh.atMost),
      },
    ];
    parts.push(...thirds.filter(third => third.ranks.length > 0));
  }
  return ranks.map(rank => found.get(rank)!);
}

function sortedDifferences(x: Float64Array, y: Float64Array, { from, to, left }: Part): Float64Array {
  const differences = new Float64Array(left);
  let filled = 0;
  for (let i = 0; i < x.length; i++) for (let j = from[i]!; j < to[i]!; j++) differences[filled++] = x[i]! - y[j]!;
  return differences.sort();
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

/** Two of the differences that enclose the wanted ranks with a probability of about 99%; the first alone if they are far apart. */
function pivots(
  x: Float64Array,
  y: Float64Array,
  { from, to, below, left, ranks }: Part,
  random: () => number,
): [low: number, high: number] {
  // As many as cost little beside the walk; each tenfold saves a round in four.
  const size = Math.max(256, Math.min(16_384, (x.length + y.length) >> 6));
  const places = new Float64Array(size);
  for (let i = 0; i < size; i++) places[i] = Math.floor(random() * left);
  places.sort();
  const sample = new Float64Array(size);
  let passed = 0;
  let next = 0;
  for (let i = 0; i < from.length && next < size; i++) {
    const width = to[i]! - from[i]!;
    while (next < size && places[next]! < passed + width) {
      sample[next] = x[i]! - y[from[i]! + (places[next]! - passed)]!;
      next++;
    }
    passed += width;
  }
  sample.sort();
  const first = (ranks[0]! - below) / left;
  const last = (ranks.at(-1)! - below) / left;
  const place = (share: number, side: 1 | -1) => {
    const margin = 2.6 * Math.sqrt(size * share * (1 - share)) + 1;
    return sample[Math.max(0, Math.min(size - 1, Math.round(share * (size - 1) + side * margin)))]!;
  };
  return [place(first, -1), place(last - first < 0.1 ? last : first, 1)];
}
