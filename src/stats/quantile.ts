import type { Interval, Sample, Status } from './outcome.ts';

export interface QuantileEstimate {
  readonly status: Status;
  readonly value: number;
  /** Distribution-free interval from two order statistics; ±Infinity where n is too small. */
  readonly ci: Interval;
}

/** R-7 quantile of values sorted upward, q in [0, 1]. */
export declare function quantileOfSorted(sorted: Sample, q: number): number;
export declare function quantileInterval(
  x: Sample,
  q: number,
  options?: { readonly confidence?: number },
): QuantileEstimate;
