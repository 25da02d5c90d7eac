/**
 * McNemar's test: the same cases passed or failed under two variants, and only the cases that changed sides count. Exact
 * and mid-p from the binomial distribution; chi-squared for comparison with other tools.
 */
import { halfBinomialCdf, logBinomialPmf } from './binomial.ts';
import type { Alternative, TestOutcome } from './outcome.ts';
import { discreteP, fromP } from './p-value.ts';
import { normalTail } from './special.ts';

/** `p` and `log10P` are those of the exact test. No discordant pair: status 'degenerate_equal', every p is 1. */
export interface McNemarResult extends TestOutcome {
  readonly exact: number;
  /** Half the weight of the observed table: closer to the nominal level, which the exact test stays well below. */
  readonly mid: number;
  /** Two-sided whatever the alternative. */
  readonly chi2: ChiSquared;
  /** With Edwards' continuity correction. */
  readonly chi2Corrected: ChiSquared;
}

interface ChiSquared {
  readonly statistic: number;
  readonly p: number;
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
  const { alternative = 'two-sided' } = options;
  const n = b + c;
  if (n === 0) {
    const none = { statistic: 0, p: 1 };
    return { status: 'degenerate_equal', p: 1, log10P: 0, exact: 1, mid: 1, chi2: none, chi2Corrected: none };
  }
  const point = Math.exp(logBinomialPmf(b, n, 0.5));
  const greater = halfBinomialCdf(c, n);
  const less = halfBinomialCdf(b, n);
  const exact = discreteP(greater, less, alternative);
  // Two-sided and b = c: the observed table is the whole bulk and counts half once, not twice.
  const balanced = alternative === 'two-sided' && b === c;
  const mid = balanced ? 1 - point / 2 : discreteP(greater - point / 2, less - point / 2, alternative).p;
  const far = Math.abs(b - c);
  return {
    status: 'ok',
    ...exact,
    exact: exact.p,
    mid: fromP(mid).p,
    chi2: chiSquared(far, n),
    chi2Corrected: chiSquared(Math.max(0, far - 1), n),
  };
}

function chiSquared(distance: number, n: number): ChiSquared {
  return { statistic: (distance * distance) / n, p: 2 * normalTail(distance / Math.sqrt(n)) };
}
