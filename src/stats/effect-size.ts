/**
 * Standardised differences. A p-value says whether, an effect size how much; both are needed before anyone is woken up.
 */
import type { RankSample, Sample, Status } from './outcome.ts';
import { rankedPair } from './ranked-pair.ts';
import { logBeta } from './special.ts';
import { studentT } from './student-t.ts';

/**
 * Cohen's d: (mean x − mean y) / pooled sd. 0.2 is called small, 0.5 medium, 0.8 large. O(n).
 * 0 where status says it has no value; ±Infinity for `degenerate_different`.
 * @throws RangeError on NaN in the data
 */
export function cohensD(x: Sample, y: Sample): { readonly status: Status; readonly d: number } {
  const { status, t } = studentT(x, y);
  return { status, d: t * Math.sqrt(1 / x.length + 1 / y.length) || 0 };
}

/**
 * Hedges' g: d without its bias in small samples, by the exact factor Γ(f/2)/(√(f/2)·Γ((f−1)/2)), f = n + m − 2. O(n).
 * @see Hedges 1981, Journal of Educational Statistics 6:107; n = m = 5, d = 1 gives 0.9027
 */
export function hedgesG(x: Sample, y: Sample): { readonly status: Status; readonly g: number } {
  const { status, d } = cohensD(x, y);
  const half = (x.length + y.length - 2) / 2;
  if (status !== 'ok') return { status, g: d };
  // Γ(a)/Γ(a − ½) = √π / B(a − ½, ½): one logarithm instead of a difference of two large ones.
  return { status, g: d * Math.exp(0.5 * Math.log(Math.PI / half) - logBeta(half - 0.5, 0.5)) };
}

/**
 * Cliff's δ = P(x > y) − P(x < y), and A12 = P(x > y) + ½P(x = y). |δ| of .147, .33 and .474 count as small, medium, large.
 * Ordinal: timeouts as Infinity are fine. O((n + m) log(n + m)), of histograms O(buckets).
 */
export function cliffsDelta(
  x: RankSample,
  y: RankSample,
): { readonly status: Status; readonly delta: number; readonly a12: number } {
  if (x.length === 0 || y.length === 0) return { status: 'no_data', delta: 0, a12: 0.5 };
  const { doubledU1 } = rankedPair(x, y).ranks;
  const pairs = x.length * y.length;
  return { status: 'ok', delta: (doubledU1 - pairs) / pairs, a12: doubledU1 / 2 / pairs };
}
