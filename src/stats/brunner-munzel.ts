import type { Alternative, Sample, TestOutcome } from './outcome.ts';

export interface BrunnerMunzelResult extends TestOutcome {
  /** Above 0 where y tends to be larger (SciPy's sign). */
  readonly w: number;
  readonly df: number;
}

export declare function brunnerMunzel(
  x: Sample,
  y: Sample,
  options?: { readonly alternative?: Alternative },
): BrunnerMunzelResult;
