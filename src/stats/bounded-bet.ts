/**
 * Sequential test for the mean of a bounded measure: quality in [0, 1], or cost as a share of a hard cap. Constant bets
 * over a grid need no estimate of the variance, so a judge whose scores are nearly constant cannot break them.
 * Values outside [0, 1] are refused, never clipped: clipping would change the mean under test.
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
import { copyOf, withUpdate } from './pure-update.ts';
import { StateReader, StateWriter } from './state-bytes.ts';
import {
  checkedSlice,
  observeScore,
  readTempering,
  type TemperingState,
  temperingState,
  writeTempering,
} from './tempering.ts';

export interface BoundedBetState {
  readonly bets: BetGrid;
  /** Dispersion of the differences, when tempered. */
  readonly tempering: TemperingState | null;
}

export interface BoundedBetOptions extends RestartOptions {
  /** Bets λ in (0, 0.99]. Default: 12 from 0.02 to 0.97. */
  readonly lambdaGrid?: readonly number[];
  /** Harmless absolute difference δ of the means, in [0, 1) (0.01 = one point of 100). Default 0. */
  readonly margin?: number;
  /** Which direction is a regression. Default 'lower' (quality). */
  readonly worse?: 'higher' | 'lower';
  /** Temper by the dispersion of slices of this many blocks; whole number ≥ 1. Absent: no tempering. */
  readonly temperingSlice?: number;
}

/** An e-process on blocks that also accepts the difference itself. */
export interface BoundedBetEProcess extends EProcess<ValueBlock, BoundedBetState> {
  /** As `update`, for a harm already computed: d in [−1, 1], positive when the candidate is worse, before the margin. */
  updateWithDifference(state: BoundedBetState, d: number, eta?: number): BoundedBetState;
  /** As `fold`, likewise. */
  foldDifference(state: BoundedBetState, d: number, eta?: number): BoundedBetState;
}

const TAG = 0x31;
/** Means of values in [0, 1] may differ by an ulp more than 1. */
const ROUNDING = 1e-12;

/**
 * E-process for "the candidate's mean is worse than the baseline's by at most δ", exact at every look for any bounded
 * outcomes whose conditional means obey it. D = (harm − δ)/(1 + δ) in [−1, 1], E = mean over λ of Π(1 + λ·D). O(block + grid).
 * @throws RangeError for bets outside (0, 0.99], margin outside [0, 1); from an update for an empty arm or values outside [0, 1]
 * @see Waudby-Smith & Ramdas 2024, JRSS-B 86:1–27; D = 1 at once gives log E = ln(1 + mean λ) = 0.3281
 */
export function boundedBetEProcess(options: BoundedBetOptions = {}): BoundedBetEProcess {
  const lambdas = checkedLambdas(options.lambdaGrid ?? DEFAULT_LAMBDA_GRID);
  const margin = options.margin ?? 0;
  if (!(margin >= 0 && margin < 1))
    throw new RangeError(`a margin of bounded values must lie in [0, 1), got ${margin}`);
  const sign = options.worse === 'higher' ? 1 : -1;
  const slice = checkedSlice(options.temperingSlice);
  const atRest = checkedAtRest(options.atRest);
  const foldDifference = (state: BoundedBetState, d: number, eta = 1): BoundedBetState => {
    checkEta(eta);
    if (!(Math.abs(d) <= 1 + ROUNDING)) throw new RangeError(`a difference of means must lie in [-1, 1], got ${d}`);
    const score = (d - margin) / (1 + margin);
    if (state.tempering === null) placeBets(state.bets, lambdas, score, eta);
    else {
      placeBets(state.bets, lambdas, score, eta * state.tempering.eta);
      observeScore(state.tempering, score, slice);
    }
    return state;
  };
  return withUpdate({
    initial: () => ({ bets: betGrid(lambdas.length, atRest), tempering: slice > 0 ? temperingState(1) : null }),
    foldDifference,
    updateWithDifference: (state: BoundedBetState, d: number, eta?: number) => foldDifference(copyOf(state), d, eta),
    fold: (state, block, eta = 1) =>
      foldDifference(state, sign * (meanOf(block.candidate, 'candidate') - meanOf(block.baseline, 'baseline')), eta),
    restart(state) {
      startCopy(state.bets);
      return state;
    },
    logE: state => gridLogE(state.bets),
    encode(state) {
      const writer = new StateWriter(TAG);
      writeGrid(writer, state.bets);
      if (state.tempering !== null) writeTempering(writer, state.tempering);
      return writer.bytes();
    },
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const bets = readGrid(reader, lambdas.length);
      const tempering = slice > 0 ? readTempering(reader, 1) : null;
      reader.end();
      return { bets, tempering };
    },
  });
}

function meanOf(values: ArrayLike<number>, arm: string): number {
  if (values.length === 0) throw new RangeError(`a block requires at least one value of each arm, ${arm} has none`);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= 0 && value <= 1)) throw new RangeError(`bounded values must lie in [0, 1], ${arm} holds ${value}`);
    sum += value;
  }
  return sum / values.length;
}
