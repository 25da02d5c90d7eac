/**
 * A mixture of e-processes over a grid of alternatives, in logs: E = mean over j of exp(L_j). A mixture needs no guess
 * of the effect's size, and with a fixed grid it stays exact. Bets multiply plain doubles for a while and take logarithms
 * only now and then: twelve logarithms a block would cost more than everything else.
 */
import type { StateReader, StateWriter } from './state-bytes.ts';

/** Bet sizes, dense near 0: a small λ finds a small effect late, a large one a large effect early. */
export const DEFAULT_LAMBDA_GRID: readonly number[] = [
  0.02, 0.04, 0.07, 0.11, 0.17, 0.25, 0.35, 0.47, 0.6, 0.74, 0.87, 0.97,
];

/** Products kept as doubles at most this long: 0.01^128 and 1.99^128 are both far from the ends of the range. */
const FOLD_AFTER = 128;

/** Log capital of constant bets λ_j on a score in [-1, 1]. */
export interface BetGrid {
  /** L_j: log capital up to the last folding; `top` is the largest and `share` holds exp(L_j − top). */
  readonly logCapital: Float64Array;
  readonly share: Float64Array;
  top: number;
  /** Π(1 + λ_j·D) since then, before tempering. */
  readonly product: Float64Array;
  /** Number of factors in `product`; `eta` is the exponent they have in common. */
  pending: number;
  eta: number;
  /** Capital that does not bet yet, in [0, 1): it waits for `startCopy`. */
  atRest: number;
  /** The mean's logarithm as last asked for; `stale` when capital has moved since. */
  logE: number;
  stale: boolean;
}

/** @throws RangeError unless every bet lies in (0, 0.99] */
export function checkedLambdas(lambdaGrid: readonly number[]): Float64Array {
  if (lambdaGrid.length === 0) throw new RangeError('a grid of bets requires at least one λ');
  for (const lambda of lambdaGrid) {
    if (!(lambda > 0 && lambda <= 0.99)) throw new RangeError(`bets λ must lie in (0, 0.99], got ${lambda}`);
  }
  return Float64Array.from(lambdaGrid);
}

/** Capital 1 in all, 1 − atRest of it on each of `size` bets. */
export function betGrid(size: number, atRest = 0): BetGrid {
  const ones = () => new Float64Array(size).fill(1);
  const logCapital = new Float64Array(size).fill(Math.log1p(-atRest));
  return {
    logCapital,
    share: ones(),
    top: logCapital[0] ?? 0,
    product: ones(),
    pending: 0,
    eta: 1,
    atRest,
    logE: 0,
    stale: true,
  };
}

/**
 * Half of what is at rest goes on every bet alike. The e-value is then the weighted average of copies that began at different
 * times, each before what it bets on was seen: valid, and a harm that begins late need not first win back what was lost before.
 */
export function startCopy(grid: BetGrid): void {
  if (grid.atRest === 0) return;
  fold(grid, grid.eta);
  grid.atRest /= 2;
  addToLogs(grid.logCapital, Math.log(grid.atRest));
  shareOut(grid);
  grid.stale = true;
}

/** ln(exp(values) + exp(log)), in place. */
export function addToLogs(values: Float64Array, log: number): void {
  for (let j = 0; j < values.length; j++) values[j] = logAddExp(values[j]!, log);
}

/** ln(e^a + e^b) without overflow; either may be −∞. */
export function logAddExp(a: number, b: number): number {
  const [high, low] = a > b ? [a, b] : [b, a];
  return low === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
}

/** @throws RangeError unless a share of capital lies in [0, 1) */
export function checkedAtRest(atRest = 0): number {
  if (!(atRest >= 0 && atRest < 1)) throw new RangeError(`the share at rest must lie in [0, 1), got ${atRest}`);
  return atRest;
}

/**
 * Multiplies every capital by (1 + λ_j·d)^eta. O(grid), no allocation.
 * @param d score in [-1, 1] with conditional mean ≤ 0 under the null; eta exponent in [0, 1], known beforehand
 */
export function placeBets(grid: BetGrid, lambdas: Float64Array, d: number, eta: number): void {
  if (grid.pending === FOLD_AFTER || eta !== grid.eta) fold(grid, eta);
  const product = grid.product;
  for (let j = 0; j < product.length; j++) product[j] = product[j]! * (1 + lambdas[j]! * d);
  grid.pending++;
  grid.stale = true;
}

