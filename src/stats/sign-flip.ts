/**
 * Sign-flip permutation test for the mean of paired differences: under the null hypothesis each difference is as likely with
 * the opposite sign. No normality and no variance estimate; exact by enumeration for few cases, by random flips beyond.
 */
import type { Alternative, Status, TestOutcome } from './outcome.ts';
import { alternativeOf, fromP, NOT_SIGNIFICANT, type PValue } from './p-value.ts';
import { seededRandom } from './random.ts';

export interface SignFlipOptions {
  readonly alternative?: Alternative;
  /** Uniform in [0, 1), at least 32 bits; default a generator seeded with `seed` (default 1). */
  readonly random?: () => number;
  readonly seed?: number;
  /** Random flips where enumeration is too long; default 9,999. The smallest p is then 1/(resamples + 1). */
  readonly resamples?: number;
}

export interface SignFlipResult extends TestOutcome {
  readonly n: number;
  readonly mean: number;
  readonly method: 'exact' | 'monte_carlo';
}

const MOST_ENUMERATED = 20;

/**
 * Exact for up to 20 differences other than 0 (zeros change nothing), else p = (hits + 1)/(resamples + 1), which is a valid
 * p-value for any number of resamples. O(2^(n/2)·n) or O(resamples·n).
 * @returns status `ok`, `no_data`, or `degenerate_equal` where all differences are 0
 * @throws RangeError on values that are not finite
 * @see Phipson and Smyth 2010, Statistical Applications in Genetics 9:39 for the + 1; [1, 2, 3]: two-sided p = 0.25
 */
export function signFlip(differences: ArrayLike<number>, options: SignFlipOptions = {}): SignFlipResult {
  const { sum, size } = sumOf(differences);
  const n = differences.length;
  const moving = Float64Array.from(differences).filter(d => d !== 0);
  const exact = moving.length <= MOST_ENUMERATED;
  const outcome = (status: Status, p: PValue): SignFlipResult => ({
    status,
    ...p,
    n,
    mean: sum / n,
    method: exact ? 'exact' : 'monte_carlo',
  });
  if (n === 0) return outcome('no_data', NOT_SIGNIFICANT);
  if (moving.length === 0) return outcome('degenerate_equal', NOT_SIGNIFICANT);
  // Flipped sums are symmetric about 0: an upper tail serves every alternative. Sums that differ only by rounding are the same
  // sum and must count as "at least as extreme".
  const alternative = alternativeOf(options);
  const twoSided = alternative === 'two-sided';
  const towards = twoSided ? Math.abs(sum) : alternative === 'less' ? -sum : sum;
  const bound = towards - 1e-12 * size;
  if (exact) return outcome('ok', fromP((twoSided ? 2 : 1) * shareOfSumsAtLeast(moving, bound)));
  return outcome('ok', fromP(sampledShare(moving, bound, twoSided, options)));
}

function sumOf(differences: ArrayLike<number>): { sum: number; size: number } {
  let sum = 0;
  let size = 0;
  for (let i = 0; i < differences.length; i++) {
    const d = differences[i]!;
    if (!Number.isFinite(d)) throw new RangeError(`differences must be finite, got ${d} at index ${i}`);
    sum += d;
    size += Math.abs(d);
  }
  return { sum, size };
}

function sampledShare(d: Float64Array, bound: number, twoSided: boolean, options: SignFlipOptions): number {
  const { resamples = 9_999 } = options;
  const random = options.random ?? seededRandom(options.seed ?? 1);
  let hits = 0;
  // Twice the sum of those kept positive, less the sum of all: no branch for a processor to guess wrong.
  let all = 0;
  for (const value of d) all += value;
  const doubled = d.map(value => 2 * value);
  for (let b = 0; b < resamples; b++) {
    const sum = randomSubsetSum(doubled, random) - all;
    if (sum >= bound || (twoSided && -sum >= bound)) hits++;
  }
  return (hits + 1) / (resamples + 1);
}

/** Each value with chance ½; 30 choices from one random number. */
function randomSubsetSum(values: Float64Array, random: () => number): number {
  let sum = 0;
  for (let start = 0; start < values.length; start += 30) {
    const end = Math.min(start + 30, values.length);
    let bits = Math.floor(random() * 2 ** 30);
    for (let i = start; i < end; i++) {
      sum += (bits & 1) * values[i]!;
      bits >>= 1;
    }
  }
  return sum;
}

/** Share of the 2^n sums that reach a bound: all sums of either half, sorted, then counted against each other. */
function shareOfSumsAtLeast(d: Float64Array, bound: number): number {
  const half = d.length >> 1;
  const left = signedSums(d.subarray(0, half)).sort();
  const right = signedSums(d.subarray(half)).sort();
  let hits = 0;
  let j = right.length;
  for (const sum of left) {
    while (j > 0 && sum + right[j - 1]! >= bound) j--;
    hits += right.length - j;
  }
  return hits / (left.length * right.length);
}

function signedSums(d: Float64Array): Float64Array {
  const sums = new Float64Array(2 ** d.length);
  let filled = 1;
  for (const value of d) {
    for (let i = 0; i < filled; i++) {
      sums[filled + i] = sums[i]! - value;
      sums[i]! += value;
    }
    filled *= 2;
  }
  return sums;
}
