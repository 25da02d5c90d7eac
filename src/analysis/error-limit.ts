/**
 * `errorRate.max`: the candidate's own error rate against a fixed limit, at every weight and in the bake. Fails when the
 * lower bound of an interval that holds at all looks is above the limit. Two counts side by side, each with half of alpha:
 * one for the stage, which finds a rate a little too high, and one for runs of 200, so that a long clean past never
 * hides a sudden failure. The k-th stage, or run, spends 1/(k(k + 1)) of its half, which sums to all of it.
 */
import { betaBinomialBounds } from '../stats/confidence-sequence.ts';
import { betaBinomialMixture } from '../stats/mixtures.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';

interface LimitBreach {
  errors: number;
  n: number;
  /** Lower bound of the rate when the limit was broken. */
  low: number;
}

/** `nth`: 1 for the first count of its kind. */
interface Count {
  errors: number;
  n: number;
  nth: number;
}

const RUN_LENGTH = 200;

export class ErrorLimit {
  /** Null when not limited. */
  readonly max: number | null;
  readonly #alpha: number;
  #stage: Count = { errors: 0, n: 0, nth: 0 };
  #run: Count = { errors: 0, n: 0, nth: 0 };
  breach: LimitBreach | null = null;

  constructor(max: number | null, alpha: number) {
    this.max = max;
    this.#alpha = alpha;
  }

  enterStage(): void {
    this.#stage = { errors: 0, n: 0, nth: this.#stage.nth + 1 };
    this.#run = { errors: 0, n: 0, nth: this.#run.nth + 1 };
  }

  add(isError: boolean): void {
    if (this.#run.n >= RUN_LENGTH) this.#run = { errors: 0, n: 0, nth: this.#run.nth + 1 };
    for (const count of [this.#stage, this.#run]) {
      count.n++;
      if (isError) count.errors++;
      if (isError) this.breach ??= this.#breachOf(count); // only an error can raise the lower bound
    }
  }

  /** Of an interval of which only the counts are known: a run ends with the interval that fills it. @param errors of `n` answers */
  addCounts(n: number, errors: number): void {
    if (this.#run.n >= RUN_LENGTH) this.#run = { errors: 0, n: 0, nth: this.#run.nth + 1 };
    for (const count of [this.#stage, this.#run]) {
      count.n += n;
      count.errors += errors;
      if (errors > 0) this.breach ??= this.#breachOf(count);
    }
  }

  write(writer: StateWriter): void {
    for (const { errors, n, nth } of [this.#stage, this.#run]) writer.count(errors).count(n).count(nth);
    writer.count(this.breach?.n ?? 0);
    if (this.breach) writer.count(this.breach.errors).double(this.breach.low);
  }

  read(reader: StateReader): void {
    this.#stage = { errors: reader.count(), n: reader.count(), nth: reader.count() };
    this.#run = { errors: reader.count(), n: reader.count(), nth: reader.count() };
    const n = reader.count();
    if (n > 0) this.breach = { n, errors: reader.count(), low: reader.double() };
  }

  #breachOf({ errors, n, nth }: Count): LimitBreach | null {
    if (this.max === null || errors <= this.max * n) return null;
    const alpha = this.#alpha / (2 * nth * (nth + 1));
    if (this.max > 0 && betaBinomialMixture(errors, n, this.max, [1, 1]) < -Math.log(alpha)) return null;
    const [low] = betaBinomialBounds({ successes: errors, trials: n }, alpha);
    return { errors, n, low };
  }
}
