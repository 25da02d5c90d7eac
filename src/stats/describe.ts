import type { Sample, Status } from './outcome.ts';

export interface Description {
  readonly status: Status;
  readonly n: number;
  readonly mean: number;
  /** With n − 1; NaN for n < 2. */
  readonly sd: number;
  readonly variance: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

export declare function describe(x: Sample): Description;
