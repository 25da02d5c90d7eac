/*
 * Rank score and quantiles of one stream of blocks at several margins at once: how bad is it at least? The largest margin
 * rejected is the severity; nested nulls need no correction. All margins share one past, of values as they were seen, so that
 * five cost little more than one. One margin alone is the cheap form of rank score and exceedance together.
 */

import type { EProcess, RestartOptions, ValueBlock } from './e-process.ts';
import {
  addToPast,
  type FrozenRanks,
  freezeWhenGrown,
  frozenRanks,
  frozenScore,
  readFrozen,
  writeFrozen,
} from './frozen-ranks.ts';
import {
  addLogCapital,
  type BetGrid,
  betGrid,
  checkEta,
  checkedAtRest,
  checkedLambdas,
  DEFAULT_LAMBDA_GRID,
  gridLogE,
  multiplyCapital,
  placeBets,
  readGrid,
  startCopy,
  writeGrid,
} from './grid.ts';
import { OddsFactorTable } from './odds-factors.ts';
import { checkedPhis, DEFAULT_PHI_GRID } from './odds-ratio.ts';
import { withUpdate } from './pure-update.ts';
import { checkValues, marginScale } from './rank-score.ts';
import { StateReader, StateWriter } from './state-bytes.ts';
import {
  checkedSlice,
  observeScore,
  readTempering,
  type TemperingState,
  temperingState,
  writeTempering,
} from './tempering.ts';

export interface NestedMarginsOptions extends RestartOptions {
  /** Relative increases τ ≥ 0 (0.05 = 5%), each judged for itself. Default 0.05, 0.1, 0.25, 0.5 and 1. */
  readonly margins?: readonly number[];
  /** In (0, 1). Default 0.5, 0.95 and 0.99. */
  readonly quantiles?: readonly number[];
  /** Bets λ in (0, 0.99], and odds ratios > 1. Defaults as for the single processes. */
  readonly lambdaGrid?: readonly number[];
  readonly phiGrid?: readonly number[];
  /** As for the rank score: by its dispersion at the first margin, all tests alike. Absent: no tempering. */
  readonly temperingSlice?: number;
}

/** About 20 kB for five margins and three quantiles, encoded some 6 kB. */
export interface NestedMarginsState {
  readonly past: FrozenRanks;
  /** By margin. */
  readonly rank: readonly BetGrid[];
  /** By margin, then by quantile. */
  readonly exceedance: readonly (readonly BetGrid[])[];
  readonly tempering: TemperingState | null;
}

/** As an `EProcess`, with an e-value for each margin and test. */
export interface NestedMarginsEProcess extends Omit<EProcess<ValueBlock, NestedMarginsState>, 'logE'> {
  /** As `EProcess.update`: changes the state in place; eta must be decided from earlier blocks only. */
  fold(state: NestedMarginsState, block: ValueBlock, eta?: number): NestedMarginsState;
  restart(state: NestedMarginsState): NestedMarginsState;
  /** Of "the candidate is at most margins[margin] slower", by ranks. */
  rankLogE(state: NestedMarginsState, margin: number): number;
  /** Of the same null, by how often quantiles[quantile] is exceeded. */
  exceedanceLogE(state: NestedMarginsState, margin: number, quantile: number): number;
}

const DEFAULT_MARGINS = [0.05, 0.1, 0.25, 0.5, 1];
const DEFAULT_QUANTILES = [0.5, 0.95, 0.99];
const TAG = 0x23;
/** Beyond it, factors are added as logarithms. */
const MOST_COST = 128;

/**
 * For each margin τ, e-processes for "candidate/(1+τ) is stochastically not larger than the baseline at each time", exact at
 * every look: the score and the thresholds come from blocks before. Differs from `rankScoreEProcess` and `exceedanceEProcess` in
 * that the past holds unscaled values and is frozen while it grows by 2%. The first block carries no evidence. O(margins) a
 * candidate value, O(1) a baseline value, no allocation once a block shape has been met.
 * @throws RangeError for margins, quantiles or grids out of range; from an update for an empty arm, NaN or a negative value
 */
