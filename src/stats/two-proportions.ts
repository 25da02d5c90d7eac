import type { Tally } from './fisher-exact.ts';
import type { Alternative, Interval, TestOutcome } from './outcome.ts';

export interface TwoProportionsResult extends TestOutcome {
  readonly z: number;
  /** rate(x) − rate(y). */
  readonly difference: number;
  /** Newcombe's interval for `difference`. */
  readonly newcombe: Interval;
  /** Wilson's interval for each rate. */
  readonly wilson: { readonly x: Interval; readonly y: Interval };
}

export declare function twoProportions(
  x: Tally,
  y: Tally,
  options?: { readonly alternative?: Alternative; readonly confidence?: number },
): TwoProportionsResult;
