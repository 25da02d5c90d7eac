import type { Alternative, Interval, Sample, TestOutcome } from './outcome.ts';

export interface TOptions {
  readonly alternative?: Alternative;
  /** Of the two-sided interval, in (0, 1). Default 0.95. */
  readonly confidence?: number;
}

export interface TResult extends TestOutcome {
  readonly t: number;
  readonly df: number;
  /** mean(x) − mean(y). */
  readonly meanDifference: number;
  readonly se: number;
  /** Two-sided interval for `meanDifference`. */
  readonly ci: Interval;
}

export declare function studentT(x: Sample, y: Sample, options?: TOptions): TResult;
export declare function welchT(x: Sample, y: Sample, options?: TOptions): TResult;
export declare function pairedT(x: Sample, y: Sample, options?: TOptions): TResult;
