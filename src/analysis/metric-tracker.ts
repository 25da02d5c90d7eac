/**
 * One metric of one release whose values come one by one: counts them, pairs them into blocks of both arms, and hands those to
 * its test.
 */
import type { ValueBlock } from '../stats/e-process.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { AlarmedTest } from './alarmed-test.ts';
import { BlockEffect } from './block-effect.ts';
import { BlockQueue, type BlockShape } from './block-queue.ts';
import type { Arm } from './live-outcome.ts';
import type { TrackedMetric } from './live-plan.ts';
import { type LiveSettings, UNIT_SETTINGS } from './live-settings.ts';
import { valueTest } from './value-test.ts';

/** Values of the stage: seen of the candidate, compared of the candidate, not valid of either arm, and all. */
export interface StageCounts {
  candidates: number;
  compared: number;
  invalid: number;
  offered: number;
}

export class MetricTracker {
  readonly metric: TrackedMetric;
  readonly evidence: AlarmedTest<ValueBlock>;
  #queue = new BlockQueue();
  stage: StageCounts = noCounts();

  constructor(metric: TrackedMetric, alpha: number, settings: LiveSettings = UNIT_SETTINGS) {
    this.metric = metric;
    const effect = new BlockEffect(effectKind(metric), alpha);
    this.evidence = new AlarmedTest(metric, alpha, { test: valueTest(metric, settings), effect });
  }

  enterStage(shape: BlockShape | null): void {
    this.#queue.reshape(shape);
    this.evidence.enterStage(shape !== null);
    this.stage = noCounts();
  }

  /** @returns true when this value raised the metric's alarm. @param value as `readValue` gives it; NaN counts as not valid */
  offer(arm: Arm, value: number, order: number): boolean {
    this.stage.offered++;
    if (Number.isNaN(value)) {
      this.stage.invalid++;
      return false;
    }
    if (arm === 'candidate') this.stage.candidates++;
    const block = this.#queue.offer(arm, value);
    if (!block) return false;
    const sizes = { baseline: block.baseline.length, candidate: block.candidate.length };
    this.stage.compared += sizes.candidate;
    return this.evidence.add(block, sizes, order);
  }

  write(writer: StateWriter): void {
    writeCounts(writer, this.stage);
    this.#queue.write(writer);
    this.evidence.write(writer);
  }

  read(reader: StateReader, shape: BlockShape | null): void {
    this.stage = readCounts(reader);
    this.#queue = BlockQueue.read(reader, shape);
    this.evidence.read(reader);
  }
}

export function noCounts(): StageCounts {
  return { candidates: 0, compared: 0, invalid: 0, offered: 0 };
}

export function writeCounts(writer: StateWriter, stage: StageCounts): void {
  writer.count(stage.candidates).count(stage.compared).count(stage.invalid).count(stage.offered);
}

export function readCounts(reader: StateReader): StageCounts {
  const [candidates, compared, invalid, offered] = [reader.count(), reader.count(), reader.count(), reader.count()];
  return { candidates, compared, invalid, offered };
}

function effectKind(metric: TrackedMetric): 'rate' | 'difference' | 'logRatio' {
  if (metric.source === 'error') return 'rate';
  return metric.source === 'quality' ? 'difference' : 'logRatio';
}
