/**
 * Sequential test that the candidate's values are not larger than the baseline's (latency, tokens, cost), whatever their
 * distribution. Values are scored by their rank among *past* observations of both arms and the difference of the arms'
 * mean scores is bet on. A common drift or spike moves both arms' scores and cancels; a log scale or outliers do not matter.
 * The score must never see the block it scores: absorbing comes after betting.
 */

import type { EProcess, RestartOptions, ValueBlock } from './e-process.ts';
import {
  type BetGrid,
  betGrid,
  checkEta,
  checkedAtRest,
  checkedLambdas,
  DEFAULT_LAMBDA_GRID,
  gridLogE,
  placeBets,
  readGrid,
  startCopy,
  writeGrid,
} from './grid.ts';
import { withUpdate } from './pure-update.ts';
import { absorb, type RankSketch, rankScore, rankSketch, readSketch, writeSketch } from './rank-sketch.ts';
import { StateReader, StateWriter } from './state-bytes.ts';
import {
  checkedSlice,
  observeScore,
  readTempering,
  type TemperingState,
  temperingState,
  writeTempering,
} from './tempering.ts';

/** Pooled past and log capital: 8 kB in memory, encoded a few hundred bytes. */
export interface RankScoreState {
  readonly past: RankSketch;
  readonly bets: BetGrid;
  /** Dispersion of the score differences, when tempered. */
  readonly tempering: TemperingState | null;
}

export interface RankScoreOptions extends RestartOptions {
  /** Bets λ in (0, 0.99]. Default: 12 from 0.02 to 0.97. */
  readonly lambdaGrid?: readonly number[];
  /** Harmless relative increase τ ≥ 0 (0.05 = 5%): the candidate is scaled by 1/(1+τ) before scoring. Default 0. */
  readonly margin?: number;
  /** Which direction is a regression. Default 'higher'. For 'lower' the candidate is scaled by (1+τ). */
  readonly worse?: 'higher' | 'lower';
  /**
   * Temper by the dispersion of slices of this many blocks (100 is measured); whole number ≥ 1. Absent: no tempering.
   * For streams whose outcomes share pods or caches: false alarms under pod effects of sd 0.1 that last 50 requests
   * fall from 40% to 16%, with a 5% margin to 4%; detection needs one or two slices more.
   */
  readonly temperingSlice?: number;
}

const TAG = 0x21;

/**
 * E-process for "the candidate, scaled by its margin, is stochastically not worse than the baseline at each time": exact
 * at every look. D = mean g(candidate) − mean g(baseline) in [−1, 1], E = mean over λ of Π(1 + λ·D). The first block, which
 * has no past, scores 0. O(log bins) an observation, no allocation.
 * @throws RangeError for bets outside (0, 0.99] or a negative margin; from an update for an empty arm, NaN or a negative value
 * (+Infinity is a time-out and ranks highest)
 * @see Waudby-Smith & Ramdas 2024, JRSS-B 86:1–27, on betting; Shafer & Vovk 2019, Game-Theoretic Foundations
 */
export function rankScoreEProcess(options: RankScoreOptions = {}): EProcess<ValueBlock, RankScoreState> {
  const lambdas = checkedLambdas(options.lambdaGrid ?? DEFAULT_LAMBDA_GRID);
  const scale = marginScale(options);
  const sign = options.worse === 'lower' ? -1 : 1;
  const slice = checkedSlice(options.temperingSlice);
  const atRest = checkedAtRest(options.atRest);
  return withUpdate({
    initial: () => ({
      past: rankSketch(),
      bets: betGrid(lambdas.length, atRest),
      tempering: slice > 0 ? temperingState(1) : null,
    }),
    fold(state, block, eta = 1) {
      checkEta(eta);
      checkValues(block);
      const d = sign * scoreDifference(state.past, block, scale);
      if (state.tempering === null) placeBets(state.bets, lambdas, d, eta);
      else {
        placeBets(state.bets, lambdas, d, eta * state.tempering.eta);
        observeScore(state.tempering, d, slice);
      }
      absorbBlock(state.past, block, scale);
      return state;
    },
    restart(state) {
      startCopy(state.bets);
      return state;
    },
    logE: state => gridLogE(state.bets),
    encode(state) {
      const writer = new StateWriter(TAG);
      writeGrid(writer, state.bets);
      writeSketch(writer, state.past);
      if (state.tempering !== null) writeTempering(writer, state.tempering);
      return writer.bytes();
    },
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const bets = readGrid(reader, lambdas.length);
      const past = readSketch(reader);
      const tempering = slice > 0 ? readTempering(reader, 1) : null;
      reader.end();
      return { past, bets, tempering };
    },
  });
}

/** What the candidate's values are multiplied by, so that exactly the margin's worth of harm becomes none. */
export function marginScale(options: { readonly margin?: number; readonly worse?: 'higher' | 'lower' }): number {
  const margin = options.margin ?? 0;
  if (!(margin >= 0 && Number.isFinite(margin))) throw new RangeError(`a margin must be ≥ 0, got ${margin}`);
  return options.worse === 'lower' ? 1 + margin : 1 / (1 + margin);
}

/**
 * mean g(candidate·scale) − mean g(baseline) by rank in the past, in [−1, 1]; 0 without a past. Reads only: several
 * mixtures (restarted copies) can bet on one score. Values must have been checked.
 */
export function scoreDifference(past: RankSketch, block: ValueBlock, scale: number): number {
  const { baseline, candidate } = block;
  let ofBaseline = 0;
  for (let i = 0; i < baseline.length; i++) ofBaseline += rankScore(past, baseline[i]!);
  let ofCandidate = 0;
  for (let i = 0; i < candidate.length; i++) ofCandidate += rankScore(past, candidate[i]! * scale);
  return ofCandidate / candidate.length - ofBaseline / baseline.length;
}

/** Adds both arms of a block to the pooled past, the candidate scaled as it was scored. */
export function absorbBlock(past: RankSketch, block: ValueBlock, scale: number): void {
  const { baseline, candidate } = block;
  for (let i = 0; i < baseline.length; i++) absorb(past, baseline[i]!);
  for (let i = 0; i < candidate.length; i++) absorb(past, candidate[i]! * scale);
}

/** @throws RangeError for an empty arm, NaN or a value below 0 */
export function checkValues(block: ValueBlock): void {
  checkArm(block.baseline, 'baseline');
  checkArm(block.candidate, 'candidate');
}

function checkArm(values: ArrayLike<number>, arm: string): void {
  if (values.length === 0) throw new RangeError(`a block requires at least one value of each arm, ${arm} has none`);
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! >= 0)) throw new RangeError(`values of a block must be ≥ 0, ${arm} holds ${values[i]}`);
  }
}
