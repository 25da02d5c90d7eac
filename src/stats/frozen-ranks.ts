/*
 * The pooled past as a score and as quantiles, frozen until it has grown by 2%. Freezing keeps it fixed before the block it
 * scores, which is all that exactness needs, and turns a walk through a tree into two loads for each value: several margins
 * can then be judged at the price of one.
 */
import {
  BINS,
  binOf,
  placeInBin,
  type RankSketch,
  rankSketch,
  readSketch,
  sketchQuantile,
  writeSketch,
} from './rank-sketch.ts';
import type { StateReader, StateWriter } from './state-bytes.ts';

export interface FrozenRanks {
  total: number;
  readonly counts: Float64Array;
  /** The past as it was when last frozen. */
  frozen: RankSketch;
  /** For each bin, the share of the frozen past below it and inside it. */
  readonly shares: Float64Array;
  /** Quantiles of the frozen past, of the values below 2^40: the others lie above each. */
  readonly thresholds: Float64Array;
  /** Total at which it is frozen again. */
  freezeAt: number;
}

const GROWTH = 1.02;

export function frozenRanks(quantileCount: number): FrozenRanks {
  return {
    total: 0,
    counts: new Float64Array(BINS),
    frozen: rankSketch(),
    shares: new Float64Array(2 * BINS),
    thresholds: new Float64Array(quantileCount),
    freezeAt: 1,
  };
}

/** Share of the frozen past below `value`, interpolated within a bin; monotone. @param value ≥ 0 */
export function frozenScore(shares: Float64Array, value: number): number {
  const bin = binOf(value);
  return shares[2 * bin]! + placeInBin(bin) * shares[2 * bin + 1]!;
}

/** Adds one observation; it counts from the next freezing on. */
export function addToPast(past: FrozenRanks, value: number): void {
  const bin = binOf(value);
  past.counts[bin] = past.counts[bin]! + 1;
  past.total++;
}

/** Between blocks. O(bins), but seldom: some 120 times for each e-fold of the past. */
export function freezeWhenGrown(past: FrozenRanks, quantiles: Float64Array): void {
  if (past.total < past.freezeAt) return;
  past.frozen.total = past.total;
  past.frozen.counts.set(past.counts);
  derive(past, quantiles);
}

function derive(past: FrozenRanks, quantiles: Float64Array): void {
  const { frozen, shares, thresholds } = past;
  let below = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const inside = frozen.counts[bin]!;
    shares[2 * bin] = below / frozen.total;
    shares[2 * bin + 1] = inside / frozen.total;
    below += inside;
  }
  growTree(frozen);
  // Time-outs and failures lie above everything. Were they to take part, one per cent of them would be the p99, and hide all below.
  const measured = 1 - frozen.counts[BINS - 1]! / frozen.total;
  for (let k = 0; k < thresholds.length; k++) thresholds[k] = sketchQuantile(frozen, quantiles[k]! * measured);
  past.freezeAt = Math.max(frozen.total + 1, Math.ceil(frozen.total * GROWTH));
}

/** Sums of the tree over its counts, each node passing its own on to the next. */
function growTree({ counts, tree }: RankSketch): void {
  tree.fill(0);
  for (let i = 1; i < tree.length; i++) {
    tree[i] = tree[i]! + (counts[i - 1] ?? 0);
    const parent = i + (i & -i);
    if (parent < tree.length) tree[parent] = tree[parent]! + tree[i]!;
  }
}

export function writeFrozen(writer: StateWriter, past: FrozenRanks): void {
  writeSketch(writer, past);
  writeSketch(writer, past.frozen);
}

export function readFrozen(reader: StateReader, quantiles: Float64Array): FrozenRanks {
  const past = frozenRanks(quantiles.length);
  const { total, counts } = readSketch(reader);
  past.total = total;
  past.counts.set(counts);
  past.frozen = readSketch(reader);
  if (past.frozen.total > 0) derive(past, quantiles);
  return past;
}
