import type { Alternative, Sample, TestOutcome } from './outcome.ts';

export interface SignFlipOptions {
  readonly alternative?: Alternative;
  /** Uniform in [0, 1); default a generator seeded with `seed` (default 1). */
  readonly random?: () => number;
  readonly seed?: number;
  /** Random flips where enumeration is too long; default 9,999. */
  readonly resamples?: number;
}

export interface SignFlipResult extends TestOutcome {
  readonly n: number;
  readonly mean: number;
  readonly method: 'exact' | 'monte_carlo';
}

export declare function signFlip(differences: Sample, options?: SignFlipOptions): SignFlipResult;
