/**
 * Closed-form mixtures: the average of exponential martingales over a prior on the effect, one per kind of sum.
 * They serve where a grid would be cruder or dearer: sums of symmetric scores, and coin flips. Logs throughout.
 */

import type { EProcess } from './e-process.ts';
import { checkEta } from './grid.ts';
import { logBeta, logScaledNormalCdf } from './log-special.ts';
import { withUpdate } from './pure-update.ts';
import { StateReader, StateWriter } from './state-bytes.ts';

/**
 * ln of the half-normal mixture E = 2·√(ρ/(V+ρ))·exp(S²/(2(V+ρ)))·Φ(S/√(V+ρ)): one-sided evidence that a sum drifts up.
 * An e-process when exp(λS − λ²V/2) is a supermartingale for every λ ≥ 0. O(1).
 * @param sum S, any finite number; variance V ≥ 0 accumulated; rho ρ > 0, the V at which it should be most sensitive
 * @throws RangeError unless V ≥ 0 and rho > 0
 * @see Howard, Ramdas, McAuliffe & Sekhon 2021, Annals of Statistics 49:1055–1080; S = 10, V = 100, ρ = 63.003
 * gives 0.2803
 */
export function halfNormalMixture(sum: number, variance: number, rho: number): number {
  if (!(variance >= 0 && rho > 0)) {
    throw new RangeError(`halfNormalMixture requires variance ≥ 0 and rho > 0, got ${variance} and ${rho}`);
  }
  const spread = variance + rho;
  const z = sum / Math.sqrt(spread);
  return Math.LN2 + 0.5 * Math.log(rho / spread) + logScaledNormalCdf(z);
}

/**
 * Parameter of the half-normal mixture most sensitive at V = variance: ρ = V/(2·ln(1/2α) + ln(1 + 2·ln(1/2α))).
 * @throws RangeError for alpha outside (0, ½)
 */
export function mostSensitiveRho(variance: number, alpha: number): number {
  if (!(alpha > 0 && alpha < 0.5)) throw new RangeError(`mostSensitiveRho requires alpha in (0, 0.5), got ${alpha}`);
  const bits = 2 * Math.log(1 / (2 * alpha));
  return variance / (bits + Math.log(1 + bits));
}

/** ΣD and ΣD² over slices. */
export interface SymmetricState {
  sum: number;
  squares: number;
}

const TAG = 0x51;
/** ρ for slice differences near 0.03, 0.1 and 0.3: their squares summed over about ten slices. */
const DEFAULT_RHOS: readonly number[] = [0.003, 0.03, 0.3];

/**
 * E-process for "the arms are exchangeable within each slice" on slice differences D (positive = candidate worse): exact
 * under sign symmetry alone, whatever the correlation inside a slice. The strict mode for shared pods and caches; slower
 * (about ten slices at the least). Tempering is ignored: it needs none. O(1).
 * @throws RangeError for ρ ≤ 0 or, from an update, a difference that is not finite
 * @see de la Peña 1999, Annals of Probability 27:537–564, on self-normalised symmetric sums
 */
export function symmetricSliceEProcess(rhos: readonly number[] = DEFAULT_RHOS): EProcess<number, SymmetricState> {
  for (const rho of rhos) if (!(rho > 0)) throw new RangeError(`ρ must be > 0, got ${rho}`);
  return withUpdate({
    initial: () => ({ sum: 0, squares: 0 }),
    fold(state, difference, eta = 1) {
      checkEta(eta);
      if (!Number.isFinite(difference)) throw new RangeError(`a slice difference must be finite, got ${difference}`);
      state.sum += difference;
      state.squares += difference * difference;
      return state;
    },
    logE(state) {
      const logs = rhos.map(rho => halfNormalMixture(state.sum, state.squares, rho));
      const top = Math.max(...logs);
      return top + Math.log(logs.reduce((total, log) => total + Math.exp(log - top), 0) / logs.length);
    },
    encode: state => new StateWriter(TAG).double(state.sum).double(state.squares).bytes(),
    decode(bytes) {
      const reader = new StateReader(bytes, TAG);
      const state = { sum: reader.double(), squares: reader.double() };
      reader.end();
      return state;
    },
  });
}

/**
 * ln of the beta-binomial mixture against "every flip has chance p": B(k+a, n−k+b) / (B(a, b)·p^k·(1−p)^(n−k)). Two-sided
 * evidence. O(1).
 * @param successes k and trials n, integers, 0 ≤ k ≤ n; p in [0, 1]; prior (a, b), each > 0, uniform by default
 * @returns +Infinity where p makes the data impossible
 * @throws RangeError for counts or p out of range
 */
export function betaBinomialMixture(
  successes: number,
  trials: number,
  p: number,
  prior: readonly [a: number, b: number] = [1, 1],
): number {
  if (!(successes >= 0 && successes <= trials && p >= 0 && p <= 1)) {
    throw new RangeError(`betaBinomialMixture requires 0 ≤ k ≤ n and 0 ≤ p ≤ 1, got ${successes}, ${trials}, ${p}`);
  }
  const [a, b] = prior;
  const failures = trials - successes;
  const likelihood = xLogY(successes, p) + (failures === 0 ? 0 : failures * Math.log1p(-p));
  return logBeta(successes + a, failures + b) - logBeta(a, b) - likelihood;
}

function xLogY(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(y);
}
