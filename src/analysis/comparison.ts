/** What the comparison of one metric found, before multiplicity and the rule: the same shape, paired or not. */
import type { Effect } from './block-effect.ts';

export type TestNumbers = Record<string, Record<string, number | string | null>>;

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

export function finiteOrNull(value: number): number | null {
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
