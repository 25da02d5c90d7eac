import type { Alternative, TestOutcome } from './outcome.ts';

export interface Tally {
  readonly events: number;
  readonly trials: number;
}

export interface FisherResult extends TestOutcome {
  /** Sample odds ratio of x over y; NaN where no event or only events. */
  readonly oddsRatio: number;
}

/** Alternatives speak of the rate in x: 'greater' = x has the higher rate. */
export declare function fisherExact(x: Tally, y: Tally, options?: { readonly alternative?: Alternative }): FisherResult;
