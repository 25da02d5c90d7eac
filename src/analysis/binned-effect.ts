/**
 * How large a change of two histograms is: the ratio by which one lies above the other, as far as buckets and sampling can tell.
 * Counts add up over a stage and not beyond: another split, another hour would mix as samples (Simpson's paradox).
 */
import { type BinnedSample, differenceOfBounds, inCommonBuckets } from '../stats/binned-sample.ts';
import { binnedShift } from '../stats/binned-shift.ts';
import { pooled, readPast, writePast } from '../stats/histogram-past.ts';
import type { HistogramBlock } from '../stats/histogram-process.ts';
import { normalTail } from '../stats/special.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';
import { timeUniformZ } from './block-effect.ts';
import type { Effect, LiveEffect } from './live-effect.ts';

const UNKNOWN: Effect = { kind: 'ratio', value: null, low: null, high: null };

export class BinnedEffect implements LiveEffect<HistogramBlock> {
  readonly #alpha: number;
  #baseline: BinnedSample | null = null;
  #candidate: BinnedSample | null = null;
  /** Of the counts as they are; made when asked for. */
  #effect: Effect | null = null;
  readonly baselineMean = 0;
  readonly spread = null;

  constructor(alpha: number) {
    this.#alpha = alpha;
  }

  get blocks(): number {
    return this.#candidate?.length ?? 0;
  }

  enterStage(): void {
    this.#baseline = this.#candidate = this.#effect = null;
  }

  add(block: HistogramBlock): void {
    [this.#baseline, this.#candidate] = [
      together(this.#baseline, block.baseline),
      together(this.#candidate, block.candidate),
    ];
    this.#effect = null;
  }

  effect(): Effect {
    this.#effect ??= this.#measured();
    return this.#effect;
  }

  write(writer: StateWriter): void {
    writePast(writer, this.#baseline);
    writePast(writer, this.#candidate);
  }

  read(reader: StateReader): void {
    [this.#baseline, this.#candidate] = [readPast(reader), readPast(reader)];
  }

  #measured(): Effect {
    const [x, y] = [this.#candidate, this.#baseline];
    if (!x || !y || x.length === 0 || y.length === 0) return UNKNOWN;
    const confidence = 1 - 2 * normalTail(timeUniformZ(x.length, this.#alpha));
    const { shift, ci } = binnedShift(x, y, { scale: 'ratio', confidence });
    const ratio = (log: number) => (Number.isFinite(log) ? Math.exp(log) : null);
    return { kind: 'ratio', value: ratio(shift), low: ratio(ci[0]), high: ratio(ci[1]) };
  }
}

/** Where a source has changed its buckets, the counts begin anew. */
function together(before: BinnedSample | null, more: BinnedSample): BinnedSample {
  if (!before || (differenceOfBounds(before.bounds, more.bounds) && !(before.native && more.native))) return more;
  return pooled(inCommonBuckets([before, more]));
}