/**
 * Multiplies each capital by a factor of its own, raised to eta. O(grid), no allocation.
 * @param cost how many times e^±4 the factors may be, from 1 to 128: with that the products stay inside the range of a double
 */
export function multiplyCapital(grid: BetGrid, factors: Float64Array, cost: number, eta: number): void {
  if (grid.pending + cost > FOLD_AFTER || eta !== grid.eta) fold(grid, eta);
  const product = grid.product;
  for (let j = 0; j < product.length; j++) product[j] = product[j]! * factors[j]!;
  grid.pending += cost;
  grid.stale = true;
}

/** As `multiplyCapital`, for factors of any size, given by their logarithms. */
export function addLogCapital(grid: BetGrid, logFactors: Float64Array, eta: number): void {
  fold(grid, eta);
  for (let j = 0; j < logFactors.length; j++) grid.logCapital[j] = grid.logCapital[j]! + eta * logFactors[j]!;
  shareOut(grid);
  grid.stale = true;
}

function fold(grid: BetGrid, nextEta: number): void {
  const { logCapital, product, eta } = grid;
  for (let j = 0; j < product.length; j++) {
    logCapital[j] = logCapital[j]! + eta * Math.log(product[j]!);
    product[j] = 1;
  }
  grid.pending = 0;
  grid.eta = nextEta;
  shareOut(grid);
}

function shareOut(grid: BetGrid): void {
  const { logCapital, share } = grid;
  let top = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < logCapital.length; j++) if (logCapital[j]! > top) top = logCapital[j]!;
  for (let j = 0; j < logCapital.length; j++) share[j] = Math.exp(logCapital[j]! - top);
  grid.top = top;
}

/**
 * ln of the mean capital with what is at rest. Reads only: asking changes no bit of what follows. One logarithm, no allocation, so that one can
 * ask after every observation. A share that underflowed is e^−745 of the largest: no 128 factors lift it into sight.
 */
export function gridLogE(grid: BetGrid): number {
  if (!grid.stale) return grid.logE;
  const { share, product, eta } = grid;
  let sum = 0;
  if (eta === 1) sum = dotProduct(share, product);
  else for (let j = 0; j < share.length; j++) sum += share[j]! * product[j]! ** eta;
  grid.logE = grid.top + Math.log(sum / share.length);
  if (grid.atRest > 0) grid.logE = logAddExp(grid.logE, Math.log(grid.atRest));
  grid.stale = false;
  return grid.logE;
}

/** In two chains, which a processor runs side by side. */
function dotProduct(a: Float64Array, b: Float64Array): number {
  let even = 0;
  let odd = 0;
  let j = 0;
  for (; j + 1 < a.length; j += 2) {
    even += a[j]! * b[j]!;
    odd += a[j + 1]! * b[j + 1]!;
  }
  if (j < a.length) even += a[j]! * b[j]!;
  return even + odd;
}

/** ln((1/n)·Σ exp(vᵢ)), shifted by the largest value so that nothing overflows. −∞ where every value is. */
export function logMeanExp(values: Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < values.length; j++) if (values[j]! > top) top = values[j]!;
  if (top === Number.NEGATIVE_INFINITY) return top;
  let sum = 0;
  for (let j = 0; j < values.length; j++) sum += Math.exp(values[j]! - top);
  return top + Math.log(sum / values.length);
}

export function writeGrid(writer: StateWriter, grid: BetGrid): void {
  writer.doubles(grid.logCapital).doubles(grid.product).count(grid.pending).double(grid.eta);
  writer.double(grid.atRest);
}

export function readGrid(reader: StateReader, size: number): BetGrid {
  const grid = betGrid(size);
  reader.doubles(grid.logCapital);
  reader.doubles(grid.product);
  grid.pending = reader.count();
  grid.eta = reader.double();
  grid.atRest = reader.double();
  shareOut(grid);
  return grid;
}

/** @throws RangeError unless eta lies in [0, 1] */
export function checkEta(eta: number): void {
  if (!(eta >= 0 && eta <= 1)) throw new RangeError(`the tempering exponent eta must lie in [0, 1], got ${eta}`);
}
