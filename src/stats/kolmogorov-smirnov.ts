/**
 * Kolmogorov and Smirnov's test: the largest distance between two empirical distribution functions. Sees a change of shape
 * that leaves the mean alone, and does not say which; a diagnostic beside a test of location.
 */
import type { Alternative, RankSample, TestOutcome } from './outcome.ts';
import { alternativeOf, fromLog, fromP, methodOf, NOT_SIGNIFICANT, type PValue } from './p-value.ts';
import { rankedPair } from './ranked-pair.ts';

export interface KolmogorovSmirnovOptions {
  /**
   * SciPy's words, opposite to those of the other tests: 'greater' means the distribution function of x lies above, so that x
   * tends to be *smaller*.
   */
  readonly alternative?: Alternative;
  /** 'auto' is exact for n·m ≤ 100,000. */
  readonly method?: 'auto' | 'exact' | 'asymptotic';
}

export interface KolmogorovSmirnovResult extends TestOutcome {
  /** The larger of the two, in [0, 1]. */
  readonly d: number;
  /** Largest F_x − F_y. */
  readonly dPlus: number;
  /** Largest F_y − F_x. */
  readonly dMinus: number;
  readonly method: 'exact' | 'asymptotic';
}

const MOST_EXACT = 100_000;

/**
 * O((n + m) log(n + m)), of histograms O(buckets), the exact p O(n·m). Exact for continuous data, conservative with ties.
 * @returns status `ok` or `no_data`
 * @throws RangeError on NaN in the data, on histograms with different buckets, or where 'exact' is asked for beyond n·m = 100,000
 * @see Hodges 1958, Arkiv för Matematik 3:469 for the one-sided approximation
 */
export function kolmogorovSmirnov(
  x: RankSample,
  y: RankSample,
  options: KolmogorovSmirnovOptions = {},
): KolmogorovSmirnovResult {
  const alternative = alternativeOf(options);
  const { n, m, ranks } = rankedPair(x, y);
  const small = n * m <= MOST_EXACT;
  const wanted = methodOf(options);
  if (wanted === 'exact' && !small) throw new RangeError(`an exact p needs n·m ≤ ${MOST_EXACT}, got ${n * m}`);
  const method = small && wanted !== 'asymptotic' ? 'exact' : 'asymptotic';
  // In units of 1/(n·m), whole numbers: "at least as far" is decided exactly.
  const { above, below } = ranks;
  const pairs = n * m || 1;
  const distances = { d: Math.max(above, below) / pairs, dPlus: above / pairs, dMinus: below / pairs };
  if (n === 0 || m === 0) return { status: 'no_data', ...NOT_SIGNIFICANT, ...distances, method };
  const reached = alternative === 'two-sided' ? Math.max(above, below) : alternative === 'greater' ? above : below;
  const p =
    method === 'exact' ? exactP(n, m, reached, alternative === 'two-sided') : limitP(n, m, reached, alternative);
  return { status: 'ok', ...p, ...distances, method };
}

/**
 * The chance that a random order of n x's and m y's strays at least this far: hit(i, j) is that chance given that the path
 * passes (i, j). Only weighted means of positive numbers: the smallest p keeps its digits.
 */
function exactP(n: number, m: number, reached: number, twoSided: boolean): PValue {
  if (reached === 0) return NOT_SIGNIFICANT;
  const hit = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      const distance = i * m - j * n;
      if (distance >= reached || (twoSided && -distance >= reached)) hit[j] = 1;
      else if (i + j === 0) hit[j] = 0;
      else hit[j] = (i * hit[j]! + (j > 0 ? j * hit[j - 1]! : 0)) / (i + j);
    }
  }
  return fromP(hit[m]!);
}

function limitP(n: number, m: number, reached: number, alternative: Alternative): PValue {
  const lambda = reached / Math.sqrt(n) / Math.sqrt(m) / Math.sqrt(n + m);
  if (alternative === 'two-sided') return kolmogorovTail(lambda);
  const correction = (2 * lambda * (Math.max(n, m) + 2 * Math.min(n, m))) / (3 * Math.sqrt(n * m * (n + m)));
  return fromLog(-2 * lambda * lambda - correction);
}

/** Kolmogorov's limit distribution, upper tail; by whichever of its two series is short. */
function kolmogorovTail(lambda: number): PValue {
  if (lambda < 0.1) return NOT_SIGNIFICANT;
  if (lambda < 1) {
    const step = (Math.PI / lambda) ** 2 / 8;
    const sum = Math.exp(-step) + Math.exp(-9 * step) + Math.exp(-25 * step);
    return fromP(1 - (Math.sqrt(2 * Math.PI) / lambda) * sum);
  }
  const q = (k: number) => Math.exp(-2 * (k * k - 1) * lambda * lambda);
  return fromLog(Math.LN2 - 2 * lambda * lambda + Math.log1p(-q(2) + q(3) - q(4) + q(5)));
}
