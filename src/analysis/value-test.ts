/**
 * The tests of values that come one by one, in blocks of both arms: errors by their odds, quality by bets on its mean, times, tokens
 * and cost by ranks and by how often high quantiles are exceeded.
 */
import { boundedBetEProcess } from '../stats/bounded-bet.ts';
import { averageLogEValues, type ValueBlock } from '../stats/e-process.ts';
import { type NestedMarginsState, nestedMarginsEProcess } from '../stats/nested-margins.ts';
import { oddsRatioEProcess } from '../stats/odds-ratio.ts';
import type { TrackedMetric } from './live-plan.ts';
import type { LiveSettings } from './live-settings.ts';
import {
  begunByFirstBlock,
  HARMLESS_ODDS_RATIO,
  type MetricTest,
  marginsFrom,
  type Nested,
  sideBySide,
  type TestOptions,
  testOptions,
} from './metric-test.ts';
import { DROPS, ODDS_RATIOS, RATIOS } from './severity.ts';

export function valueTest(metric: TrackedMetric, settings: LiveSettings): MetricTest<ValueBlock> {
  const options = testOptions(settings);
  if (metric.source === 'error') return begunByFirstBlock(ofErrors(settings, options));
  if (metric.source === 'quality') return begunByFirstBlock(ofQuality(metric, settings, options));
  return begunByFirstBlock(ofTimes(metric, settings, options));
}

function ofErrors(settings: LiveSettings, options: TestOptions): Nested<ValueBlock, unknown> {
  const margins = marginsFrom(HARMLESS_ODDS_RATIO, ODDS_RATIOS, settings);
  return sideBySide(
    margins,
    margins.map(phi0 => oddsRatioEProcess({ phi0, ...options })),
    ({ baseline, candidate }) => ({
      baselineTrials: baseline.length,
      baselineEvents: sum(baseline),
      candidateTrials: candidate.length,
      candidateEvents: sum(candidate),
    }),
  );
}

function ofQuality(
  { margin, worse }: TrackedMetric,
  settings: LiveSettings,
  options: TestOptions,
): Nested<ValueBlock, unknown> {
  const margins = marginsFrom(margin, DROPS, settings);
  return sideBySide(
    margins,
    margins.map(each => boundedBetEProcess({ margin: each, worse, ...options })),
    block => block,
  );
}

/** Where lower is worse the reciprocals are tested: to be lower by a factor is to have them higher by it. */
function ofTimes(
  { margin, worse }: TrackedMetric,
  settings: LiveSettings,
  options: TestOptions,
): Nested<ValueBlock, unknown> {
  const margins = marginsFrom(1 + margin, RATIOS, settings);
  const quantiles = settings.quantiles.map(({ p }) => p);
  const process = nestedMarginsEProcess({ margins: margins.map(ratio => ratio - 1), quantiles, ...options });
  const shares = [settings.rankShare, ...settings.quantiles.map(({ share }) => share)];
  const logEs = shares.map(() => 0);
  const read = (state: NestedMarginsState, k: number): number[] => {
    logEs[0] = process.rankLogE(state, k);
    for (let q = 0; q < quantiles.length; q++) logEs[q + 1] = process.exceedanceLogE(state, k, q);
    return logEs;
  };
  const nested: Nested<ValueBlock, NestedMarginsState> = {
    ...process,
    restart: state => process.restart!(state),
    margins,
    fold(state, block) {
      process.fold(state, worse === 'higher' ? block : reciprocals(block));
    },
    logE: (state, k) => averageLogEValues(read(state, k), shares),
    leadingQuantile(state) {
      const said = read(state, 0).map((logE, i) => logE + Math.log(shares[i]!));
      return quantiles[said.indexOf(Math.max(...said)) - 1] ?? null;
    },
  };
  return nested as Nested<ValueBlock, unknown>;
}

function reciprocals({ baseline, candidate }: ValueBlock): ValueBlock {
  const of = (values: ArrayLike<number>) => Array.from(values, value => 1 / value);
  return { baseline: of(baseline), candidate: of(candidate) };
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
