/**
 * Mann–Whitney's U, the rank test for "x tends to be larger". Exact for small samples, given the ties that occurred; normal
 * approximation with tie correction beyond. Its null is equal distributions: at unequal sizes and spreads it rejects equal
 * medians too often (14% at a nominal 5%), where Brunner–Munzel does not.
 */
import { exactRankSum } from './exact-rank-sum.ts';
import type { Alternative, RankSample, Status, TestOutcome } from './outcome.ts';
import { alternativeOf, discreteP, fromLog, methodOf, NOT_SIGNIFICANT, type PValue } from './p-value.ts';
import type { RankComparison } from './rank-comparison.ts';
import { rankedPair } from './ranked-pair.ts';
import { logNormalTail } from './special.ts';

export interface MannWhitneyOptions {
  readonly alternative?: Alternative;
  /** 'auto', the default, is exact for n + m ≤ 60 or n·m ≤ 900. */
  readonly method?: 'auto' | 'exact' | 'asymptotic';
  /** Continuity correction of the asymptotic z; default true. */
  readonly continuity?: boolean;
}

export interface MannWhitneyResult extends TestOutcome {
  /** Pairs in which x is larger, ties counting ½: exact. u1 + u2 = n·m. */
  readonly u1: number;
  readonly u2: number;
  /**
   * Normal score also where the method is exact; 0 where all values are tied. Signed (above 0: x larger) without continuity
   * correction; with it, that of the side asked for, two-sided that of the larger U, as in SciPy.
   */
  readonly z: number;
  /** Whether any value occurs twice in the pooled sample. */
  readonly ties: boolean;
  /** (u1 − u2)/(n·m), in [−1, 1]. */
  readonly cliffsDelta: number;
  /** P(x > y) + ½P(x = y), in [0, 1]. */
  readonly a12: number;
  readonly method: 'exact' | 'asymptotic';
}

/**
 * O((n + m) log(n + m)), of histograms O(buckets); the exact distribution costs O(k²·N²) for the smaller size k, N = n + m.
 * @returns status `ok`, `no_data` or `degenerate_all_tied`
 * @throws RangeError on NaN and on histograms with different buckets; ±Infinity is ranked
 * @see Mann and Whitney 1947, Annals of Mathematical Statistics 18:50; [1, 2, 3] against [4, 5]: u1 = 0, exact p = 0.2
 */
export function mannWhitney(x: RankSample, y: RankSample, options: MannWhitneyOptions = {}): MannWhitneyResult {
  const pair = rankedPair(x, y);
  const counts = pair.ranks;
  const alternative = alternativeOf(options);
  const { continuity = true } = options;
  const n = x.length;
  const m = y.length;
  const small = n + m <= 60 || n * m <= 900;
  const wanted = methodOf(options);
  const method = wanted === 'auto' ? (small ? 'exact' : 'asymptotic') : wanted;
  if (n === 0 || m === 0) return result('no_data', counts, n * m, 0, NOT_SIGNIFICANT, method);

  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - counts.tieTerm / (total * (total - 1)));
  if (pair.allTied) return result('degenerate_all_tied', counts, n * m, 0, NOT_SIGNIFICANT, method);
  const { z, p } = normalScore(counts.doubledU1, n * m, Math.sqrt(variance), alternative, continuity);
  if (method === 'asymptotic') return result('ok', counts, n * m, z, p, method);
  const { greater, less } = exactRankSum(...pair.sorted());
  return result('ok', counts, n * m, z, discreteP(greater, less, alternative), method);
}

function normalScore(
  doubledU1: number,
  pairs: number,
  sd: number,
  alternative: Alternative,
  continuity: boolean,
): { z: number; p: PValue } {
  const excess = (doubledU1 - pairs) / 2;
  const towards = alternative === 'greater' ? excess : alternative === 'less' ? -excess : Math.abs(excess);
  const score = (towards - (continuity ? 0.5 : 0)) / sd;
  const logTail = logNormalTail(score) + (alternative === 'two-sided' ? Math.LN2 : 0);
  return { z: continuity ? score : excess / sd, p: fromLog(logTail) };
}

function result(
  status: Status,
  counts: RankComparison,
  pairs: number,
  z: number,
  p: PValue,
  method: 'exact' | 'asymptotic',
): MannWhitneyResult {
  const { doubledU1, tieTerm } = counts;
  const cliffsDelta = pairs > 0 ? (doubledU1 - pairs) / pairs : 0;
  const a12 = pairs > 0 ? doubledU1 / 2 / pairs : 0.5;
  const u = { u1: doubledU1 / 2, u2: pairs - doubledU1 / 2 };
  return { status, ...p, ...u, z, ties: tieTerm > 0, cliffsDelta, a12, method };
}
