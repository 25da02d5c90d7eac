/**
 * Permutation test of a difference of means: how often would a random naming of the pooled values as x and y do as much? Says
 * something about means without normality or large samples; assumes that the samples are exchangeable under the null.
 */
import { isFiniteSample, type Moments, meanOf, momentsOf } from './moments.ts';
import type { Alternative, Sample, Status, TestOutcome } from './outcome.ts';
import { alternativeOf, discreteP, NOT_SIGNIFICANT, type PValue } from './p-value.ts';
import { sampleMoments, valuesIn } from './prepared-sample.ts';
import { seededRandom } from './random.ts';

export interface PermutationOptions {
  readonly alternative?: Alternative;
  /** Random relabelings where enumeration is too long; default 9,999. The smallest one-sided p is then 1/(resamples + 1). */
  readonly resamples?: number;
  readonly seed?: number;
  /** Uniform in [0, 1), at least 32 bits; default a generator seeded with `seed` (default 1). */
  readonly random?: () => number;
}

export interface PermutationResult extends TestOutcome {
  /** mean(x) − mean(y); NaN where a sample is empty. */
  readonly meanDifference: number;
  readonly method: 'exact' | 'monte_carlo';
}

const MOST_ENUMERATED = 200_000;

/**
 * Exact while there are at most 200,000 ways to choose the smaller sample (10 of 20), else p = (hits + 1)/(resamples + 1),
 * a valid p-value for any number of resamples. Two-sided: twice the smaller side. O(ways) or O(resamples·min(n, m) + n + m).
 * @returns status `ok`, `no_data`, `degenerate_equal` (one single value everywhere) or `not_finite`
 * @throws RangeError on NaN in the data, or resamples that are not a whole number ≥ 1
 * @see Phipson and Smyth 2010, Statistical Applications in Genetics 9:39; [1, 2, 3] against [4, 5]: two-sided p = 0.2
 */
export function permutationMeanDifference(x: Sample, y: Sample, options: PermutationOptions = {}): PermutationResult {
  const alternative = alternativeOf(options);
  const { resamples = 9_999 } = options;
  if (!(Number.isSafeInteger(resamples) && resamples >= 1))
    throw new RangeError(`resamples must be a whole number of at least 1, got ${resamples}`);
  const [n, m] = [valuesIn(x).length, valuesIn(y).length];
  const smaller = n <= m ? x : y;
  const pooled = pool(smaller, smaller === x ? y : x);
  const exact = waysToChoose(Math.min(n, m), n + m) <= MOST_ENUMERATED;
  const meanDifference = meanOf(sampleMoments(x)) - meanOf(sampleMoments(y));
  const outcome = (status: Status, p: PValue): PermutationResult => ({
    status,
    ...p,
    meanDifference: x.length === 0 || y.length === 0 ? Number.NaN : meanDifference,
    method: exact ? 'exact' : 'monte_carlo',
  });
  if (x.length === 0 || y.length === 0) return outcome('no_data', NOT_SIGNIFICANT);
  const moments = momentsOf(pooled);
  if (!isFiniteSample(moments)) return outcome('not_finite', NOT_SIGNIFICANT);
  if (moments.unit === 0) return outcome('degenerate_equal', NOT_SIGNIFICANT);

  const tally = tallyOf(deviations(pooled, moments), smaller.length);
  if (exact) enumerate(tally, 0, 0, 0);
  else sample(tally, resamples, options.random ?? seededRandom(options.seed ?? 1));
  const [above, below] = [tally.atLeast / tally.all, tally.atMost / tally.all];
  return outcome('ok', smaller === x ? discreteP(above, below, alternative) : discreteP(below, above, alternative));
}

function pool(first: Sample, second: Sample): Float64Array {
  const [x, y] = [valuesIn(first), valuesIn(second)];
  const pooled = new Float64Array(x.length + y.length);
  pooled.set(x);
  pooled.set(y, x.length);
  return pooled;
}

/** C(n, k), Infinity where it is far beyond what can be enumerated. */
function waysToChoose(k: number, n: number): number {
  let ways = 1;
  for (let i = 1; i <= k && ways <= MOST_ENUMERATED; i++) ways *= (n - k + i) / i;
  return Math.round(ways);
}

/** From the pooled mean, in units: sums neither cancel at a large offset nor overflow. */
function deviations(pooled: Float64Array, { first, unit, shift }: Moments): Float64Array {
  const scale = 1 / unit;
  const huge = unit === 2 ** 1023;
  return pooled.map(value => (huge ? value * scale - first * scale : (value - first) * scale) - shift);
}

/** With all sizes fixed, the difference of the means rises with the sum of the smaller sample alone. */
interface Tally {
  readonly values: Float64Array;
  readonly size: number;
  /** Bounds around the observed sum: sums that differ from it only by rounding are the same sum. */
  readonly low: number;
  readonly high: number;
  atLeast: number;
  atMost: number;
  all: number;
}

/** @param values the smaller sample first */
function tallyOf(values: Float64Array, size: number): Tally {
  let observed = 0;
  let reach = 0;
  for (let i = 0; i < values.length; i++) {
    if (i < size) observed += values[i]!;
    reach += Math.abs(values[i]!);
  }
  const rounding = 1e-12 * reach;
  return { values, size, low: observed - rounding, high: observed + rounding, atLeast: 0, atMost: 0, all: 0 };
}

function count(tally: Tally, sum: number): void {
  if (sum >= tally.low) tally.atLeast++;
  if (sum <= tally.high) tally.atMost++;
  tally.all++;
}

/** Every choice of the remaining values from `from` on. */
function enumerate(tally: Tally, from: number, chosen: number, sum: number): void {
  if (chosen === tally.size) {
    count(tally, sum);
    return;
  }
  const last = tally.values.length - (tally.size - chosen);
  for (let i = from; i <= last; i++) enumerate(tally, i + 1, chosen + 1, sum + tally.values[i]!);
}

/** Shuffles as many values to the front as the smaller sample has; the observed labels count as one of the draws. */
function sample(tally: Tally, resamples: number, random: () => number): void {
  const { values, size } = tally;
  const n = values.length;
  [tally.atLeast, tally.atMost, tally.all] = [1, 1, 1];
  for (let b = 0; b < resamples; b++) {
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(random() * (n - i));
      const value = values[j]!;
      values[j] = values[i]!;
      values[i] = value;
      sum += value;
    }
    count(tally, sum);
  }
}
