/**
 * The test of one metric with its alarm: what comes in goes into the test and the effect, and once an alarm is raised it stays,
 * with the numbers of that moment. E-values of stages multiply, because the process goes on through them; samples are never pooled.
 */
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { readEffect, writeEffect } from './live-bytes.ts';
import type { Effect, LiveEffect } from './live-effect.ts';
import type { Arm } from './live-outcome.ts';
import type { TrackedMetric } from './live-plan.ts';
import type { MetricTest } from './metric-test.ts';

export type Sizes = Record<Arm, number>;

/** What the metric showed when its alarm was raised. `order`: 1 for the first of the release. */
interface Alarm {
  order: number;
  logE: number;
  effect: Effect;
  provenMargin: number | null;
  /** Above which most of it was seen, such as 0.95; null where everything shifted. */
  quantile: number | null;
  n: Sizes;
}

/** What a verdict reads of it. */
export type Tested = Pick<AlarmedTest<unknown>, 'metric' | 'logE' | 'provenMargin' | 'n' | 'alarm' | 'effect'>;

export class AlarmedTest<Block> {
  readonly metric: TrackedMetric;
  readonly effect: LiveEffect<Block>;
  readonly #test: MetricTest<Block>;
  readonly #alarmAt: number;
  readonly #provenAt: number;
  /** Values compared, over the whole release. */
  n: Sizes = { baseline: 0, candidate: 0 };
  alarm: Alarm | null = null;

  constructor(metric: TrackedMetric, alpha: number, parts: { test: MetricTest<Block>; effect: LiveEffect<Block> }) {
    this.metric = metric;
    this.#test = parts.test;
    this.effect = parts.effect;
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
  enterStage(compares: boolean): void {
    if (compares) this.#test.restart();
    this.effect.enterStage();
  }

  /** @returns true when this raised the alarm @throws RangeError when the block is malformed; nothing is then changed */
  add(block: Block, sizes: Sizes, order: number): boolean {
    this.#test.add(block);
    this.effect.add(block);
    this.n.baseline += sizes.baseline;
    this.n.candidate += sizes.candidate;
    if (this.alarm || this.logE < this.#alarmAt) return false;
    const { logE, provenMargin } = this;
    const quantile = this.#test.leadingQuantile();
    this.alarm = { order, logE, provenMargin, quantile, effect: this.effect.effect(), n: { ...this.n } };
    return true;
  }

  write(writer: StateWriter): void {
    const { n, alarm } = this;
    writer.count(n.baseline).count(n.candidate);
    this.effect.write(writer);
    writer.nested(this.#test.encode()).count(alarm?.order ?? 0);
    if (!alarm) return;
    writer
      .double(alarm.logE)
      .double(alarm.provenMargin ?? Number.NaN)
      .double(alarm.quantile ?? Number.NaN);
    writer.count(alarm.n.baseline).count(alarm.n.candidate);
    writeEffect(writer, alarm.effect);
  }

  read(reader: StateReader): void {
    this.n = { baseline: reader.count(), candidate: reader.count() };
    this.effect.read(reader);
    this.#test.restore(reader.nested());
    const order = reader.count();
    if (order === 0) return;
    const [logE, provenMargin, quantile] = [reader.double(), orNull(reader.double()), orNull(reader.double())];
    const n = { baseline: reader.count(), candidate: reader.count() };
    this.alarm = { order, logE, provenMargin, quantile, n, effect: readEffect(reader) };
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
