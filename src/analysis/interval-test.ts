/**
 * The sequential tests of one metric on intervals: errors by the odds of two counts, times, cost and tokens by the buckets of
 * two histograms. The margins are those of values that come one by one.
 */
import type { CountBlock } from '../stats/odds-ratio.ts';
import { oddsRatioEProcess } from '../stats/odds-ratio.ts';
import { type HistogramBlock, histogramEProcess } from '../stats/sequential.ts';
import type { TrackedMetric } from './live-plan.ts';
import type { LiveSettings } from './live-settings.ts';
import {
  begunByFirstBlock,
  HARMLESS_ODDS_RATIO,
  type MetricTest,
  marginsFrom,
  sideBySide,
  testOptions,
} from './metric-test.ts';
import { ODDS_RATIOS, RATIOS } from './severity.ts';

export function countTest(settings: LiveSettings): MetricTest<CountBlock> {
  const margins = marginsFrom(HARMLESS_ODDS_RATIO, ODDS_RATIOS, settings);
  const processes = margins.map(phi0 => oddsRatioEProcess({ phi0, ...testOptions(settings) }));
  return begunByFirstBlock(sideBySide(margins, processes, (block: CountBlock) => block));
}

export function histogramTest({ margin, worse }: TrackedMetric, settings: LiveSettings): MetricTest<HistogramBlock> {
  const margins = marginsFrom(1 + margin, RATIOS, settings);
  const processes = margins.map(ratio => histogramEProcess({ margin: ratio - 1, worse, ...testOptions(settings) }));
  return begunByFirstBlock(sideBySide(margins, processes, (block: HistogramBlock) => block));
}
