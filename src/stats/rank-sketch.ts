/**
 * Running pooled distribution of past observations in constant space: 480 bins, 8 to an octave from 2^-20 (9.5e-7) to
 * 2^40 (1.1e12), one below and one above, counts in a Fenwick tree. Inside a bin the distribution is interpolated, so a
 * shift much smaller than a bin still moves the score. Bins come from the bits of the double, not from a logarithm: the
 * same on every machine, which a replay depends on. Any monotone score fixed beforehand keeps the tests exact; bins cost
 * only power.
 */
import type { StateReader, StateWriter } from './state-bytes.ts';

const LEAST_EXPONENT = -20;
const OCTAVES = 60;
const PER_OCTAVE = 8;
const LOWEST = 2 ** LEAST_EXPONENT;
const HIGHEST = 2 ** (LEAST_EXPONENT + OCTAVES);
const ABOVE = OCTAVES * PER_OCTAVE + 1;
export const BINS = ABOVE + 1;
/** Size of the Fenwick tree: a power of two ≥ BINS, so that a quantile is one descent. */
const TREE = 512;

/** Exponent and three leading mantissa bits of a double are the upper 15 bits of its high word. */
const MANTISSA_LEFT = 17;
const FIRST_KEY = (1023 + LEAST_EXPONENT) * PER_OCTAVE;
const FRACTION_MASK = 2 ** MANTISSA_LEFT - 1;
const FRACTION_UNIT = 2 ** -MANTISSA_LEFT;

const word = new Float64Array(1);
const halves = new Uint32Array(word.buffer);
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Counts of everything observed so far, both arms pooled. */
export interface RankSketch {
  total: number;
  readonly counts: Float64Array;
  /** Fenwick tree over `counts`, 1-based. */
  readonly tree: Float64Array;
}

/** Empty: about a thousand numbers. */
export function rankSketch(): RankSketch {
  return { total: 0, counts: new Float64Array(BINS), tree: new Float64Array(TREE + 1) };
}

/** @param value ≥ 0, not NaN */
export function binOf(value: number): number {
  if (value < LOWEST) return 0;
  if (value >= HIGHEST) return ABOVE;
  word[0] = value;
  return 1 + (halves[HIGH]! >>> MANTISSA_LEFT) - FIRST_KEY;
}

/**
 * Share of past observations below `value`, in [0, 1]: monotone in value, ½ without a past, interpolated within a bin.
 * @param value ≥ 0; +Infinity (a time-out) ranks with everything above 1.1e12. NaN is the caller's to refuse
 */
export function rankScore(sketch: RankSketch, value: number): number {
  if (sketch.total === 0) return 0.5;
  const bin = binOf(value);
  const within = placeInBin(bin);
  return (countBelow(sketch.tree, bin) + within * sketch.counts[bin]!) / sketch.total;
}

/** How far into its bin the value lies that `binOf` was asked about last, in [0, 1): it has left its bits behind. */
export function placeInBin(bin: number): number {
  return bin === 0 || bin === ABOVE ? 0.5 : (halves[HIGH]! & FRACTION_MASK) * FRACTION_UNIT;
}

/** Adds one observation. O(log bins), no allocation. */
export function absorb(sketch: RankSketch, value: number): void {
  const bin = binOf(value);
  sketch.counts[bin] = sketch.counts[bin]! + 1;
  sketch.total++;
  addToTree(sketch.tree, bin, 1);
}

/** Observations in bins before this one. */
function countBelow(tree: Float64Array, bin: number): number {
  let below = 0;
  for (let i = bin; i > 0; i &= i - 1) below += tree[i]!;
  return below;
}

function addToTree(tree: Float64Array, bin: number, count: number): void {
  for (let i = bin + 1; i <= TREE; i += i & -i) tree[i] = tree[i]! + count;
}

/**
 * Value below which about a share p of the past lies, interpolated inside its bin (a bin is at most 12.5% wide).
 * @returns 0 in the bin below 9.5e-7 or without a past, +Infinity in the one above 1.1e12
 */
export function sketchQuantile(sketch: RankSketch, p: number): number {
  const bin = quantileBin(sketch, p);
  if (bin === 0) return 0;
  if (bin >= ABOVE) return Number.POSITIVE_INFINITY;
  const into = (p * sketch.total - countBelow(sketch.tree, bin)) / sketch.counts[bin]!;
  return binFloor(bin) + (binFloor(bin + 1) - binFloor(bin)) * Math.min(1, into);
}

/** Edges of the bin that holds the p-quantile of the past: [0, 9.5e-7] at the bottom, [1.1e12, +Infinity] at the top. */
export function quantileEdges(sketch: RankSketch, p: number): [low: number, high: number] {
  const bin = quantileBin(sketch, p);
  if (bin === 0) return [0, LOWEST];
  if (bin >= ABOVE) return [HIGHEST, Number.POSITIVE_INFINITY];
  return [binFloor(bin), binFloor(bin + 1)];
}

/** First bin at which the running count reaches p·total: one descent of the tree. */
function quantileBin(sketch: RankSketch, p: number): number {
  const target = Math.min(Math.max(p, 0), 1) * sketch.total;
  let bin = 0;
  let below = 0;
  for (let stride = TREE / 2; stride > 0; stride >>= 1) {
    const next = below + sketch.tree[bin + stride]!;
    if (next < target) {
      bin += stride;
      below = next;
    }
  }
  return bin;
}

function binFloor(bin: number): number {
  const index = bin - 1;
  return 2 ** (LEAST_EXPONENT + Math.floor(index / PER_OCTAVE)) * (1 + (index % PER_OCTAVE) / PER_OCTAVE);
}

/** Occupied bins only, as (gap, count) pairs: a few hundred bytes for one service's latencies. */
export function writeSketch(writer: StateWriter, sketch: Pick<RankSketch, 'counts'>): void {
  let occupied = 0;
  for (const count of sketch.counts) if (count > 0) occupied++;
  writer.count(occupied);
  let last = 0;
  sketch.counts.forEach((count, bin) => {
    if (count === 0) return;
    writer.count(bin - last).count(count);
    last = bin;
  });
}

export function readSketch(reader: StateReader): RankSketch {
  const sketch = rankSketch();
  let bin = 0;
  for (let left = reader.count(); left > 0; left--) {
    bin += reader.count();
    if (bin >= BINS) throw new RangeError('state bytes are damaged: a bin is out of range');
    const count = reader.count();
    sketch.counts[bin] = count;
    sketch.total += count;
    addToTree(sketch.tree, bin, count);
  }
  return sketch;
}
