/**
 * Intervals that hold at all times at once: look after every outcome, stop when you like, and the true value has been
 * inside throughout with probability at least 1 − α. For display, for absolute limits (an error rate against a maximum)
 * and for "not worse": never for an alarm that an e-process can raise, which is several times faster.
 */

import { betaBinomialMixture } from './mixtures.ts';
import { withUpdate } from './pure-update.ts';
import { absorb, quantileEdges, type RankSketch, rankSketch, readSketch, writeSketch } from './rank-sketch.ts';
import { StateReader, StateWriter } from './state-bytes.ts';

/** Coin flips so far. */
export interface BernoulliState {
  successes: number;
  trials: number;
}

/** A confidence sequence over a small state. */
export interface ConfidenceSequence<Observation, State> {
  initial(): State;
  fold(state: State, observation: Observation): State;
  encode(state: State): Uint8Array;
  decode(bytes: Uint8Array): State;
}

export interface BernoulliConfidenceSequence extends ConfidenceSequence<BernoulliState, BernoulliState> {
  /** [low, high] in [0, 1]; [0, 1] without trials. */
  bounds(state: BernoulliState): [low: number, high: number];
}

const BERNOULLI_TAG = 0x61;
const DKW_TAG = 0x62;

/**
 * Confidence sequence for a chance: the set where the beta-binomial mixture stays below ln(1/α). Exact for independent
 * flips at every n. `update` adds counts. O(100) mixture evaluations for both bounds.
 * @param options alpha in (0, 1); prior (a, b), each > 0, uniform by default
 * @throws RangeError for alpha out of range; from an update unless 0 ≤ successes ≤ trials, integers
 * @see Robbins 1970, Ann. Math. Statist. 41:1397–1409; 0 of 10 at α = 0.05 gives [0, 0.41688]
 */
export function betaBinomialConfidenceSequence(options: {
  readonly alpha: number;
  readonly prior?: readonly [a: number, b: number];
}): BernoulliConfidenceSequence {
  const { alpha, prior = [1, 1] } = options;
  checkAlpha(alpha);
  return withUpdate({
    initial: () => ({ successes: 0, trials: 0 }),
    fold(state, { successes, trials }) {
      if (!(Number.isSafeInteger(successes) && Number.isSafeInteger(trials) && 0 <= successes && successes <= trials)) {
        throw new RangeError(`flips must be integers with 0 ≤ successes ≤ trials, got ${successes}/${trials}`);
      }
      state.successes += successes;
      state.trials += trials;
      return state;
    },
    bounds: state => betaBinomialBounds(state, alpha, prior),
    encode: state => new StateWriter(BERNOULLI_TAG).count(state.successes).count(state.trials).bytes(),
    decode(bytes) {
      const reader = new StateReader(bytes, BERNOULLI_TAG);
      const state = { successes: reader.count(), trials: reader.count() };
      reader.end();
      return state;
    },
  });
}

/** Bounds of `betaBinomialConfidenceSequence` from the counts alone: [low, high] in [0, 1]. */
export function betaBinomialBounds(
  { successes, trials }: BernoulliState,
  alpha: number,
  prior: readonly [a: number, b: number] = [1, 1],
): [low: number, high: number] {
  checkAlpha(alpha);
  if (trials === 0) return [0, 1];
  const limit = -Math.log(alpha);
  const outside = (p: number): boolean => betaBinomialMixture(successes, trials, p, prior) >= limit;
  const centre = successes / trials;
  const low = successes === 0 ? 0 : bisect(0, centre, outside);
  const high = successes === trials ? 1 : bisect(1, centre, outside);
  return [low, high];
}

/** Border between `far`, which is outside, and `near`, which is not, to the last bit. */
function bisect(far: number, near: number, outside: (p: number) => boolean): number {
  let out = far;
  let inside = near;
  for (;;) {
    const middle = out + (inside - out) / 2;
    if (middle === out || middle === inside) return out;
    if (outside(middle)) out = middle;
    else inside = middle;
  }
}

/**
 * Half-width of a band around the empirical distribution of n outcomes that holds for all values and all n at once:
 * 0.85·√((ln ln(e·n) + 0.8·ln(1612/α))/n). Above 1 (that is, void) for small n; +Infinity for n = 0. O(1).
 * @throws RangeError for alpha outside (0, 1) or n < 0
 * @see Howard & Ramdas 2022, Bernoulli 28:1704–1728; n = 100, α = 0.05 gives 0.26918
 */
export function dkwRadius(n: number, alpha: number): number {
  checkAlpha(alpha);
  if (!(n >= 0)) throw new RangeError(`dkwRadius requires n ≥ 0, got ${n}`);
  if (n === 0) return Number.POSITIVE_INFINITY;
  return 0.85 * Math.sqrt((Math.log(1 + Math.log(n)) + 0.8 * Math.log(1612 / alpha)) / n);
}

export interface DkwConfidenceSequence extends ConfidenceSequence<number, RankSketch> {
  radius(state: RankSketch): number;
  /** Values between which the p-quantile lies, rounded outwards to bins of at most 12.5%; [0, +Infinity] when void. */
  quantileBounds(state: RankSketch, p: number): [low: number, high: number];
}

/**
 * Bounds on every quantile of one arm at every time, over a constant-size sketch. The display band of a latency chart:
 * safe and slow. `update` adds one outcome ≥ 0. O(log bins) each.
 * @throws RangeError for alpha outside (0, 1); from an update for NaN or negative values
 */
export function dkwConfidenceSequence(options: { readonly alpha: number }): DkwConfidenceSequence {
  const { alpha } = options;
  checkAlpha(alpha);
  return withUpdate({
    initial: rankSketch,
    fold(state, value) {
      if (!(value >= 0)) throw new RangeError(`outcomes must be ≥ 0, got ${value}`);
      absorb(state, value);
      return state;
    },
    radius: state => dkwRadius(state.total, alpha),
    quantileBounds(state, p) {
      const radius = dkwRadius(state.total, alpha);
      const low = p - radius > 0 ? quantileEdges(state, p - radius)[0] : 0;
      const high = p + radius < 1 ? quantileEdges(state, p + radius)[1] : Number.POSITIVE_INFINITY;
      return [low, high];
    },
    encode(state) {
      const writer = new StateWriter(DKW_TAG);
      writeSketch(writer, state);
      return writer.bytes();
    },
    decode(bytes) {
      const reader = new StateReader(bytes, DKW_TAG);
      const state = readSketch(reader);
      reader.end();
      return state;
    },
  });
}

function checkAlpha(alpha: number): void {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha must lie in (0, 1), got ${alpha}`);
}
