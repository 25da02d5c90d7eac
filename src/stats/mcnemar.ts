import type { Alternative, TestOutcome } from './outcome.ts';

/** `p` and `log10P` are those of the exact test. No discordant pair: status 'degenerate_equal', every p is 1. */
export interface McNemarResult extends TestOutcome {
  readonly exact: number;
  readonly mid: number;
  readonly chi2: { readonly statistic: number; readonly p: number };
  readonly chi2Corrected: { readonly statistic: number; readonly p: number };
}

/** @param b pairs where only the first succeeded, @param c only the second */
export declare function mcNemar(b: number, c: number, options?: { readonly alternative?: Alternative }): McNemarResult;
