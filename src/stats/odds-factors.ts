/*
 * Likelihood ratios of small 2×2 tables, computed once for each outcome that a block of one shape can have. Blocks of a stage all
 * have one shape; without this table twenty logarithms a block would cost more than everything else.
 */

import { type ConditionedTable, logTiltRatios, type TiltScratch } from './hypergeometric-tilt.ts';
import { condition } from './odds-ratio.ts';

/** Factors for one outcome, by odds ratio of the grid. */
export interface OddsFactors {
  readonly logs: Float64Array;
  readonly factors: Float64Array;
  /** For `multiplyCapital`: the largest |log| in units of 4. */
  readonly cost: number;
}

const MOST_KEPT = 4096;

/** Answers for the current shape; another shape starts over. */
export class OddsFactorTable {
  readonly #grid: { readonly phis: Float64Array; readonly logPhis: Float64Array };
  readonly #scratch: TiltScratch = { weights: new Float64Array(0) };
  readonly #table: ConditionedTable;
  #baselineTrials = 0;
  #candidateTrials = 0;
  #kept: (OddsFactors | undefined)[] = [];

  constructor(phis: Float64Array) {
    this.#grid = { phis, logPhis: phis.map(Math.log) };
    this.#table = { baselineTrials: 0, candidateTrials: 0, total: 0, low: 0, range: 0, shift: 0, phi0: 1 };
  }

  reshape(baselineTrials: number, candidateTrials: number): void {
    if (baselineTrials === this.#baselineTrials && candidateTrials === this.#candidateTrials) return;
    this.#baselineTrials = baselineTrials;
    this.#candidateTrials = candidateTrials;
    this.#kept = [];
  }

  /** Allocates the first time an outcome is met, and always for shapes with more than 4,096 outcomes. */
  of(baselineEvents: number, candidateEvents: number): OddsFactors {
    const place = baselineEvents * (this.#candidateTrials + 1) + candidateEvents;
    const known = this.#kept[place];
    if (known !== undefined) return known;
    const made = this.#make(baselineEvents, candidateEvents);
    if (place < MOST_KEPT) this.#kept[place] = made;
    return made;
  }

  #make(baselineEvents: number, candidateEvents: number): OddsFactors {
    const [baselineTrials, candidateTrials] = [this.#baselineTrials, this.#candidateTrials];
    const logs = new Float64Array(this.#grid.phis.length);
    if (condition(this.#table, { baselineTrials, baselineEvents, candidateTrials, candidateEvents })) {
      logTiltRatios(this.#table, this.#grid, this.#scratch, logs);
    }
    const largest = logs.reduce((most, log) => Math.max(most, Math.abs(log)), 0);
    return { logs, factors: logs.map(Math.exp), cost: Math.max(1, Math.ceil(largest / 4)) };
  }
}
