/**
 * `errorRate.max`: the candidate's own error rate against a fixed limit, at every weight and in the bake. Fails when the
 * lower bound of an interval that holds at all looks is above the limit. Counts begin anew with each stage, so that a long
 * clean past does not hide a sudden failure; stage k spends alpha / (k(k + 1)), which sums to alpha.
 */
import { betaBinomialBounds } from '../stats/confidence-sequence.ts';
import { betaBinomialMixture } from '../stats/mixtures.ts';
import type { StateReader, StateWriter } from '../stats/state-bytes.ts';

export interface LimitBreach {
  errors: number;
  n: number;
  /** Lower bound of the rate when the limit was broken. */
  low: number;
}

export class ErrorLimit {
  readonly #max: number | null;
  readonly #alpha: number;
  #stageAlpha: number;
  #errors = 0;
  #n = 0;
  breach: LimitBreach | null = null;

  constructor(max: number | null, alpha: number) {
    this.#max = max;
    this.#alpha = alpha;
    this.#stageAlpha = alpha;
  }

  /** Null when not limited. */
  get max(): number | null {
    return this.#max;
  }

  /** @param entered how many stages were entered, this one included */
  enterStage(entered: number): void {
    this.#stageAlpha = this.#alpha / (entered * (entered + 1));
    this.#errors = 0;
    this.#n = 0;
  }

  add(isError: boolean): void {
    this.#n++;
    if (!isError) return; // only an error can raise the lower bound
    this.#errors++;
    if (this.#max === null || this.breach || this.#errors <= this.#max * this.#n) return;
    if (this.#max > 0 && betaBinomialMixture(this.#errors, this.#n, this.#max, [1, 1]) < -Math.log(this.#stageAlpha))
      return;
    const [low] = betaBinomialBounds({ successes: this.#errors, trials: this.#n }, this.#stageAlpha);
    this.breach = { errors: this.#errors, n: this.#n, low };
  }

  write(writer: StateWriter): void {
    writer.count(this.#errors).count(this.#n).double(this.#stageAlpha);
    writer.count(this.breach?.n ?? 0);
    if (this.breach) writer.count(this.breach.errors).double(this.breach.low);
  }

  read(reader: StateReader): void {
    this.#errors = reader.count();
    this.#n = reader.count();
    this.#stageAlpha = reader.double();
    const n = reader.count();
    if (n > 0) this.breach = { n, errors: reader.count(), low: reader.double() };
  }
}
