/**
 * Likelihood ratios of a 2×2 table given its margins: for every odds ratio φ of a grid,
 * ln( φ^s · Σ w_i / Σ w_i·φ^i ), where w_i ∝ h(low+i)·phi0^i and s is the observed count above its least value.
 * Only ratios of h enter, so no binomial coefficient is computed. Small tables go through Horner's rule in doubles,
 * the others through logs: an interval of thousands of events must not overflow.
 */

/** One conditioned table: `low` is the least possible candidate count, `range` + 1 the number of possible counts. */
export interface ConditionedTable {
  baselineTrials: number;
  candidateTrials: number;
  total: number;
  low: number;
  range: number;
  /** Observed candidate count minus `low`, 0 ≤ shift ≤ range. */
  shift: number;
  phi0: number;
}

/** Reused between calls; grows to the largest table seen. */
export interface TiltScratch {
  weights: Float64Array;
}

const HORNER_RANGE = 64;
/** Terms e^−50 below the largest never reach the last bits of a sum. */
const NEGLIGIBLE = 50;

/**
 * Writes the log likelihood ratios into `out`. O(range + grid × √range), small tables O(grid × range); no allocation once the
 * scratch has grown.
 */
export function logTiltRatios(
  table: ConditionedTable,
  grid: { readonly phis: Float64Array; readonly logPhis: Float64Array },
  scratch: TiltScratch,
  out: Float64Array,
): void {
  if (scratch.weights.length <= table.range) scratch.weights = new Float64Array(2 * table.range + 2);
  if (table.range <= HORNER_RANGE && byHorner(table, grid, scratch.weights, out)) return;
  inLogs(table, grid.logPhis, scratch.weights, out);
}

/** w_{i+1} / w_i. */
function step(table: ConditionedTable, i: number): number {
  const k = table.low + i;
  const up = (table.candidateTrials - k) * (table.total - k);
  return (table.phi0 * up) / ((k + 1) * (table.baselineTrials - table.total + k + 1));
}

function byHorner(
  table: ConditionedTable,
  grid: { readonly phis: Float64Array; readonly logPhis: Float64Array },
  weights: Float64Array,
  out: Float64Array,
): boolean {
  const { range, shift } = table;
  weights[0] = 1;
  let sum = 1;
  for (let i = 0; i < range; i++) {
    const next = weights[i]! * step(table, i);
    weights[i + 1] = next;
    sum += next;
  }
  if (!(sum < 1e300)) return false;
  for (let j = 0; j < out.length; j++) {
    const phi = grid.phis[j]!;
    let tilted = weights[range]!;
    for (let i = range - 1; i >= 0; i--) tilted = tilted * phi + weights[i]!;
    if (!(tilted < 1e300)) return false;
    out[j] = shift * grid.logPhis[j]! - Math.log(tilted / sum);
  }
  return true;
}

function inLogs(table: ConditionedTable, logPhis: Float64Array, weights: Float64Array, out: Float64Array): void {
  const { range, shift } = table;
  weights[0] = 0;
  for (let i = 0; i < range; i++) weights[i + 1] = weights[i]! + Math.log(step(table, i));
  const untilted = logTiltedSum(weights, range, 0);
  for (let j = 0; j < out.length; j++) {
    out[j] = shift * logPhis[j]! + untilted - logTiltedSum(weights, range, logPhis[j]!);
  }
}

function logTiltedSum(logWeights: Float64Array, range: number, slope: number): number {
  // The terms rise to one peak and fall: an interval of a million events has a few thousand that count.
  const peak = peakOf(logWeights, range, slope);
  const top = logWeights[peak]! + peak * slope;
  let sum = 0;
  for (let i = peak; i >= 0; i--) {
    const below = logWeights[i]! + i * slope - top;
    if (below <= -NEGLIGIBLE) break;
    sum += Math.exp(below);
  }
  for (let i = peak + 1; i <= range; i++) {
    const below = logWeights[i]! + i * slope - top;
    if (below <= -NEGLIGIBLE) break;
    sum += Math.exp(below);
  }
  return top + Math.log(sum);
}

/** Where the largest term is, or one that rounding cannot tell from it. */
function peakOf(logWeights: Float64Array, range: number, slope: number): number {
  let low = 0;
  let high = range;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (logWeights[middle + 1]! - logWeights[middle]! + slope > 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
