/**
 * The sequential half of the statistics in one import: tests and intervals that stay valid however often one looks.
 */
export {
  type ArmSums,
  type AsymptoticConfidenceSequence,
  type AsymptoticOptions,
  asymptoticConfidenceSequence,
  type MeanDifferenceState,
} from './asymptotic-sequence.ts';
export {
  type BoundedBetEProcess,
  type BoundedBetOptions,
  type BoundedBetState,
  boundedBetEProcess,
} from './bounded-bet.ts';
export {
  type BernoulliConfidenceSequence,
  type BernoulliState,
  betaBinomialBounds,
  betaBinomialConfidenceSequence,
  type ConfidenceSequence,
  type DkwConfidenceSequence,
  dkwConfidenceSequence,
  dkwRadius,
} from './confidence-sequence.ts';
export { anytimePValue, averageEValues, averageLogEValues, type EProcess, type ValueBlock } from './e-process.ts';
export { type EventShareState, eventShareEProcess, type ShareBlock } from './event-share.ts';
export { type ExactRankState, exactRankScoreEProcess } from './exact-rank-score.ts';
export { type ExceedanceOptions, type ExceedanceState, exceedanceEProcess } from './exceedance.ts';
export { DEFAULT_LAMBDA_GRID } from './grid.ts';
export {
  DEFAULT_HISTOGRAM_QUANTILES,
  type HistogramBlock,
  type HistogramEProcessOptions,
  type HistogramState,
  histogramEProcess,
} from './histogram-process.ts';
export {
  betaBinomialMixture,
  halfNormalMixture,
  mostSensitiveRho,
  type SymmetricState,
  symmetricSliceEProcess,
} from './mixtures.ts';
export {
  type NestedMarginsEProcess,
  type NestedMarginsOptions,
  type NestedMarginsState,
  nestedMarginsEProcess,
} from './nested-margins.ts';
export {
  type CountBlock,
  DEFAULT_PHI_GRID,
  type OddsRatioOptions,
  type OddsRatioState,
  oddsRatioEProcess,
} from './odds-ratio.ts';
export { type RankScoreOptions, type RankScoreState, rankScoreEProcess } from './rank-score.ts';
export { type RankSketch, sketchQuantile } from './rank-sketch.ts';
