/**
 * What the requests of one arm have in common: pods and caches of its own. An autoregressive effect on the logarithm of the
 * latency, and a rate of errors drawn anew for every hundred requests. The arms do not differ; they only do not scatter alone.
 */
import type { LiveOutcome } from '../../src/analysis/live-outcome.ts';
import type { Draws } from './draws.ts';

export interface ArmEffectsOptions {
  /** Standard deviation of ln latency, and for how many requests an effect lasts. */
  latency?: { sd: number; lasting: number };
  /** Rate of errors, and the correlation of those of one interval. */
  errors?: { rate: number; icc: number };
}

const INTERVAL = 100;

export class ArmEffects {
  readonly #draws: Draws;
  readonly #options: ArmEffectsOptions;
  readonly #keep: number;
  readonly #logs = { baseline: 0, candidate: 0 };
  readonly #rates = { baseline: 0, candidate: 0 };
  readonly #requests = { baseline: 0, candidate: 0 };

  constructor(draws: Draws, options: ArmEffectsOptions = {}) {
    this.#draws = draws;
    this.#options = options;
    this.#keep = options.latency ? Math.exp(-1 / options.latency.lasting) : 0;
  }

  /** Changes the outcome. */
  shape(outcome: LiveOutcome): void {
    const { latency, errors } = this.#options;
    const { arm } = outcome;
    if (latency) {
      const fresh = latency.sd * Math.sqrt(1 - this.#keep ** 2);
      this.#logs[arm] = this.#keep * this.#logs[arm] + fresh * this.#draws.normal();
      outcome.latencyMs! *= Math.exp(this.#logs[arm]);
    }
    if (errors) {
      const { rate, icc } = errors;
      const odds = (1 - icc) / icc;
      if (this.#requests[arm]++ % INTERVAL === 0) this.#rates[arm] = this.#draws.beta(rate * odds, (1 - rate) * odds);
      outcome.error = this.#draws.flip(this.#rates[arm]);
    }
  }
}
