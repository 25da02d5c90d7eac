/**
 * Fisher's exact test for two rates: given how many events there were in all, how surprising is their split between x and y?
 * Exact at any size, and conservative: with few events its true level lies well below the nominal one.
 */
import { logHypergeometricPmf } from './binomial.ts';
import type { Alternative, TestOutcome } from './outcome.ts';
import { alternativeOf, fromLog, NOT_SIGNIFICANT } from './p-value.ts';

/** Whole numbers, 0 ≤ events ≤ trials. */
export interface Tally {
  readonly events: number;
  readonly trials: number;
}

/** Rows are samples, columns are events and non-events: [[events of x, others of x], [events of y, others of y]]. */
export type Table = readonly [readonly [number, number], readonly [number, number]];

export interface FisherOptions {
  readonly alternative?: Alternative;
}

export interface FisherResult extends TestOutcome {
  /** Sample odds ratio of x over y, in [0, Infinity]; NaN without any event or without any non-event. */
  readonly oddsRatio: number;
}

/** Two tables count as equally likely up to this relative difference of their probabilities, which rounding can cause. */
const SAME = 1e-10;

/**
 * Two-sided: all tables at most as likely as the observed one. 'greater': the rate in x is the higher. O(√trials).
 * @returns status `ok`, `no_data` (no trials in one of them), `degenerate_equal` (no event, or only events)
 * @throws RangeError on counts that are not whole or out of range
 * @see Fisher 1935; [[4, 74], [2, 66]], that is 4/78 against 2/68 gives two-sided p = 0.68549343
 */
export function fisherExact(table: Table, options?: FisherOptions): FisherResult;
export function fisherExact(x: Tally, y: Tally, options?: FisherOptions): FisherResult;
export function fisherExact(
  ...given: [Table, (FisherOptions | undefined)?] | [Tally, Tally, (FisherOptions | undefined)?]
): FisherResult {
  const [x, y, options = {}] = isTable(given) ? fromTable(...given) : given;
  const alternative = alternativeOf(options);
  checkTally(x);
  checkTally(y);
  const events = x.events + y.events;
  const total = x.trials + y.trials;
  const cross = x.events * (y.trials - y.events);
  const oddsRatio = cross / (y.events * (x.trials - x.events));
  if (x.trials === 0 || y.trials === 0) return { status: 'no_data', ...NOT_SIGNIFICANT, oddsRatio };
  if (events === 0 || events === total) return { status: 'degenerate_equal', ...NOT_SIGNIFICANT, oddsRatio };

  const split: Split = { events, trials: x.trials, total };
  const log =
    alternative === 'two-sided'
      ? logBothTails(split, x.events)
      : logTail(split, x.events, alternative === 'greater' ? 1 : -1);
  return { status: 'ok', ...fromLog(log), oddsRatio };
}

function isTable(given: readonly unknown[]): given is [Table, (FisherOptions | undefined)?] {
  return Array.isArray(given[0]);
}

function fromTable([x, y]: Table, options?: FisherOptions): [Tally, Tally, (FisherOptions | undefined)?] {
  return [{ events: x[0], trials: x[0] + x[1] }, { events: y[0], trials: y[0] + y[1] }, options];
}

interface Split {
  readonly events: number;
  readonly trials: number;
  readonly total: number;
}

const logPmf = (k: number, split: Split) => logHypergeometricPmf(k, split.events, split.trials, split.total);

/** ln Σ P(k) from k on, in one direction. Towards the mode the terms grow: then one minus the other tail, which is short. */
function logTail(split: Split, from: number, direction: 1 | -1): number {
  if (direction * (from - modeOf(split)) > 0) return logDescending(split, from, direction);
  const outside = from - direction;
  if (logPmf(outside, split) === Number.NEGATIVE_INFINITY) return 0;
  return Math.log1p(-Math.exp(logDescending(split, outside, direction === 1 ? -1 : 1)));
}

/** ln Σ P(k) over all tables at most as likely as the observed one. */
function logBothTails(split: Split, observed: number): number {
  const bound = logPmf(observed, split) + SAME;
  const mode = modeOf(split);
  if (logPmf(mode, split) <= bound) return 0;
  const least = Math.max(0, split.events - (split.total - split.trials));
  const most = Math.min(split.events, split.trials);
  const tails = [lastAtMost(split, bound, { end: least, mode }), lastAtMost(split, bound, { end: most, mode })]
    .map((k, i) => (k === undefined ? Number.NEGATIVE_INFINITY : logDescending(split, k, i === 0 ? -1 : 1)))
    .sort((a, b) => b - a);
  return tails[0]! + Math.log1p(Math.exp(tails[1]! - tails[0]!));
}

/** From an end of the range towards the mode the probabilities rise: the last table whose probability is within the bound. */
function lastAtMost(split: Split, bound: number, range: { end: number; mode: number }): number | undefined {
  let { end: within, mode: beyond } = range;
  if (logPmf(within, split) > bound) return undefined;
  while (Math.abs(beyond - within) > 1) {
    const middle = Math.floor((beyond + within) / 2);
    if (logPmf(middle, split) <= bound) within = middle;
    else beyond = middle;
  }
  return within;
}

/** ln Σ P(k) from k away from the mode. */
function logDescending(split: Split, from: number, direction: 1 | -1): number {
  const { events, trials, total } = split;
  let term = 1;
  let sum = 1;
  for (let k = from; term > 1e-17 * sum; k += direction) {
    term *=
      direction === 1
        ? ((trials - k) * (events - k)) / ((k + 1) * (total - trials - events + k + 1))
        : (k * (total - trials - events + k)) / ((trials - k + 1) * (events - k + 1));
    sum += term;
  }
  return logPmf(from, split) + Math.log(sum);
}

function modeOf({ events, trials, total }: Split): number {
  return Math.floor(((events + 1) * (trials + 1)) / (total + 2));
}

/** @throws RangeError unless both are whole and 0 ≤ events ≤ trials */
export function checkTally({ events, trials }: Tally): void {
  if (!Number.isSafeInteger(events) || !Number.isSafeInteger(trials) || events < 0 || events > trials) {
    throw new RangeError(`a tally needs whole numbers with 0 ≤ events ≤ trials, got ${events} of ${trials}`);
  }
}
