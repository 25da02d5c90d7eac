/**
 * Sequential test on histograms: one block is one scrape interval, counts by bucket of both arms. At a few thresholds, bounds
 * of the buckets near quantiles of the pooled past, it asks whether the candidate less its margin lies above more often than
 * the baseline: each a conditional odds ratio, exact whatever the size of the interval, with ties as they are. A threshold is
 * fixed by the past before the block it judges, and may move; the family of tests that are averaged does not.
 */
import { lessMargin } from './binned-margin.ts';
import { type BinnedSample, differenceOfBounds, inCommonBuckets } from './binned-sample.ts';
import type { EProcess, RestartOptions } from './e-process.ts';
import { logMeanExp } from './grid.ts';
import { pooled, readPast, writePast } from './histogram-past.ts';
import { type CountBlock, type OddsRatioState, oddsRatioEProcess } from './odds-ratio.ts';
import { withUpdate } from './pure-update.ts';
import { StateReader, StateWriter } from './state-bytes.ts';

/** Values of one interval by arm; either may hold none, which is no evidence. */
export interface HistogramBlock {
  readonly baseline: BinnedSample;
  readonly candidate: BinnedSample;
}

/** An odds ratio for each quantile, and what was measured before, of both arms together. */
export interface HistogramState {
  odds: OddsRatioState[];
  past: BinnedSample | null;
}

export interface HistogramEProcessOptions extends RestartOptions {
  /** Harmless relative change τ ≥ 0 (0.05 = 5 %). Default 0. */
  readonly margin?: number;
  /** Which direction is a regression. Default 'higher'. */
  readonly worse?: 'higher' | 'lower';
  /** Where thresholds are sought, each in (0, 1). Default .5, .75, .9, .95, .99; mirrored where lower is worse. */
  readonly quantiles?: readonly number[];
  /** As for the odds ratio. */
  readonly phiGrid?: readonly number[];
  /** As for the odds ratio: slices of this many candidate values. Absent: no tempering. */
  readonly temperingSlice?: number;
}

export const DEFAULT_HISTOGRAM_QUANTILES: readonly number[] = [0.5, 0.75, 0.9, 0.95, 0.99];

/**
 * A table of more values beyond a threshold than this carries no evidence there: it would take half a second. Decided by the
 * sizes of the arms and the total alone, given which the expectation is at most 1 all the same.
 */
const MOST_BEYOND = 5_000_000;

const TAG = 0x42;

/**
 * E-process for "the candidate, less its margin, is stochastically not worse than the baseline at each time": exact at every
 * look, for common drift and any split. E is the mean over the quantiles. The first block has no past and no evidence.
 * Native histograms are merged down to the coarsest schema met, the past with them. Where other bounds come the past starts
 * anew, and the evidence goes on. O(buckets + values beyond a threshold) a block.
 * @throws RangeError for a quantile outside (0, 1), a negative margin, odds ratios ≤ 1; from an update where the buckets of the
 *   arms differ and cannot be merged
 */
export function histogramEProcess(options: HistogramEProcessOptions = {}): EProcess<HistogramBlock, HistogramState> {
  const quantiles = options.quantiles ?? DEFAULT_HISTOGRAM_QUANTILES;
  if (quantiles.length === 0) throw new RangeError('thresholds are sought at one quantile at least');
  for (const q of quantiles) if (!(q > 0 && q < 1)) throw new RangeError(`a quantile must lie in (0, 1), got ${q}`);
  const { margin = 0, worse = 'higher' } = options;
  if (!(margin >= 0 && Number.isFinite(margin))) throw new RangeError(`a margin must be ≥ 0, got ${margin}`);
  const odds = oddsRatioEProcess(options);
  // The share of values on the worse side of the threshold.
  const tails = quantiles.map(q => 1 - q);
  return withUpdate({
    initial: () => ({ odds: quantiles.map(() => odds.initial()), past: null }),
    fold(state, block, eta = 1) {
      const { past, baseline, candidate } = onOneGrid(state.past, block);
      if (past) {
        const harmless = lessMargin(candidate, { margin, worse });
        const thresholds = thresholdsOf(past, tails, worse);
        thresholds.forEach((threshold, i) => {
          if (threshold === null) return;
          const counts = countsBeyond(threshold, worse, baseline, harmless);
          if (sizeOf(counts) <= MOST_BEYOND) odds.fold(state.odds[i]!, counts, eta);
        });
      }
      state.past = pooled([baseline, candidate, ...(past ? [past] : [])]);
      return state;
    },
    restart: state => ({ ...state, odds: state.odds.map(one => odds.restart!(one)) }),
    logE: state => logMeanExp(Float64Array.from(state.odds, odds.logE)),
    encode(state) {
      const writer = new StateWriter(TAG).count(state.odds.length);
      for (const one of state.odds) writer.nested(odds.encode(one));
      writePast(writer, state.past);
      return writer.bytes();
    },
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const found = reader.count();
      if (found !== quantiles.length)
        throw new RangeError(`state bytes hold ${found} thresholds, this process uses ${quantiles.length}`);
      const states = quantiles.map(() => odds.decode(reader.nested()));
      const past = readPast(reader);
      reader.end();
      return { odds: states, past };
    },
  });
}

/** Past and block in the same buckets; no past where its buckets were others. */
function onOneGrid(past: BinnedSample | null, block: HistogramBlock) {
  const [baseline, candidate] = inCommonBuckets([block.baseline, block.candidate]) as [BinnedSample, BinnedSample];
  const canMerge = past && (past.native ? baseline.native : !differenceOfBounds(past.bounds, baseline.bounds));
  if (!past || !canMerge) return { past: null, baseline, candidate };
  const [old, x, y] = inCommonBuckets([past, baseline, candidate]) as [BinnedSample, BinnedSample, BinnedSample];
  return { past: old, baseline: x, candidate: y };
}

/** For each tail the bound whose share of the past beyond it comes nearest, by odds; null where all of the past is on one side. */
function thresholdsOf(past: BinnedSample, tails: readonly number[], worse: 'higher' | 'lower'): (number | null)[] {
  const logOdds: number[] = [];
  let atMost = 0;
  for (let i = 0; i < past.bounds.length; i++) {
    atMost += past.counts[i]!;
    const above = past.length - atMost;
    logOdds.push(worse === 'higher' ? Math.log(above / atMost) : Math.log(atMost / above));
  }
  return tails.map(tail => {
    const wanted = Math.log(tail / (1 - tail));
    let nearest: number | null = null;
    logOdds.forEach((found, i) => {
      if (!Number.isFinite(found)) return;
      if (nearest === null || Math.abs(found - wanted) < Math.abs(logOdds[nearest]! - wanted)) nearest = i;
    });
    return nearest;
  });
}

/** How many splits of the values beyond there can be. */
function sizeOf({ baselineEvents, candidateEvents, candidateTrials }: CountBlock): number {
  return Math.min(candidateTrials, baselineEvents + candidateEvents);
}

/** Values on the worse side of the bound. */
function countsBeyond(
  bound: number,
  worse: 'higher' | 'lower',
  baseline: BinnedSample,
  candidate: BinnedSample,
): CountBlock {
  const beyond = ({ counts, length }: BinnedSample) => {
    let atMost = 0;
    for (let i = 0; i <= bound; i++) atMost += counts[i]!;
    return worse === 'higher' ? length - atMost : atMost;
  };
  return {
    baselineTrials: baseline.length,
    baselineEvents: beyond(baseline),
    candidateTrials: candidate.length,
    candidateEvents: beyond(candidate),
  };
}
