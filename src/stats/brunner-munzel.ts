/**
 * Brunner and Munzel's rank test of P(x < y) + ½P(x = y) = ½. Unlike Mann–Whitney it does not assume equal shapes, and keeps
 * its level at unequal sizes and spreads (4.8–5.7% at a nominal 5% in every null tried, 100 v 25 and 500 v 25 included).
 * Below ten values in a sample prefer the exact rank test.
 */
import type { Alternative, RankSample, Status, TestOutcome } from './outcome.ts';
import { alternativeOf, NOT_SIGNIFICANT, type PValue, separatedP, symmetricP } from './p-value.ts';
import { rankedPair } from './ranked-pair.ts';
import { logStudentTail } from './special.ts';

export interface BrunnerMunzelResult extends TestOutcome {
  /** Above 0 where y tends to be larger (SciPy's sign); ±Infinity where separated, 0 where there is no answer. */
  readonly w: number;
  /** NaN where status is not `ok`. */
  readonly df: number;
}

/**
 * O((n + m) log(n + m)), of histograms O(buckets).
 * @returns status `ok`, `no_data`, `insufficient_data` (a size below 2), `degenerate_all_tied`, or `separated`: no value of
 *   one sample within the other, so that the variance is 0; p is then that of the exact rank test
 * @throws RangeError on NaN and on histograms with different buckets; ±Infinity is ranked
 * @see Brunner and Munzel 2000, Biometrical Journal 42:17
 */
export function brunnerMunzel(
  x: RankSample,
  y: RankSample,
  options: { readonly alternative?: Alternative } = {},
): BrunnerMunzelResult {
  const alternative = alternativeOf(options);
  const { n, m, ranks } = rankedPair(x, y);
  // The placements are the pooled ranks less the ranks within the sample.
  const { doubledU1, squaresX, squaresY } = ranks;
  if (n === 0 || m === 0) return noAnswer('no_data', 0, NOT_SIGNIFICANT);
  if (n < 2 || m < 2) return noAnswer('insufficient_data', 0, NOT_SIGNIFICANT);

  const vx = (n * squaresX) / (n - 1);
  const vy = (m * squaresY) / (m - 1);
  // n·m·(mean rank of y − mean rank of x)/(n + m) is n·m/2 − U1.
  const excess = (n * m - doubledU1) / 2;
  if (vx + vy === 0) {
    if (excess === 0) return noAnswer('degenerate_all_tied', 0, NOT_SIGNIFICANT);
    const w = excess > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    return noAnswer('separated', w, separatedP(n, m, excess < 0, alternative));
  }
  const w = excess / Math.sqrt(vx + vy);
  const share = vx / (vx + vy);
  const df = 1 / ((share * share) / (n - 1) + ((1 - share) * (1 - share)) / (m - 1));
  return { status: 'ok', w, df, ...symmetricP(-w, alternative, s => logStudentTail(s, df)) };
}

function noAnswer(status: Status, w: number, p: PValue): BrunnerMunzelResult {
  return { status, w, df: Number.NaN, ...p };
}
