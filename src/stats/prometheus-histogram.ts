/**
 * Histograms as Prometheus keeps them, into samples: classic ones, whose counts are cumulative by the label `le`, and native
 * ones, whose buckets are indexes of a schema. A histogram of an interval is the difference of two scrapes: make it before,
 * by counters, because `rate()` and `increase()` extrapolate to counts that never happened.
 */
import { BinnedSample, fromNative } from './binned-sample.ts';
import { type NativeBuckets, nativeBound } from './native-grid.ts';

/** One bucket of a classic histogram. */
export interface ClassicBucket {
  /** The label `le`: a number, or text such as "0.5" and "+Inf". */
  readonly le: number | string;
  /** Values at most `le`. */
  readonly count: number;
}

/**
 * In any order; "+Inf" must be there. O(buckets log buckets).
 * @throws RangeError for an `le` that is no number or occurs twice, and for counts that fall or are not whole
 * @see Prometheus, metric types: le 0.1 → 3, le 0.5 → 5, le "+Inf" → 6 are the bounds 0.1, 0.5 and the counts 3, 2, 1
 */
export function classicHistogram(buckets: readonly ClassicBucket[]): BinnedSample {
  const sorted = buckets.map(({ le, count }) => ({ le: boundOf(le), count })).sort((a, b) => a.le - b.le);
  if (sorted.at(-1)?.le !== Number.POSITIVE_INFINITY)
    throw new RangeError('a classic histogram needs its bucket le="+Inf", which counts all values');
  const counts = sorted.map(({ le, count }, i) => {
    const before = sorted[i - 1];
    if (before && count < before.count)
      throw new RangeError(
        `cumulative counts must not fall, le=${before.le} holds ${before.count} and le=${le} holds ${count}`,
      );
    return count - (before?.count ?? 0);
  });
  return new BinnedSample(
    sorted.slice(0, -1).map(({ le }) => le),
    counts,
  );
}

function boundOf(le: number | string): number {
  if (typeof le === 'number' && !Number.isNaN(le)) return le;
  const text = String(le).trim();
  if (/^\+?Inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  const bound = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(bound)) throw new RangeError(`le must be a number or "+Inf", got ${JSON.stringify(le)}`);
  return bound;
}

/** A native histogram with standard (exponential) buckets; either `buckets`, or spans and deltas as they are exposed. */
export interface NativeHistogram {
  /** −4 to 8. */
  readonly schema: number;
  /** ≥ 0; 0 holds zeros alone. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly buckets?: readonly { readonly index: number; readonly count: number }[];
  /** Runs of neighbouring buckets: the gap before each (the first: its index), and how many. */
  readonly positiveSpans?: readonly { readonly offset: number; readonly length: number }[];
  /** The first count, then each count less the one before it. */
  readonly positiveDeltas?: readonly number[];
}

/**
 * O(buckets log buckets).
 * @throws RangeError for a schema outside −4 to 8 (custom buckets, −53, are classic bounds), spans that do not fit their
 *   deltas, an index that occurs twice, a bucket within the zero threshold, and counts that are not whole numbers ≥ 0
 * @see Prometheus, native histograms: schema 0, index 1 is (1, 2]
 */
export function nativeHistogram(histogram: NativeHistogram): BinnedSample {
  const { schema, zeroThreshold, zeroCount } = histogram;
  if (!(Number.isInteger(schema) && schema >= -4 && schema <= 8))
    throw new RangeError(`the schema of a native histogram must be −4 to 8, got ${schema}`);
  if (!(zeroThreshold >= 0 && Number.isFinite(zeroThreshold)))
    throw new RangeError(`a zero threshold must be ≥ 0, got ${zeroThreshold}`);
  const found = [...(histogram.buckets ?? spannedBuckets(histogram))].sort((a, b) => a.index - b.index);
  found.forEach(({ index }, i) => {
    if (!Number.isSafeInteger(index)) throw new RangeError(`the index of a bucket must be whole, got ${index}`);
    if (found[i - 1]?.index === index) throw new RangeError(`the bucket of index ${index} occurs twice`);
  });
  const populated = found.filter(({ count }) => count !== 0);
  const hidden = populated.find(({ index }) => nativeBound(schema, index) <= zeroThreshold);
  if (hidden)
    throw new RangeError(`the bucket of index ${hidden.index} lies within the zero threshold ${zeroThreshold}`);
  const buckets: NativeBuckets = {
    schema,
    zeroThreshold,
    zeroCount,
    indexes: populated.map(({ index }) => index),
    counts: populated.map(({ count }) => count),
  };
  return fromNative(buckets);
}

function spannedBuckets({ positiveSpans = [], positiveDeltas = [] }: NativeHistogram) {
  const indexes: number[] = [];
  let next = 0;
  for (const { offset, length } of positiveSpans) {
    next += offset;
    for (let i = 0; i < length; i++) indexes.push(next++);
  }
  if (indexes.length !== positiveDeltas.length)
    throw new RangeError(`spans of ${indexes.length} buckets need as many deltas, got ${positiveDeltas.length}`);
  let count = 0;
  return indexes.map((index, i) => {
    count += positiveDeltas[i]!;
    return { index, count };
  });
}
