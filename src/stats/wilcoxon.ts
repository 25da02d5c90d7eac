/**
 * Wilcoxon's signed-rank test of paired differences, and the pseudo-median that belongs to it: robust to outliers, blind to
 * their size. For the mean of the differences use the sign-flip test.
 */
import type { Alternative, Sample, Status, TestOutcome } from './outcome.ts';
import { alternativeOf, discreteP, fromLog, methodOf, NOT_SIGNIFICANT, type PValue } from './p-value.ts';
import { differencesAndOptions } from './paired-differences.ts';
import { differencesOfRanks, middleOf } from './pairwise-difference.ts';
import { sortedValues } from './prepared-sample.ts';
import { logNormalTail } from './special.ts';
import { forEachTieGroup } from './tie-groups.ts';

export interface WilcoxonOptions {
  readonly alternative?: Alternative;
  /** 'auto' is exact for up to 60 differences other than 0. */
  readonly method?: 'auto' | 'exact' | 'asymptotic';
  /** Continuity correction of the asymptotic p; default false, as in SciPy. */
  readonly continuity?: boolean;
}

export interface WilcoxonResult extends TestOutcome {
  /** Sum of the ranks of positive differences. */
  readonly wPlus: number;
  readonly wMinus: number;
  /** Differences other than 0; zeros are dropped (Wilcoxon's rule). */
  readonly nonzero: number;
  /** Median of all means of two differences (each with itself, too), zeros included; NaN without data. */
  readonly pseudoMedian: number;
  readonly method: 'exact' | 'asymptotic';
}

const MOST_EXACT = 60;

/**
 * Of differences, or of x − y in pairs. 'greater': differences tend to be positive. O(n log n); the exact distribution, given the ties, O(n³).
 * @returns status `ok`, `no_data`, or `degenerate_equal` where all differences are 0
 * @throws RangeError on NaN, on unequal lengths, or where 'exact' is asked for beyond 1,000 differences
 * @see Wilcoxon 1945, Biometrics Bulletin 1:80; [1, 2, 3]: W+ = 6, exact two-sided p = 0.25
 */
export function wilcoxonSignedRank(differences: Sample, options?: WilcoxonOptions): WilcoxonResult;
export function wilcoxonSignedRank(x: Sample, y: Sample, options?: WilcoxonOptions): WilcoxonResult;
export function wilcoxonSignedRank(
  x: Sample,
  second?: Sample | WilcoxonOptions,
  third?: WilcoxonOptions,
): WilcoxonResult {
  const [differences, options] = differencesAndOptions<WilcoxonOptions>(x, second, third);
  const alternative = alternativeOf(options);
  const { continuity = false } = options;
  const sorted = sortedValues(differences);
  const ranked = rankBySize(sorted);
  const { wPlus, doubledRanks, tieTerm } = ranked;
  const n = doubledRanks.length;
  const total = (n * (n + 1)) / 2;
  const method = methodOf(options);
  if (method === 'exact' && n > 1000) throw new RangeError(`an exact p needs at most 1000 differences, got ${n}`);
  const exact = method === 'exact' || (method === 'auto' && n <= MOST_EXACT);
  const outcome = (status: Status, p: PValue): WilcoxonResult => ({
    status,
    ...p,
    wPlus,
    wMinus: total - wPlus,
    nonzero: n,
    pseudoMedian: pseudoMedian(sorted),
    method: exact ? 'exact' : 'asymptotic',
  });
  if (sorted.length === 0) return outcome('no_data', NOT_SIGNIFICANT);
  if (n === 0) return outcome('degenerate_equal', NOT_SIGNIFICANT);
  if (exact) {
    const { greater, less } = exactTails(doubledRanks, 2 * wPlus);
    return outcome('ok', discreteP(greater, less, alternative));
  }
  const sd = Math.sqrt((total * (2 * n + 1)) / 12 - tieTerm / 48);
  const excess = wPlus - total / 2;
  const towards = alternative === 'two-sided' ? Math.abs(excess) : alternative === 'greater' ? excess : -excess;
  const logTail = logNormalTail((towards - (continuity ? 0.5 : 0)) / sd);
  return outcome('ok', fromLog(logTail + (alternative === 'two-sided' ? Math.LN2 : 0)));
}

interface SignedRanks {
  readonly wPlus: number;
  /** One for each difference other than 0; doubled, so that mid-ranks are whole. */
  readonly doubledRanks: number[];
  /** Σ(t³ − t). */
  readonly tieTerm: number;
}

/** @param sorted upward: both signs are then already in order of size. */
function rankBySize(sorted: Float64Array): SignedRanks {
  const positive = sorted.filter(d => d > 0);
  const negative = sorted
    .filter(d => d < 0)
    .map(Math.abs)
    .reverse();
  const doubledRanks: number[] = [];
  let doubledPlus = 0;
  let tieTerm = 0;
  forEachTieGroup(positive, negative, (plus, minus, belowPlus, belowMinus) => {
    const t = plus + minus;
    const rank = 2 * (belowPlus + belowMinus) + t + 1;
    for (let i = 0; i < t; i++) doubledRanks.push(rank);
    doubledPlus += plus * rank;
    tieTerm += t * (t - 1) * (t + 1);
  });
  return { wPlus: doubledPlus / 2, doubledRanks, tieTerm };
}

/** Each rank is positive or not with equal chance: the distribution of their sum, built one rank at a time. */
function exactTails(doubledRanks: number[], observed: number): { greater: number; less: number } {
  const chance = new Float64Array(doubledRanks.reduce((sum, rank) => sum + rank, 0) + 1);
  chance[0] = 1;
  let reach = 0;
  for (const rank of doubledRanks) {
    reach += rank;
    for (let sum = reach; sum >= 0; sum--) chance[sum] = (chance[sum]! + (sum >= rank ? chance[sum - rank]! : 0)) / 2;
  }
  let greater = 0;
  let less = 0;
  for (let sum = 0; sum <= reach; sum++) {
    if (sum >= observed) greater += chance[sum]!;
    if (sum <= observed) less += chance[sum]!;
  }
  return { greater, less };
}

/** Sums d[i] + d[j] with i ≤ j are differences d[i] − (−d[j]): each row ends one column earlier than the one before. */
function pseudoMedian(sorted: Float64Array): number {
  const n = sorted.length;
  if (n === 0 || !Number.isFinite(sorted[0]!) || !Number.isFinite(sorted[n - 1]!)) return Number.NaN;
  const negated = sorted.map(d => -d).reverse();
  const columns = Int32Array.from({ length: n }, (_, i) => n - i);
  const count = (n * (n + 1)) / 2;
  const ranks = [Math.ceil(count / 2), Math.floor(count / 2) + 1];
  const [low, high] = differencesOfRanks(sorted, negated, ranks, columns);
  return middleOf(low!, high!) / 2;
}
