/**
 * The batch half of the statistics in one import: tests, effect sizes and corrections for two finished samples.
 */
export { type BinnedMargin, leastTellable, lessMargin } from './binned-margin.ts';
export { type BinnedQuantile, binnedQuantile } from './binned-quantile.ts';
export { BinnedSample, binnedSample, binnedValues, differenceOfBounds, inCommonBuckets } from './binned-sample.ts';
export { type BinnedShift, type BinnedShiftOptions, binnedShift } from './binned-shift.ts';
export { type BootstrapOptions, type BootstrapResult, bootstrapBca } from './bootstrap.ts';
export { type BrunnerMunzelResult, brunnerMunzel } from './brunner-munzel.ts';
export { type CombinedP, cauchyCombination } from './cauchy-combination.ts';
export { type Description, describe } from './describe.ts';
export { cliffsDelta, cohensD, hedgesG } from './effect-size.ts';
export { type FisherOptions, type FisherResult, fisherExact, type Table, type Tally } from './fisher-exact.ts';
export { type GeometricMeansResult, ratioOfGeometricMeans } from './geometric-means.ts';
export { hodgesLehmann, type Shift } from './hodges-lehmann.ts';
export {
  type KolmogorovSmirnovOptions,
  type KolmogorovSmirnovResult,
  kolmogorovSmirnov,
} from './kolmogorov-smirnov.ts';
export { type MannWhitneyOptions, type MannWhitneyResult, mannWhitney } from './mann-whitney.ts';
export { type McNemarResult, mcNemar } from './mcnemar.ts';
export { benjaminiHochberg, bonferroni, holm } from './multiple-testing.ts';
export type { NativeBuckets } from './native-grid.ts';
export type { Alternative, Interval, RankSample, Sample, Status, TestOutcome } from './outcome.ts';
export { type PermutationOptions, type PermutationResult, permutationMeanDifference } from './permutation.ts';
export { PreparedSample, prepareSample } from './prepared-sample.ts';
export {
  type ClassicBucket,
  classicHistogram,
  type NativeHistogram,
  nativeHistogram,
} from './prometheus-histogram.ts';
export { type QuantileEstimate, quantileInterval, quantileOfSorted } from './quantile.ts';
export { seededRandom } from './random.ts';
export { type SignFlipOptions, type SignFlipResult, signFlip } from './sign-flip.ts';
export { type SignTestOptions, type SignTestResult, signTest } from './sign-test.ts';
export { pairedT, studentT, type TOptions, type TResult, welchT } from './student-t.ts';
export {
  clopperPearsonInterval,
  type TwoProportionsOptions,
  type TwoProportionsResult,
  twoProportions,
  wilsonInterval,
} from './two-proportions.ts';
export { type WilcoxonOptions, type WilcoxonResult, wilcoxonSignedRank } from './wilcoxon.ts';
