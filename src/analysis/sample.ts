/** Finished samples as they come in: one list of values a metric and arm, or counts by bucket where that is all there is. */
import type { Direction } from '../config/plan.ts';
import type { BinnedSample } from '../stats/battery.ts';

/** Samples of one arm as the suite runner, sample files and `compare` hand them to the batch comparison. */
export interface MetricSamples {
  unit?: string;
  direction: Direction;
  /** Infinity stands for a time-out and is kept as the worst rank; NaN is counted as invalid, never dropped in silence. */
  values: number[];
  /** In place of `values`, which is then empty. Beside an arm of values these go into its buckets. */
  histogram?: BinnedSample;
  /** Same length as `values` where the same cases ran on both arms: makes the comparison paired. */
  caseIds?: string[];
}

export type Samples = Record<string, MetricSamples>;
