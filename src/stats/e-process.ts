/**
 * What every sequential test here has in common: an e-process, a nonnegative quantity that starts at 1 and has
 * expectation at most 1 under its null at every stopping time. "Alarm when E ≥ 1/α" is therefore valid however often
 * one looks (Ville's inequality). Everything is kept as log E, which neither over- nor underflows.
 * It must not read a clock or draw randomness: the same blocks give the same bits, so a state can be replayed.
 */

/** Outcomes of one block: both arms observed side by side in time, each with at least one value. */
export interface ValueBlock {
  readonly baseline: ArrayLike<number>;
  readonly candidate: ArrayLike<number>;
}

/** Capital that waits for copies of a test that begin later. */
export interface RestartOptions {
  /** Share of the capital, in [0, 1), that `restart` puts into play half by half. Default 0: the test begins once. */
  readonly atRest?: number;
}

/** A sequential test: pure functions over a small state. */
export interface EProcess<Block, State> {
  /** A state without evidence: log E = 0. Also what a restarted copy begins from. */
  initial(): State;
  /**
   * The state with one more block. Pure: the given state stays as it is. It costs a copy; streams use `fold`.
   * @param eta tempering exponent in [0, 1], 1 by default: the block's factor is raised to it (Jensen: still an
   *   e-process). It must be decided from earlier blocks only.
   * @throws RangeError when the block is malformed
   */
  update(state: State, block: Block, eta?: number): State;
  /** As `update`, without a copy and without an allocation: **the given state is changed and returned**. On an error it is unchanged. */
  fold(state: State, block: Block, eta?: number): State;
  /**
   * One more copy of the test begins with half of the capital at rest; without any it changes nothing. Pure. When it is called must
   * not depend on the blocks to come: at the beginning of a stage, say.
   */
  restart?(state: State): State;
  /** Natural logarithm of the e-value: finite, 0 without evidence; compare with ln(1/α). */
  logE(state: State): number;
  /** The state as bytes, exact: a decoded state continues with the same bits. */
  encode(state: State): Uint8Array;
  /** @throws RangeError when the bytes are of another process, grid size or format version */
  decode(bytes: Uint8Array): State;
}

/**
 * Weighted average of e-values: an e-value again under any dependence between them (Vovk & Wang 2021, Annals of
 * Statistics 49:1736–1754). A product would need independence.
 * @param eValues each ≥ 0; weights each ≥ 0, as many, summing to 1; equal when absent
 * @throws RangeError when the lengths differ, or weights are negative or do not sum to 1 within 1e-9
 */
export function averageEValues(eValues: readonly number[], weights?: readonly number[]): number {
  const shares = checkedWeights(eValues.length, weights);
  let sum = 0;
  for (let i = 0; i < shares.length; i++) if (shares[i]! > 0) sum += shares[i]! * eValues[i]!;
  return sum;
}

/** `averageEValues` on the log scale: ln Σ wᵢ·exp(logᵢ), without overflow. @throws RangeError as there */
export function averageLogEValues(logEValues: readonly number[], weights?: readonly number[]): number {
  const shares = checkedWeights(logEValues.length, weights);
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < shares.length; i++) if (shares[i]! > 0) top = Math.max(top, logEValues[i]!);
  if (!Number.isFinite(top)) return top;
  let sum = 0;
  for (let i = 0; i < shares.length; i++) if (shares[i]! > 0) sum += shares[i]! * Math.exp(logEValues[i]! - top);
  return top + Math.log(sum);
}

/** p-value valid at any time, min(1, 1/E), from the largest log E seen so far. In [0, 1]. */
export function anytimePValue(maxLogE: number): number {
  return Math.min(1, Math.exp(-maxLogE));
}

function checkedWeights(count: number, weights: readonly number[] | undefined): readonly number[] {
  if (count === 0) throw new RangeError('an average of e-values requires at least one e-value');
  if (weights === undefined) return new Array<number>(count).fill(1 / count);
  if (weights.length !== count) {
    throw new RangeError(`an average of ${count} e-values requires ${count} weights, got ${weights.length}`);
  }
  let total = 0;
  for (const weight of weights) {
    if (!(weight >= 0)) throw new RangeError(`weights of e-values must be ≥ 0, got ${weight}`);
    total += weight;
  }
  if (Math.abs(total - 1) > 1e-9) throw new RangeError(`weights of e-values must sum to 1, got ${total}`);
  return weights;
}
