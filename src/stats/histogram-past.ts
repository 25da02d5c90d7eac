/** The pooled past of the sequential test on histograms: how it grows, and its bytes. */
import { BinnedSample, fromNative } from './binned-sample.ts';
import { type NativeBuckets, onOneGrid } from './native-grid.ts';
import type { StateReader, StateWriter } from './state-bytes.ts';

const NONE = 0;
const CLASSIC = 1;
const NATIVE = 2;
const LOWEST_SCHEMA = -4;
/** Indexes of the finest schema reach from −275,000 to 262,145. */
const LOWEST_INDEX = -(2 ** 20);

/** All counts together. @param samples in the same buckets */
export function pooled(samples: readonly BinnedSample[]): BinnedSample {
  const native = samples.flatMap(sample => sample.native ?? []);
  if (native.length === samples.length) return fromNative(pooledNative(native));
  const counts = new Float64Array(samples[0]!.counts.length);
  for (const sample of samples) for (let i = 0; i < counts.length; i++) counts[i] = counts[i]! + sample.counts[i]!;
  return new BinnedSample(samples[0]!.bounds, counts);
}

function pooledNative(native: readonly NativeBuckets[]): NativeBuckets {
  const all = onOneGrid(native);
  const counts = new Map<number, number>();
  for (const { indexes, counts: found } of all)
    indexes.forEach((index, i) => void counts.set(index, (counts.get(index) ?? 0) + found[i]!));
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return {
    schema: all[0]!.schema,
    zeroThreshold: all[0]!.zeroThreshold,
    zeroCount: all.reduce((sum, { zeroCount }) => sum + zeroCount, 0),
    indexes: sorted.map(([index]) => index),
    counts: sorted.map(([, count]) => count),
  };
}

export function writePast(writer: StateWriter, past: BinnedSample | null): void {
  if (past === null) {
    writer.byte(NONE);
  } else if (past.native === null) {
    writer.byte(CLASSIC).doubles(past.bounds);
    for (const count of past.counts) writer.count(count);
  } else {
    const { schema, zeroThreshold, zeroCount, indexes, counts } = past.native;
    writer
      .byte(NATIVE)
      .count(schema - LOWEST_SCHEMA)
      .double(zeroThreshold)
      .count(zeroCount)
      .count(indexes.length);
    indexes.forEach((index, i) => void writer.count(index - LOWEST_INDEX).count(counts[i]!));
  }
}

/** @throws RangeError when the bytes are damaged */
export function readPast(reader: StateReader): BinnedSample | null {
  const kind = reader.byte();
  if (kind === NONE) return null;
  if (kind === CLASSIC) {
    const bounds = reader.doublesOfAnyLength();
    return new BinnedSample(
      bounds,
      Array.from({ length: bounds.length + 1 }, () => reader.count()),
    );
  }
  if (kind !== NATIVE) throw new RangeError(`state bytes are damaged: no histogram is of kind ${kind}`);
  const schema = reader.count() + LOWEST_SCHEMA;
  const zeroThreshold = reader.double();
  const zeroCount = reader.count();
  const buckets = Array.from({ length: reader.count() }, () => ({
    index: reader.count() + LOWEST_INDEX,
    count: reader.count(),
  }));
  const [indexes, counts] = [buckets.map(({ index }) => index), buckets.map(({ count }) => count)];
  return fromNative({ schema, zeroThreshold, zeroCount, indexes, counts });
}
