import type { Alternative, Sample, TestOutcome } from './outcome.ts';

export interface MannWhitneyOptions {
  readonly alternative?: Alternative;
  /** 'auto' is exact for n + m ≤ 60 or n·m ≤ 900. */
  readonly method?: 'auto' | 'exact' | 'asymptotic';
  /** Continuity correction of the asymptotic z; default true. */
  readonly continuity?: boolean;
}

export interface MannWhitneyResult extends TestOutcome {
  readonly u1: number;
  readonly u2: number;
  readonly z: number;
  readonly ties: boolean;
  readonly cliffsDelta: number;
  readonly a12: number;
  readonly method: 'exact' | 'asymptotic';
}

export declare function mannWhitney(x: Sample, y: Sample, options?: MannWhitneyOptions): MannWhitneyResult;
