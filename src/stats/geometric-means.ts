import type { Alternative, Interval, Sample, TestOutcome } from './outcome.ts';

export interface GeometricMeansResult extends TestOutcome {
  /** Geometric mean of x over that of y. */
  readonly ratio: number;
  readonly ci: Interval;
  readonly t: number;
  readonly df: number;
}

export declare function ratioOfGeometricMeans(
  x: Sample,
  y: Sample,
  options?: { readonly alternative?: Alternative; readonly confidence?: number },
): GeometricMeansResult;
