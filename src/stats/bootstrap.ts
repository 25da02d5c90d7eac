/**
 * Bootstrap intervals, bias-corrected and accelerated (BCa), for a mean, a quantile or a statistic of one's own, of one sample
 * or of the difference of two. For display and for skewed data; below some 20 values they are too narrow, and no resampling
 * tells of a tail that the sample has not seen.
 */
import { isFiniteSample, momentsOf } from './moments.ts';
import type { Interval, Sample, Status } from './outcome.ts';
import { missOf } from './p-value.ts';
import { valuesIn } from './prepared-sample.ts';
import { quantileOfSorted } from './quantile.ts';
import { seededRandom } from './random.ts';
import { type Resampled, resampledMean, resampledQuantile, resampledStatistic } from './resampled-statistic.ts';
import { sortedCopy } from './sort.ts';
import { normalQuantile, normalTail } from './special.ts';

export interface BootstrapOptions {
  /** Default 'mean'. A function gets one sample (unordered, not to be kept) and returns a number. */
  readonly statistic?: 'mean' | { readonly quantile: number } | ((sample: Float64Array) => number);
  /** In (0, 1), default 0.95. */
  readonly confidence?: number;
  /** Default 9,999. */
  readonly resamples?: number;
  readonly seed?: number;
  /** Uniform in [0, 1), at least 32 bits; default a generator seeded with `seed` (default 1). */
  readonly random?: () => number;
}

export interface BootstrapResult {
  readonly status: Status;
  /** The statistic of x, or that of x less that of y; NaN where status is `no_data` or `not_finite`. */
  readonly estimate: number;
  /** [−Infinity, Infinity] where status is not `ok` or `degenerate_equal`. */
  readonly ci: Interval;
  /** z₀: how far, in standard deviations, the resampled statistics lie below the estimate in the median. */
  readonly bias: number;
  /** a: a sixth of the skewness of the jackknife's influence values. */
  readonly acceleration: number;
}

/** Fewest values that must lie beyond a quantile on its thinner side. */
const FEWEST_BEYOND = 10;
const NOWHERE: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/**
 * O(resamples·(n + m)); a statistic of one's own is also computed once without each value.
 * @returns status `ok`, `no_data`, `insufficient_data` (one value, or fewer than ten beyond the quantile), `degenerate_equal`
 *   (every resample gives the same), `not_finite` (an infinite value or statistic)
 * @throws RangeError on NaN in the data, a quantile or confidence outside (0, 1), or resamples below 1
 * @see Efron 1987, JASA 82:171; DiCiccio and Efron 1996, Statistical Science 11:189
 */
export function bootstrapBca(x: Sample, options?: BootstrapOptions): BootstrapResult;
export function bootstrapBca(x: Sample, y: Sample, options?: BootstrapOptions): BootstrapResult;
export function bootstrapBca(x: Sample, second?: Sample | BootstrapOptions, third?: BootstrapOptions): BootstrapResult {
  const y = second !== undefined && 'length' in second ? second : undefined;
  const options = (y === undefined ? (second as BootstrapOptions | undefined) : third) ?? {};
  const { statistic = 'mean', resamples = 9_999 } = options;
  const miss = missOf(options.confidence);
  if (!(Number.isSafeInteger(resamples) && resamples >= 1))
    throw new RangeError(`resamples must be a whole number of at least 1, got ${resamples}`);
  const samples = (y === undefined ? [x] : [x, y]).map(sample => Float64Array.from(valuesIn(sample)));
  const refusal = refusalOf(samples, statistic);
  const parts = refusal === 'no_data' || refusal === 'not_finite' ? [] : samples.map(s => resampled(s, statistic));
  const estimate = parts.length === 0 ? Number.NaN : parts[0]!.estimate - (parts[1]?.estimate ?? 0);
  if (refusal !== 'ok') return { status: refusal, estimate, ci: NOWHERE, bias: 0, acceleration: 0 };

  const random = options.random ?? seededRandom(options.seed ?? 1);
  // As deviations from the estimate: they keep their digits at a large offset.
  const deviations = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    deviations[b] = parts[0]!.draw(random) - (parts[1]?.draw(random) ?? 0);
  }
  if (!deviations.every(Number.isFinite))
    return { status: 'not_finite', estimate, ci: NOWHERE, bias: 0, acceleration: 0 };
  const bias = biasOf(deviations);
  const acceleration = accelerationOf(parts);
  const sorted = sortedCopy(deviations);
  const end = (z: number) => {
    const reach = bias + z;
    return estimate + quantileOfSorted(sorted, normalTail(-(bias + reach / (1 - acceleration * reach))));
  };
  const z = normalQuantile(miss);
  const status = sorted[0] === sorted.at(-1) ? 'degenerate_equal' : 'ok';
  return { status, estimate, ci: [end(-z), end(z)], bias, acceleration };
}

function refusalOf(samples: Float64Array[], statistic: NonNullable<BootstrapOptions['statistic']>): Status {
  const quantile = typeof statistic === 'object' ? statistic.quantile : 0.5;
  if (!(quantile > 0 && quantile < 1)) throw new RangeError(`a quantile must lie between 0 and 1, got ${quantile}`);
  const moments = samples.map(momentsOf);
  if (moments.some(({ n }) => n === 0)) return 'no_data';
  if (!moments.every(isFiniteSample)) return 'not_finite';
  const thin = typeof statistic === 'object' ? FEWEST_BEYOND / Math.min(quantile, 1 - quantile) : 2;
  // Ten of 1,000 beyond p99, though 10/(1 − 0.99) is a little more than 1,000.
  return moments.some(({ n }) => n < thin * (1 - 1e-9)) ? 'insufficient_data' : 'ok';
}

function resampled(sample: Float64Array, statistic: NonNullable<BootstrapOptions['statistic']>): Resampled {
  if (statistic === 'mean') return resampledMean(sample);
  if (typeof statistic === 'function') return resampledStatistic(sample, statistic);
  return resampledQuantile(sample, statistic.quantile);
}

function biasOf(deviations: Float64Array): number {
  let below = 0;
  for (const deviation of deviations) below += deviation < 0 ? 1 : deviation === 0 ? 0.5 : 0;
  // Half a resample from either end: an infinite bias would answer with a single draw.
  const least = 0.5 / deviations.length;
  return -normalQuantile(Math.min(1 - least, Math.max(least, below / deviations.length)));
}

/** Influence of each value on the estimate, by leaving it out; those of a second sample enter with the opposite sign. */
function accelerationOf(parts: Resampled[]): number {
  let cubes = 0;
  let squares = 0;
  for (const [k, part] of parts.entries()) {
    const values = part.withoutEach();
    const n = values.length;
    let mean = 0;
    for (const value of values) mean += value / n;
    for (const value of values) {
      const influence = ((k === 0 ? 1 : -1) * (n - 1) * (mean - value)) / n;
      cubes += influence ** 3;
      squares += influence ** 2;
    }
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
}
