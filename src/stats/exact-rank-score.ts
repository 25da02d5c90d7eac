/**
 * The rank-score test with exact mid-ranks instead of a sketch: keeps every observation, sorted. For short series and as
 * the yardstick of the sketch; memory and time grow with the past, so it must not serve a stream.
 */

import type { EProcess, ValueBlock } from './e-process.ts';
import {
  type BetGrid,
  betGrid,
  checkEta,
  checkedLambdas,
  DEFAULT_LAMBDA_GRID,
  gridLogE,
  placeBets,
  readGrid,
  writeGrid,
} from './grid.ts';
import { withUpdate } from './pure-update.ts';
import { checkValues, marginScale, type RankScoreOptions } from './rank-score.ts';
import { StateReader, StateWriter } from './state-bytes.ts';

/** The past, ascending, in the first `length` places of a buffer that doubles. */
export interface ExactRankState {
  past: Float64Array;
  length: number;
  readonly bets: BetGrid;
}

const TAG = 0x22;

/**
 * As `rankScoreEProcess`, with g(z) = (#{past < z} + ½·#{past = z})/#past exactly. O(past) to absorb an observation.
 * @throws RangeError as there
 */
export function exactRankScoreEProcess(
  options: Omit<RankScoreOptions, 'temperingSlice' | 'atRest'> = {},
): EProcess<ValueBlock, ExactRankState> {
  const lambdas = checkedLambdas(options.lambdaGrid ?? DEFAULT_LAMBDA_GRID);
  const scale = marginScale(options);
  const sign = options.worse === 'lower' ? -1 : 1;
  return withUpdate({
    initial: () => ({ past: new Float64Array(64), length: 0, bets: betGrid(lambdas.length) }),
    fold(state, block, eta = 1) {
      checkEta(eta);
      checkValues(block);
      const d = meanScore(state, block.candidate, scale) - meanScore(state, block.baseline, 1);
      placeBets(state.bets, lambdas, sign * d, eta);
      for (let i = 0; i < block.baseline.length; i++) insert(state, block.baseline[i]!);
      for (let i = 0; i < block.candidate.length; i++) insert(state, block.candidate[i]! * scale);
      return state;
    },
    logE: state => gridLogE(state.bets),
    encode(state) {
      const writer = new StateWriter(TAG).doubles(state.past.subarray(0, state.length));
      writeGrid(writer, state.bets);
      return writer.bytes();
    },
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const past = reader.doublesOfAnyLength();
      const state = { past, length: past.length, bets: readGrid(reader, lambdas.length) };
      reader.end();
      return state;
    },
  });
}

function meanScore(state: ExactRankState, values: ArrayLike<number>, scale: number): number {
  if (state.length === 0) return 0.5;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]! * scale;
    sum += (firstAtLeast(state, value) + firstAbove(state, value)) / (2 * state.length);
  }
  return sum / values.length;
}

function insert(state: ExactRankState, value: number): void {
  if (state.length === state.past.length) {
    const wider = new Float64Array(Math.max(64, 2 * state.length));
    wider.set(state.past);
    state.past = wider;
  }
  const at = firstAbove(state, value);
  state.past.copyWithin(at + 1, at, state.length);
  state.past[at] = value;
  state.length++;
}

function firstAtLeast(state: ExactRankState, value: number): number {
  return firstWhere(state.length, i => state.past[i]! >= value);
}

function firstAbove(state: ExactRankState, value: number): number {
  return firstWhere(state.length, i => state.past[i]! > value);
}

/** Least index at which a predicate that stays true turns true. */
function firstWhere(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
