/**
 * One metric of one release that comes as intervals: counts of requests and errors, or buckets of both arms. Silence of one arm
 * is no evidence; buckets that cannot be compared are counted as not valid, and the verdict says so.
 */
import { type BinnedSample, inCommonBuckets } from '../stats/binned-sample.ts';
import type { HistogramBlock } from '../stats/histogram-process.ts';
import type { CountBlock } from '../stats/odds-ratio.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { AlarmedTest, type Sizes, type Tested } from './alarmed-test.ts';
import { BinnedEffect } from './binned-effect.ts';
import { BlockEffect } from './block-effect.ts';
import { countTest, histogramTest } from './interval-test.ts';
import type { LiveEffect } from './live-effect.ts';
import type { LiveInterval } from './live-interval.ts';
import type { TrackedMetric } from './live-plan.ts';
import type { LiveSettings } from './live-settings.ts';
import { noCounts, readCounts, type StageCounts, writeCounts } from './metric-tracker.ts';

export interface IntervalTracker {
  readonly metric: TrackedMetric;
  readonly evidence: Tested;
  readonly stage: StageCounts;
  enterStage(compares: boolean): void;
  /** @returns true when this interval raised the metric's alarm */
  offer(interval: LiveInterval, order: number): boolean;
  write(writer: StateWriter): void;
  read(reader: StateReader): void;
}

/** What one metric takes of an interval; null where it is not there. */
type Taken<Block> = { block: Block; sizes: Sizes; isValid: boolean } | null;

export function intervalTracker(metric: TrackedMetric, alpha: number, settings: LiveSettings): IntervalTracker {
  if (metric.source === 'error') {
    const parts = { test: countTest(settings), effect: effectOfCounts(alpha) };
    return tracker(new AlarmedTest<CountBlock>(metric, alpha, parts), takeCounts);
  }
  const parts = { test: histogramTest(metric, settings), effect: new BinnedEffect(alpha) };
  return tracker(new AlarmedTest<HistogramBlock>(metric, alpha, parts), interval => takeBuckets(metric, interval));
}

function tracker<Block>(evidence: AlarmedTest<Block>, take: (interval: LiveInterval) => Taken<Block>): IntervalTracker {
  let stage = noCounts();
  return {
    metric: evidence.metric,
    evidence,
    get stage() {
      return stage;
    },
    enterStage(compares) {
      evidence.enterStage(compares);
      stage = noCounts();
    },
    offer(interval, order) {
      const taken = take(interval);
      if (!taken) return false;
      const { block, sizes, isValid } = taken;
      const values = sizes.baseline + sizes.candidate;
      stage.offered += values;
      if (!isValid) stage.invalid += values;
      if (!isValid) return false;
      stage.candidates += sizes.candidate;
      if (sizes.baseline === 0 || sizes.candidate === 0) return false;
      stage.compared += sizes.candidate;
      return evidence.add(block, sizes, order);
    },
    write(writer) {
      writeCounts(writer, stage);
      evidence.write(writer);
    },
    read(reader) {
      stage = readCounts(reader);
      evidence.read(reader);
    },
  };
}

function takeCounts({ requests: { baseline, candidate } }: LiveInterval): Taken<CountBlock> {
  const block = {
    baselineTrials: baseline.count,
    baselineEvents: baseline.errors,
    candidateTrials: candidate.count,
    candidateEvents: candidate.errors,
  };
  const isWhole = ({ count, errors }: { count: number; errors: number }) =>
    Number.isSafeInteger(count) && Number.isSafeInteger(errors) && 0 <= errors && errors <= count;
  const isValid = isWhole(baseline) && isWhole(candidate);
  return { block, sizes: { baseline: baseline.count, candidate: candidate.count }, isValid };
}

function takeBuckets({ name }: TrackedMetric, { histograms = {} }: LiveInterval): Taken<HistogramBlock> {
  const block = Object.hasOwn(histograms, name) ? histograms[name] : undefined;
  if (!block) return null;
  const sizes = { baseline: block.baseline.length, candidate: block.candidate.length };
  return { block, sizes, isValid: areComparable([block.baseline, block.candidate]) };
}

function areComparable(samples: readonly BinnedSample[]): boolean {
  try {
    inCommonBuckets(samples);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** As blocks of single values, each interval within itself. */
function effectOfCounts(alpha: number): LiveEffect<CountBlock> {
  const effect = new BlockEffect('rate', alpha);
  return {
    get blocks() {
      return effect.blocks;
    },
    get baselineMean() {
      return effect.baselineMean;
    },
    spread: null,
    effect: () => effect.effect(),
    enterStage: () => effect.enterStage(),
    add: block =>
      effect.addMeans(
        { mean: block.baselineEvents / block.baselineTrials, n: block.baselineTrials },
        { mean: block.candidateEvents / block.candidateTrials, n: block.candidateTrials },
      ),
    write: writer => effect.write(writer),
    read: reader => effect.read(reader),
  };
}
