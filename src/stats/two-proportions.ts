/**
 * Difference of two rates: Newcombe's interval, which stays honest for small and unequal arms and near 0 and 1, Wilson's
 * interval for each rate, and the pooled z-test for comparison with other tools (use Fisher's test to decide).
 */
import { checkTally, type Tally } from './fisher-exact.ts';
import type { Alternative, Interval, Status, TestOutcome } from './outcome.ts';
import { alternativeOf, missOf, NOT_SIGNIFICANT, symmetricP } from './p-value.ts';
import { betaQuantile, logNormalTail, normalQuantile } from './special.ts';

export interface TwoProportionsResult extends TestOutcome {
  /** Above 0 where the rate in x is higher; 0 where status is not `ok`. */
  readonly z: number;
  /** rate(x) − rate(y), in [−1, 1]. */
  readonly difference: number;
  /** Newcombe's hybrid score interval for `difference`. */
  readonly newcombe: Interval;
  /** Wilson's interval for each rate. */
  readonly wilson: { readonly x: Interval; readonly y: Interval };
}

export interface TwoProportionsOptions {
  readonly alternative?: Alternative;
  /** Of the two-sided intervals, in (0, 1). Default 0.95. */
  readonly confidence?: number;
}

/**
 * O(1).
 * @param x1 events among n1 trials, @param x2 events among n2; or both as tallies. Options: confidence of the two-sided intervals, default 0.95
 * @returns status `ok`, `no_data` (no trials in one arm), `degenerate_equal` (no event, or only events: z has no variance)
 * @throws RangeError on counts that are not whole or out of range
 * @see Newcombe 1998, Statistics in Medicine 17:873, method 10; his 56/70 v 48/80 gives 0.0524 to 0.3339
 */
export function twoProportions(
  x1: number,
  n1: number,
  x2: number,
  n2: number,
  options?: TwoProportionsOptions,
): TwoProportionsResult;
export function twoProportions(x: Tally, y: Tally, options?: TwoProportionsOptions): TwoProportionsResult;
export function twoProportions(
  ...given: Counts | [Tally, Tally, (TwoProportionsOptions | undefined)?]
): TwoProportionsResult {
  const [x, y, options = {}] = isCounts(given) ? fromCounts(...given) : given;
  const alternative = alternativeOf(options);
  const { confidence = 0.95 } = options;
  const wilson = { x: wilsonInterval(x, confidence), y: wilsonInterval(y, confidence) };
  if (x.trials === 0 || y.trials === 0) {
    return { status: 'no_data', ...NOT_SIGNIFICANT, z: 0, difference: 0, newcombe: [-1, 1], wilson };
  }
  const rateX = x.events / x.trials;
  const rateY = y.events / y.trials;
  // One division: (a·m − b·n)/(n·m) does not cancel, the difference of two rounded rates does.
  const difference = (x.events * y.trials - y.events * x.trials) / (x.trials * y.trials);
  const newcombe: Interval = [
    difference - Math.hypot(rateX - wilson.x[0], wilson.y[1] - rateY),
    difference + Math.hypot(wilson.x[1] - rateX, rateY - wilson.y[0]),
  ];
  const pooled = (x.events + y.events) / (x.trials + y.trials);
  const se = Math.sqrt(pooled * (1 - pooled) * (1 / x.trials + 1 / y.trials));
  const status: Status = se === 0 ? 'degenerate_equal' : 'ok';
  const z = se === 0 ? 0 : difference / se;
  const p = se === 0 ? NOT_SIGNIFICANT : symmetricP(z, alternative, logNormalTail);
  return { status, ...p, z, difference, newcombe, wilson };
}

type Counts = [number, number, number, number, (TwoProportionsOptions | undefined)?];

function isCounts(given: readonly unknown[]): given is Counts {
  return typeof given[0] === 'number';
}

function fromCounts(...[x1, n1, x2, n2, options]: Counts): [Tally, Tally, (TwoProportionsOptions | undefined)?] {
  return [{ events: x1, trials: n1 }, { events: x2, trials: n2 }, options];
}

/** Wilson's score interval for a rate; [0, 1] without trials. O(1). @see Wilson 1927, JASA 22:209 */
export function wilsonInterval(tally: Tally, confidence = 0.95): Interval {
  checkTally(tally);
  const { events, trials } = tally;
  if (trials === 0) return [0, 1];
  const z = normalQuantile(missOf(confidence));
  const misses = trials - events;
  const half = z * Math.sqrt((events * misses) / trials + (z * z) / 4);
  const centre = events + (z * z) / 2;
  const scale = trials + z * z;
  // At 0 and 1 the bound is exact, not a rounding error away.
  const low = events === 0 ? 0 : (centre - half) / scale;
  return [low, misses === 0 ? 1 : (centre + half) / scale];
}

/**
 * Clopper and Pearson's interval for a rate: never less sure than stated, and wider for it. [0, 1] without trials.
 * @see Clopper and Pearson 1934, Biometrika 26:404
 */
export function clopperPearsonInterval(tally: Tally, confidence = 0.95): Interval {
  checkTally(tally);
  const { events, trials } = tally;
  const miss = missOf(confidence);
  const low = events === 0 ? 0 : betaQuantile(miss, events, trials - events + 1);
  // From the other end, 1 − x: the upper limit of a rate near 1 keeps its digits.
  return [low, events === trials ? 1 : 1 - betaQuantile(miss, trials - events, events + 1)];
}
