/**
 * What the comparison of one metric is asked and what it found, before multiplicity and the rule: the same shape and the
 * same scale of harm, paired or not. Tests nothing and decides nothing.
 */
import type { Effect } from './live-effect.ts';

/** Below this Brunner–Munzel's t approximation is not to be trusted. */
export const FEWEST_FOR_BRUNNER_MUNZEL = 10;

export type TestNumbers = Record<string, Record<string, number | string | null>>;

export interface ComparisonOptions {
  /** Which direction is a regression. */
  worse: 'higher' | 'lower';
  minEffect: number;
  alpha: number;
}

export interface Comparison {
  n: { baseline: number; candidate: number };
  effect: Effect;
  /** How much worse: the logarithm of the ratio, or points. `high` and `low` may be infinite. */
  harm: { value: number; low: number; high: number; margin: number };
  /** Of the primary test, one-sided: the candidate is worse by more than the margin (pass or fail: worse at all). */
  p: number;
  primary: string;
  /** The smallest p that this many samples can give at all. */
  leastP: number;
  /** For display: weights of the p-values that answer the same question. */
  opinions: { p: number; weight: number }[];
  tests: TestNumbers;
  /** No variation and no difference. */
  allTied: boolean;
  /** What stands in the way of an answer, for the end of its sentence; '' is nothing. Absent: the number of samples. */
  limit?: string;
}

/** Results of a test as plain JSON: what is not finite goes as null, but a word stays a word. */
export function numbersOf(result: object): Record<string, number | string | null> {
  const out: Record<string, number | string | null> = {};
  for (const [key, value] of Object.entries(result)) {
    if (typeof value === 'number') out[key] = Number.isFinite(value) ? value : null;
    else if (typeof value === 'string') out[key] = value;
    else if (typeof value === 'boolean') out[key] = String(value);
    else if (Array.isArray(value) && value.length === 2) {
      out[`${key}Low`] = finiteOrNull(value[0]);
      out[`${key}High`] = finiteOrNull(value[1]);
    }
  }
  return out;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The effect on the scale that people read, from the harm: harm turns round where higher is better. */
export function effectOf(scale: 'ratio' | 'difference', worseIsHigher: boolean, harm: Comparison['harm']): Effect {
  const sign = worseIsHigher ? 1 : -1;
  const onScale = (x: number) =>
    Number.isFinite(x) ? finiteOrNull(scale === 'ratio' ? Math.exp(sign * x) : sign * x + 0) : null;
  const [low, high] = worseIsHigher ? [harm.low, harm.high] : [harm.high, harm.low];
  return { kind: scale, value: onScale(harm.value), low: onScale(low), high: onScale(high) };
}

/** A difference candidate − baseline as harm in points. */
export function harmOf(
  difference: number,
  [low, high]: readonly [low: number, high: number],
  { worse, minEffect }: Pick<ComparisonOptions, 'worse' | 'minEffect'>,
): Comparison['harm'] {
  if (worse === 'higher') return { value: difference, low, high, margin: minEffect };
  return { value: -difference, low: -high, high: -low, margin: minEffect };
}

/**
 * Logarithms with an end: zero and time-outs go just beyond the values seen, which keeps their rank, all that a
 * median of differences looks at.
 */
export function withinReach(values: readonly number[]): (value: number) => number {
  const usual = values.filter(value => value > 0 && Number.isFinite(value));
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const value of usual) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (usual.length === 0) [least, most] = [1, 1];
  return value => {
    if (value === 0) return Math.log(least) - Math.LN10;
    return Number.isFinite(value) ? Math.log(value) : Math.log(most) + Math.LN10;
  };
}

/** 1 / C(n + m, n): what complete separation gives. */
export function leastRankP(n: number, m: number): number {
  let p = 1;
  for (let i = 1; i <= Math.min(n, m) && p > 0; i++) p *= i / (Math.max(n, m) + i);
  return p;
}
