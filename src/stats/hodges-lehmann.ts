import type { Interval, Sample, Status } from './outcome.ts';

export interface Shift {
  readonly status: Status;
  /** Median of all x − y. */
  readonly shift: number;
  readonly ci: Interval;
}

export declare function hodgesLehmann(x: Sample, y: Sample, options?: { readonly confidence?: number }): Shift;
