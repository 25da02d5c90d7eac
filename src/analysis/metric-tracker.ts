/**
 * One metric of one release: pairs its values into blocks, feeds them to the metric's e-process and remembers an alarm for
 * good. E-values of stages multiply, because the process goes on through them; samples are never pooled. The state of
 * the test is made with the first block: most of a thousand releases at rest cost next to nothing.
 */
import { boundedBetEProcess } from '../stats/bounded-bet.ts';
import type { EProcess, ValueBlock } from '../stats/e-process.ts';
import { oddsRatioEProcess } from '../stats/odds-ratio.ts';
import { rankScoreEProcess } from '../stats/rank-score.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { BlockEffect, type Effect } from './block-effect.ts';
import { BlockQueue, type BlockShape } from './block-queue.ts';
import { readBytes, readEffect, writeBytes, writeEffect } from './live-bytes.ts';
import type { Arm } from './live-outcome.ts';
import type { TrackedMetric } from './live-plan.ts';

/** Odds of an error may grow by half before it counts: within-arm correlation alone makes that much. */
export const HARMLESS_ODDS_RATIO = 1.5;

/** One for all releases: the state is theirs, the process holds none. */
const errorOdds = oddsRatioEProcess({ phi0: HARMLESS_ODDS_RATIO });

interface BlockTest {
  add(block: ValueBlock): void;
  logE(): number;
  encode(): Uint8Array;
  restore(bytes: Uint8Array): void;
}

/** What the metric showed when its alarm was raised. `order`: 1 for the first of the release. */
interface Alarm {
  order: number;
  logE: number;
  effect: Effect;
  baselineMean: number;
  n: { baseline: number; candidate: number };
}

export class MetricTracker {
  readonly metric: TrackedMetric;
  readonly effect: BlockEffect;
  readonly #test: BlockTest;
  readonly #alarmAt: number;
  #queue = new BlockQueue();
  /** Values of the stage: seen of the candidate, compared of the candidate, not valid of either arm, and all. */
  stage = { candidates: 0, compared: 0, invalid: 0, offered: 0 };
  /** Values in blocks, over the whole release. */
  n = { baseline: 0, candidate: 0 };
  alarm: Alarm | null = null;

  constructor(metric: TrackedMetric, alpha: number) {
    this.metric = metric;
    this.#test = blockTest(metric);
    this.effect = new BlockEffect(effectKind(metric), alpha);
    this.#alarmAt = -Math.log(alpha * metric.weight);
  }

  /** Natural logarithm of the e-value. */
  get logE(): number {
    return this.#test.logE();
  }

  enterStage(shape: BlockShape | null): void {
    this.#queue.reshape(shape);
    this.stage = { candidates: 0, compared: 0, invalid: 0, offered: 0 };
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
    this.#test.add(block);
    this.effect.add(block);
    this.stage.compared += block.candidate.length;
    this.n.baseline += block.baseline.length;
    this.n.candidate += block.candidate.length;
    if (this.alarm || this.logE < this.#alarmAt) return false;
    const effect = this.effect.effect();
    this.alarm = { order, logE: this.logE, effect, baselineMean: this.effect.baselineMean, n: { ...this.n } };
    return true;
  }

  write(writer: StateWriter): void {
    const { stage, n, alarm } = this;
    writer.count(stage.candidates).count(stage.compared).count(stage.invalid).count(stage.offered);
    writer.count(n.baseline).count(n.candidate);
    this.#queue.write(writer);
    this.effect.write(writer);
    writeBytes(writer, this.#test.encode());
    writer.count(alarm?.order ?? 0);
    if (!alarm) return;
    writer.double(alarm.logE).double(alarm.baselineMean).count(alarm.n.baseline).count(alarm.n.candidate);
    writeEffect(writer, alarm.effect);
  }

  read(reader: StateReader, shape: BlockShape | null): void {
    const [candidates, compared, invalid, offered] = [reader.count(), reader.count(), reader.count(), reader.count()];
    this.stage = { candidates, compared, invalid, offered };
    this.n = { baseline: reader.count(), candidate: reader.count() };
    this.#queue = BlockQueue.read(reader, shape);
    this.effect.read(reader);
    this.#test.restore(readBytes(reader));
    const order = reader.count();
    if (order === 0) return;
    const [logE, baselineMean] = [reader.double(), reader.double()];
    const at = { baseline: reader.count(), candidate: reader.count() };
    this.alarm = { order, logE, baselineMean, n: at, effect: readEffect(reader) };
  }
}

function effectKind(metric: TrackedMetric): 'rate' | 'difference' | 'logRatio' {
  if (metric.source === 'error') return 'rate';
  return metric.source === 'quality' ? 'difference' : 'logRatio';
}

function blockTest({ source, margin, worse }: TrackedMetric): BlockTest {
  if (source === 'error')
    return testOf(errorOdds, block => ({
      baselineTrials: block.baseline.length,
      baselineEvents: sum(block.baseline),
      candidateTrials: block.candidate.length,
      candidateEvents: sum(block.candidate),
    }));
  if (source === 'quality') return testOf(boundedBetEProcess({ margin, worse }), block => block);
  return testOf(rankScoreEProcess({ margin, worse }), block => block);
}

/** An e-process with its state, which is made when the first block comes. */
function testOf<Block, State>(eProcess: EProcess<Block, State>, blockOf: (block: ValueBlock) => Block): BlockTest {
  let state: State | undefined;
  return {
    add(block) {
      state = eProcess.update(state ?? eProcess.initial(), blockOf(block));
    },
    logE: () => (state === undefined ? 0 : eProcess.logE(state)),
    encode: () => (state === undefined ? new Uint8Array() : eProcess.encode(state)),
    restore(bytes) {
      state = bytes.length === 0 ? undefined : eProcess.decode(bytes);
    },
  };
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
