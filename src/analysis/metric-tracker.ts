/**
 * One metric of one release: pairs its values into blocks, feeds them to the metric's e-process and remembers an alarm for
 * good. E-values of stages multiply, because the process goes on through them; samples are never pooled.
 */
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { BlockEffect, type Effect } from './block-effect.ts';
import { BlockQueue, type BlockShape } from './block-queue.ts';
import { readBytes, readEffect, writeBytes, writeEffect } from './live-bytes.ts';
import type { Arm } from './live-outcome.ts';
import type { TrackedMetric } from './live-plan.ts';
import { type LiveSettings, UNIT_SETTINGS } from './live-settings.ts';
import { type MetricTest, metricTest } from './metric-test.ts';

/** What the metric showed when its alarm was raised. `order`: 1 for the first of the release. */
interface Alarm {
  order: number;
  logE: number;
  effect: Effect;
  provenMargin: number | null;
  n: { baseline: number; candidate: number };
}

export class MetricTracker {
  readonly metric: TrackedMetric;
  readonly effect: BlockEffect;
  readonly #test: MetricTest;
  readonly #alarmAt: number;
  readonly #provenAt: number;
  #queue = new BlockQueue();
  /** Values of the stage: seen of the candidate, compared of the candidate, not valid of either arm, and all. */
  stage = { candidates: 0, compared: 0, invalid: 0, offered: 0 };
  /** Values in blocks, over the whole release. */
  n = { baseline: 0, candidate: 0 };
  alarm: Alarm | null = null;

  constructor(metric: TrackedMetric, alpha: number, settings: LiveSettings = UNIT_SETTINGS) {
    this.metric = metric;
    this.#test = metricTest(metric, settings);
    this.effect = new BlockEffect(effectKind(metric), alpha);
    this.#alarmAt = -Math.log(alpha * metric.weight);
    this.#provenAt = -Math.log(alpha);
  }

  /** Natural logarithm of the e-value. */
  get logE(): number {
    return this.#test.logE(0);
  }

  /**
   * The largest of the margins that the candidate is shown to exceed, on the scale of the effect; null where none is. At the full
   * alpha: what is nested needs no correction, and this is the severity of one metric, not the alarm over all.
   */
  get provenMargin(): number | null {
    const { margins } = this.#test;
    for (let k = margins.length - 1; k >= 0; k--) if (this.#test.logE(k) >= this.#provenAt) return margins[k]!;
    return null;
  }

  /** A stage that compares begins with one more copy of the test: what goes wrong only now need not win back a good past. */
  enterStage(shape: BlockShape | null): void {
    this.#queue.reshape(shape);
    if (shape) this.#test.restart();
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
    const { logE, provenMargin } = this;
    this.alarm = { order, logE, provenMargin, effect: this.effect.effect(), n: { ...this.n } };
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
    writer
      .double(alarm.logE)
      .double(alarm.provenMargin ?? Number.NaN)
      .count(alarm.n.baseline)
      .count(alarm.n.candidate);
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
    const [logE, proven] = [reader.double(), reader.double()];
    const at = { baseline: reader.count(), candidate: reader.count() };
    const provenMargin = Number.isNaN(proven) ? null : proven;
    this.alarm = { order, logE, provenMargin, n: at, effect: readEffect(reader) };
  }
}

function effectKind(metric: TrackedMetric): 'rate' | 'difference' | 'logRatio' {
  if (metric.source === 'error') return 'rate';
  return metric.source === 'quality' ? 'difference' : 'logRatio';
}
