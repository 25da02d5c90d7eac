/**
 * From a statistic that is symmetric about 0 under the null hypothesis to a p-value, and the p-values of tests that cannot run.
 */
import { logBeta } from './log-special.ts';
import type { Alternative } from './outcome.ts';

export interface PValue {
  readonly p: number;
  readonly log10P: number;
}

export const NOT_SIGNIFICANT: PValue = { p: 1, log10P: 0 };

const ALTERNATIVES: readonly unknown[] = ['two-sided', 'greater', 'less'];

/** @throws RangeError on any other word: silently taken for a side, a misspelt one would turn a test round */
export function alternativeOf({ alternative = 'two-sided' }: { readonly alternative?: Alternative }): Alternative {
  if (!ALTERNATIVES.includes(alternative))
    throw new RangeError(`alternative must be 'two-sided', 'greater' or 'less', got ${JSON.stringify(alternative)}`);
  return alternative;
}

export type Method = 'auto' | 'exact' | 'asymptotic';

const METHODS: readonly unknown[] = ['auto', 'exact', 'asymptotic'];

/** @throws RangeError on any other word */
export function methodOf({ method = 'auto' }: { readonly method?: Method }): Method {
  if (!METHODS.includes(method))
    throw new RangeError(`method must be 'auto', 'exact' or 'asymptotic', got ${JSON.stringify(method)}`);
  return method;
}

/** What an interval leaves out on either side. @throws RangeError on a confidence outside (0, 1) */
export function missOf(confidence = 0.95): number {
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`a confidence must lie between 0 and 1, got ${confidence}`);
  return (1 - confidence) / 2;
}

/** From ln p; above 0 (by rounding or by doubling a tail) counts as p = 1. */
export function fromLog(logP: number): PValue {
  if (logP >= 0) return NOT_SIGNIFICANT;
  return { p: Math.exp(logP), log10P: logP / Math.LN10 };
}

export function fromP(p: number): PValue {
  if (p >= 1) return NOT_SIGNIFICANT;
  return { p, log10P: Math.log10(p) };
}

/** @param logTail ln P(statistic > s) under the null hypothesis; @param statistic large where x is larger */
export function symmetricP(statistic: number, alternative: Alternative, logTail: (s: number) => number): PValue {
  if (alternative === 'two-sided') return fromLog(Math.LN2 + logTail(Math.abs(statistic)));
  return fromLog(logTail(alternative === 'greater' ? statistic : -statistic));
}

/** From the two one-sided p-values of a discrete test: twice the smaller, as SciPy does. */
export function discreteP(greater: number, less: number, alternative: Alternative): PValue {
  if (alternative === 'two-sided') return fromP(2 * Math.min(greater, less));
  return fromP(alternative === 'greater' ? greater : less);
}

/**
 * p of the exact rank test when every x lies on one side of every y: 1/C(n+m, n), the most a rank test can say about such
 * sizes. Used where a statistic has no variance to be measured by.
 */
export function separatedP(n: number, m: number, xAbove: boolean, alternative: Alternative): PValue {
  const logOne = Math.log(n + m + 1) + logBeta(n + 1, m + 1);
  if (alternative === 'two-sided') return fromLog(Math.LN2 + logOne);
  return (alternative === 'greater') === xAbove ? fromLog(logOne) : NOT_SIGNIFICANT;
}