export function nestedMarginsEProcess(options: NestedMarginsOptions = {}): NestedMarginsEProcess {
  const scales = Float64Array.from((options.margins ?? DEFAULT_MARGINS).map(margin => marginScale({ margin })));
  const quantiles = checkedQuantiles(options.quantiles ?? DEFAULT_QUANTILES);
  const lambdas = checkedLambdas(options.lambdaGrid ?? DEFAULT_LAMBDA_GRID);
  const phis = checkedPhis(options.phiGrid ?? DEFAULT_PHI_GRID);
  const odds = new OddsFactorTable(phis);
  const slice = checkedSlice(options.temperingSlice);
  const atRest = checkedAtRest(options.atRest);
  const ofBaseline: ArmScore = { mean: 0, exceeding: new Int32Array(quantiles.length) };
  const ofCandidate: ArmScore = { mean: 0, exceeding: new Int32Array(quantiles.length) };

  const judge = (state: NestedMarginsState, { baseline, candidate }: ValueBlock, eta: number) => {
    odds.reshape(baseline.length, candidate.length);
    scoreArm(state.past, baseline, 1, ofBaseline);
    for (let k = 0; k < scales.length; k++) {
      scoreArm(state.past, candidate, scales[k]!, ofCandidate);
      const d = ofCandidate.mean - ofBaseline.mean;
      placeBets(state.rank[k]!, lambdas, d, eta);
      // Its exponent was read before the loop: this block decides those of later slices only.
      if (k === 0 && state.tempering !== null) observeScore(state.tempering, d, slice);
      const grids = state.exceedance[k]!;
      for (let q = 0; q < grids.length; q++) {
        const [eventsBaseline, eventsCandidate] = [ofBaseline.exceeding[q]!, ofCandidate.exceeding[q]!];
        const events = eventsBaseline + eventsCandidate;
        // All of them or none: the total decides the split, which then says nothing.
        if (events === 0 || events === baseline.length + candidate.length) continue;
        const { factors, logs, cost } = odds.of(eventsBaseline, eventsCandidate);
        if (cost <= MOST_COST) multiplyCapital(grids[q]!, factors, cost, eta);
        else addLogCapital(grids[q]!, logs, eta);
      }
    }
  };
  return withUpdate({
    initial: () => ({
      past: frozenRanks(quantiles.length),
      rank: Array.from(scales, () => betGrid(lambdas.length, atRest)),
      exceedance: Array.from(scales, () => Array.from(quantiles, () => betGrid(phis.length, atRest))),
      tempering: slice > 0 ? temperingState(1) : null,
    }),
    fold(state, block, eta = 1) {
      checkEta(eta);
      checkValues(block);
      const { past } = state;
      if (past.total > 0) judge(state, block, state.tempering === null ? eta : eta * state.tempering.eta);
      for (let i = 0; i < block.baseline.length; i++) addToPast(past, block.baseline[i]!);
      for (let i = 0; i < block.candidate.length; i++) addToPast(past, block.candidate[i]!);
      freezeWhenGrown(past, quantiles);
      return state;
    },
    restart(state) {
      for (const grid of [...state.rank, ...state.exceedance.flat()]) startCopy(grid);
      return state;
    },
    rankLogE: (state, margin) => gridLogE(state.rank[margin]!),
    exceedanceLogE: (state, margin, quantile) => gridLogE(state.exceedance[margin]![quantile]!),
    encode(state) {
      const writer = new StateWriter(TAG);
      for (const grid of [...state.rank, ...state.exceedance.flat()]) writeGrid(writer, grid);
      writeFrozen(writer, state.past);
      if (state.tempering !== null) writeTempering(writer, state.tempering);
      return writer.bytes();
    },
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const rank = Array.from(scales, () => readGrid(reader, lambdas.length));
      const exceedance = Array.from(scales, () => Array.from(quantiles, () => readGrid(reader, phis.length)));
      const past = readFrozen(reader, quantiles);
      const state = { rank, exceedance, past, tempering: slice > 0 ? readTempering(reader, 1) : null };
      reader.end();
      return state;
    },
  });
}

/** One arm of one block: mean score, and values above each threshold. Reused: a returned number would be allocated. */
interface ArmScore {
  mean: number;
  readonly exceeding: Int32Array;
}

function scoreArm(past: FrozenRanks, values: ArrayLike<number>, scale: number, into: ArmScore): void {
  const { shares, thresholds } = past;
  const { exceeding } = into;
  exceeding.fill(0);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]! * scale;
    sum += frozenScore(shares, value);
    for (let q = 0; q < thresholds.length; q++) exceeding[q] = exceeding[q]! + Number(value > thresholds[q]!);
  }
  into.mean = sum / values.length;
}

function checkedQuantiles(quantiles: readonly number[]): Float64Array {
  for (const p of quantiles) if (!(p > 0 && p < 1)) throw new RangeError(`a quantile must lie in (0, 1), got ${p}`);
  return Float64Array.from(quantiles);
}
