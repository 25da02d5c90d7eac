/**
 * Tempering: evidence is discounted by the overdispersion seen so far. Outcomes of one arm share pods, caches and users;
 * if slices of them scatter more than independent outcomes would, a test that counts outcomes is sure too early. The
 * exponent eta = 1/max(1, deff) is fixed by past slices only, so the result is still an e-process under independence; that it
 * holds the false alarms down under correlation is measured, not proven. Starts distrustful: deff 1.5, worth four slices, and a
 * little above what was seen: few slices may have looked calm by chance.
 */
import type { StateReader, StateWriter } from './state-bytes.ts';

const PRIOR_SLICES = 4;
const PRIOR_EFFECT = 1.5;
/** In standard errors of the dispersion: with a margin, pods of sd 0.1 over 50 requests alarm falsely in 4.0% instead of 5.1%. */
const CAUTION = 0.35;

/** Outcomes of closed slices and of the running one: how many, their sum, the sum of their squares. */
interface Series {
  count: number;
  sum: number;
  squares: number;
  sliceCount: number;
  sliceSum: number;
  sliceSquares: number;
}

/** Dispersion of one or more series (a score; or each arm's outcomes) cut into common slices. */
export interface TemperingState {
  readonly series: readonly Series[];
  /** Sum over closed slices of squared standardised residuals, and their number. */
  chiSquare: number;
  degrees: number;
  /** Exponent for the blocks of the running slice, in (0, 1]. */
  eta: number;
}

export function temperingState(seriesCount: number): TemperingState {
  const series = Array.from({ length: seriesCount }, () => ({
    count: 0,
    sum: 0,
    squares: 0,
    sliceCount: 0,
    sliceSum: 0,
    sliceSquares: 0,
  }));
  return { series, chiSquare: 0, degrees: 0, eta: 1 / PRIOR_EFFECT };
}

/** Adds `count` outcomes with the given sums to the running slice of series `index`. O(1), no allocation. */
export function addToSlice(state: TemperingState, index: number, count: number, sum: number, squares: number): void {
  const series = state.series[index]!;
  series.sliceCount += count;
  series.sliceSum += sum;
  series.sliceSquares += squares;
}

/** Adds one score to the only series and closes the slice when it holds `slice` of them. */
export function observeScore(state: TemperingState, score: number, slice: number): void {
  addToSlice(state, 0, 1, score, score * score);
  if (state.series[0]!.sliceCount >= slice) closeSlice(state);
}

/**
 * Closes the running slice of every series and sets the exponent for the next. A slice is compared with the mean of those
 * before it: (m − m̄)²/(s²·(1/n + 1/N)) has mean 1 when outcomes are independent, and a constant difference between the
 * arms, the regression itself, does not enter. The first slice only sets the mean.
 */
export function closeSlice(state: TemperingState): void {
  for (const series of state.series) {
    const residual = standardisedSquare(series);
    if (residual >= 0) {
      state.chiSquare += residual;
      state.degrees++;
    }
    series.count += series.sliceCount;
    series.sum += series.sliceSum;
    series.squares += series.sliceSquares;
    series.sliceCount = 0;
    series.sliceSum = 0;
    series.sliceSquares = 0;
  }
  const known = PRIOR_SLICES + state.degrees;
  const effect = (PRIOR_SLICES * PRIOR_EFFECT + state.chiSquare) / known;
  state.eta = 1 / Math.max(1, effect * (1 + CAUTION * Math.sqrt(2 / known)));
}

/** NaN where a slice says nothing: no past, no outcomes, or no variation. */
function standardisedSquare(series: Series): number {
  const { count, sliceCount } = series;
  const all = count + sliceCount;
  const mean = (series.sum + series.sliceSum) / all;
  const variance = (series.squares + series.sliceSquares) / all - mean * mean;
  if (!(count > 0 && sliceCount > 0 && variance > 1e-12)) return Number.NaN;
  const gap = series.sliceSum / sliceCount - series.sum / count;
  return (gap * gap) / (variance * (1 / sliceCount + 1 / count));
}

export function writeTempering(writer: StateWriter, state: TemperingState): void {
  writer.double(state.chiSquare).count(state.degrees).double(state.eta);
  for (const series of state.series) {
    writer.count(series.count).double(series.sum).double(series.squares);
    writer.count(series.sliceCount).double(series.sliceSum).double(series.sliceSquares);
  }
}

export function readTempering(reader: StateReader, seriesCount: number): TemperingState {
  const state = temperingState(seriesCount);
  state.chiSquare = reader.double();
  state.degrees = reader.count();
  state.eta = reader.double();
  for (const series of state.series) {
    series.count = reader.count();
    series.sum = reader.double();
    series.squares = reader.double();
    series.sliceCount = reader.count();
    series.sliceSum = reader.double();
    series.sliceSquares = reader.double();
  }
  return state;
}

/** @throws RangeError unless a slice holds a whole number ≥ 1 of candidate outcomes (blocks, for scores) */
export function checkedSlice(slice: number | undefined): number {
  if (slice === undefined) return 0;
  if (!(Number.isSafeInteger(slice) && slice >= 1))
    throw new RangeError(`a slice must be a whole number ≥ 1, got ${slice}`);
  return slice;
}
