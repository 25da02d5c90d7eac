/**
 * The sign test of paired differences: asks only which way each one points. The least that can be assumed, and the least power.
 */
import { halfBinomialCdf } from './binomial.ts';
import type { Alternative, Sample, TestOutcome } from './outcome.ts';
import { alternativeOf, discreteP, NOT_SIGNIFICANT } from './p-value.ts';
import { differencesAndOptions } from './paired-differences.ts';
import { valuesIn } from './prepared-sample.ts';

export interface SignTestOptions {
  readonly alternative?: Alternative;
}

export interface SignTestResult extends TestOutcome {
  readonly positive: number;
  readonly nonzero: number;
}

/**
 * Exact binomial test of the number of positive differences, or of pairs with x above y; zeros are dropped. O(n).
 * @returns status `ok`, `no_data`, or `degenerate_equal` where all differences are 0
 * @throws RangeError on NaN or unequal lengths
 * @see Arbuthnot 1710; 11 positive of 17 gives two-sided p = 0.332305908203125
 */
export function signTest(differences: Sample, options?: SignTestOptions): SignTestResult;
export function signTest(x: Sample, y: Sample, options?: SignTestOptions): SignTestResult;
export function signTest(x: Sample, second?: Sample | SignTestOptions, third?: SignTestOptions): SignTestResult {
  const [sample, options] = differencesAndOptions<SignTestOptions>(x, second, third);
  const differences = valuesIn(sample);
  const alternative = alternativeOf(options);
  let positive = 0;
  let nonzero = 0;
  for (let i = 0; i < differences.length; i++) {
    if (Number.isNaN(differences[i])) throw new RangeError(`differences must not hold NaN, found one at index ${i}`);
    if (differences[i]! > 0) positive++;
    if (differences[i] !== 0) nonzero++;
  }
  if (nonzero === 0) {
    const status = differences.length === 0 ? 'no_data' : 'degenerate_equal';
    return { status, ...NOT_SIGNIFICANT, positive, nonzero };
  }
  const greater = halfBinomialCdf(nonzero - positive, nonzero);
  const less = halfBinomialCdf(positive, nonzero);
  return { status: 'ok', ...discreteP(greater, less, alternative), positive, nonzero };
}
