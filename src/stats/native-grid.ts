/**
 * The exponential buckets of Prometheus' native histograms: bucket i of schema s is (2^((i−1)/2^s), 2^(i/2^s)], and one bucket
 * holds all values within the zero threshold. Two buckets of a schema are one of the next coarser, so that histograms of
 * different schemas are merged down exactly, never interpolated. Bounds of all schemas come from one formula: equal ones are
 * equal to the last bit.
 */

/** Buckets that hold something, upward. Negative ones do not exist here: durations, sizes, costs. */
export interface NativeBuckets {
  /** −4 to 8; each bucket is 2^(2^−schema) times as wide as the one before: 9 % at 3, 1.1 % at 6. */
  readonly schema: number;
  /** Values up to here, in size, are in the zero bucket. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

/** Infinity beyond the range of doubles: the bucket of +Infinity. */
export function nativeBound(schema: number, index: number): number {
  return 2 ** (index * 2 ** -schema);
}

/** The bucket that holds `value` > 0. */
export function nativeIndex(schema: number, value: number): number {
  if (value === Number.POSITIVE_INFINITY) return 1024 * 2 ** schema + 1;
  let index = Math.ceil(Math.log2(value) * 2 ** schema);
  // The logarithm may be a rounding away on either side of a bound.
  while (nativeBound(schema, index) < value) index++;
  while (nativeBound(schema, index - 1) >= value) index--;
  return index;
}

/** The same values in the buckets of a coarser schema: exact. */
function coarser(buckets: NativeBuckets, schema: number): NativeBuckets {
  if (schema === buckets.schema) return buckets;
  const width = 2 ** (buckets.schema - schema);
  const merged = new Map<number, number>();
  buckets.indexes.forEach((index, i) => {
    const to = Math.ceil(index / width);
    merged.set(to, (merged.get(to) ?? 0) + buckets.counts[i]!);
  });
  return { ...buckets, schema, indexes: [...merged.keys()], counts: [...merged.values()] };
}

/**
 * All in the buckets of the coarsest schema and the widest zero bucket. A populated bucket that this zero bucket would cut in
 * two goes into it as a whole, and the threshold rises to its upper bound: as Prometheus does it, and exact again.
 */
export function onOneGrid(all: readonly NativeBuckets[]): NativeBuckets[] {
  const schema = Math.min(...all.map(buckets => buckets.schema));
  const merged = all.map(buckets => coarser(buckets, schema));
  const widest = Math.max(...all.map(({ zeroThreshold }) => zeroThreshold));
  const isCut = ({ zeroThreshold, indexes }: NativeBuckets) =>
    zeroThreshold < widest && widest > 0 && indexes.includes(nativeIndex(schema, widest));
  const above = widest > 0 ? nativeBound(schema, nativeIndex(schema, widest)) : 0;
  const threshold = merged.some(isCut) ? above : widest;
  return merged.map(buckets => withZeroThreshold(buckets, threshold));
}

function withZeroThreshold(buckets: NativeBuckets, zeroThreshold: number): NativeBuckets {
  if (buckets.zeroThreshold === zeroThreshold) return buckets;
  const { schema } = buckets;
  const kept = buckets.indexes.map((index, i) => ({ index, count: buckets.counts[i]! }));
  const isZero = ({ index }: { index: number }) => nativeBound(schema, index) <= zeroThreshold;
  const absorbed = kept.filter(isZero).reduce((sum, { count }) => sum + count, 0);
  const rest = kept.filter(bucket => !isZero(bucket));
  return {
    schema,
    zeroThreshold,
    zeroCount: buckets.zeroCount + absorbed,
    indexes: rest.map(({ index }) => index),
    counts: rest.map(({ count }) => count),
  };
}

/**
 * Bounds that separate every populated bucket of all: both ends of each, and the zero threshold. Buckets that are empty
 * everywhere may become one: nothing is lost with them.
 * @param all on one grid
 */
export function nativeBounds(all: readonly NativeBuckets[]): number[] {
  const bounds = new Set<number>();
  for (const { schema, zeroThreshold, indexes } of all) {
    bounds.add(zeroThreshold);
    for (const index of indexes) {
      bounds.add(Math.max(zeroThreshold, nativeBound(schema, Math.min(index, 1024 * 2 ** schema) - 1)));
      const upper = nativeBound(schema, index);
      if (upper < Number.POSITIVE_INFINITY) bounds.add(upper);
    }
  }
  return [...bounds].sort((a, b) => a - b);
}

/** Counts by bounds of `nativeBounds`, one longer. */
export function countsWithin(buckets: NativeBuckets, bounds: readonly number[]): Float64Array {
  const counts = new Float64Array(bounds.length + 1);
  const places = new Map(bounds.map((bound, place) => [bound, place]));
  counts[places.get(buckets.zeroThreshold)!] = buckets.zeroCount;
  buckets.indexes.forEach((index, i) => {
    const place = places.get(nativeBound(buckets.schema, index)) ?? bounds.length;
    counts[place] = counts[place]! + buckets.counts[i]!;
  });
  return counts;
}
