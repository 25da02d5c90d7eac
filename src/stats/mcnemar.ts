/**
 * McNemar's test: the same cases passed or failed under two variants, and only the cases that changed sides count. Exact
 * and mid-p from the binomial distribution; chi-squared for comparison with other tools.
 */
import { halfBinomialCdf, logBinomialPmf } from './binomial.ts';
import type { Alternative, TestOutcome } from './outcome.ts';
import { alternativeOf, discreteP, fromP, NOT_SIGNIFICANT } from './p-value.ts';
import { normalTail } from './special.ts';

/** `p` and `log10P` are those of the exact test. No discordant pair: status 'degenerate_equal', every p is 1. */
export interface McNemarResult extends TestOutcome {
  readonly exact: number;
  /** Half the weight of the observed table: closer to the nominal level, which the exact test stays well below. */
  readonly mid: number;
  /** (b − c)²/(b + c), and its p on one degree of freedom: two-sided whatever the alternative. */
  readonly chi2: number;
  readonly chi2P: number;
  /** With Edwards' continuity correction. */
  readonly chi2Corrected: number;
  readonly chi2CorrectedP: number;
}

/**
 * O(√(b + c)).
 * @param b pairs where only the first variant succeeded, @param c only the second; whole numbers ≥ 0.
 *   'greater' asks whether b tends to be larger
 * @throws RangeError on counts that are negative or not whole
 * @see McNemar 1947, Psychometrika 12:153; b = 1, c = 12 gives exact p = 0.00341796875, mid-p 0.0018310546875
 */
export function mcNemar(b: number, c: number, options: { readonly alternative?: Alternative } = {}): McNemarResult {
  if (!Number.isSafeInteger(b) || !Number.isSafeInteger(c) || b < 0 || c < 0) {
    throw new RangeError(`discordant pairs must be whole numbers of at least 0, got ${b} and ${c}`);
  }
  const alternative = alternativeOf(options);
  const n = b + c;
  if (n === 0) {
    return { status: 'degenerate_equal', ...NOT_SIGNIFICANT, exact: 1, mid: 1, ...chiSquared(0, 1) };
  }
  const point = Math.exp(logBinomialPmf(b, n, 0.5));
  const greater = halfBinomialCdf(c, n);
  const less = halfBinomialCdf(b, n);
  const exact = discreteP(greater, less, alternative);
  // Two-sided and b = c: the observed table is the whole bulk and counts half once, not twice.
  const balanced = alternative === 'two-sided' && b === c;
  const mid = balanced ? 1 - point / 2 : discreteP(greater - point / 2, less - point / 2, alternative).p;
  return {
    status: 'ok',
    ...exact,
    exact: exact.p,
    mid: fromP(mid).p,
    ...chiSquared(Math.abs(b - c), n),
  };
}

function chiSquared(distance: number, n: number): Pick<McNemarResult, `chi2${string}` & keyof McNemarResult> {
  const corrected = Math.max(0, distance - 1);
  const p = (far: number) => 2 * normalTail(far / Math.sqrt(n));
  return {
    chi2: (distance * distance) / n,
    chi2P: p(distance),
    chi2Corrected: (corrected * corrected) / n,
    chi2CorrectedP: p(corrected),
  };
}
