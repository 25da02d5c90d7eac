/**
 * Histograms of many series into one sample for each arm, in common buckets. Cumulative counts are exact at every bound that all
 * series have; where bounds differ this is done only if those of one series are among those of all others, because what is left of
 * bounds that merely overlap would be coarse without anybody having chosen it.
 */
import type { Arm } from '../../analysis/live-outcome.ts';
import { type BinnedSample, fromNative } from '../../stats/binned-sample.ts';
import { type NativeBuckets, nativeBounds, onOneGrid } from '../../stats/native-grid.ts';
import { classicHistogram } from '../../stats/prometheus-histogram.ts';
import type { Reading } from './reading.ts';

type OfArms<T> = Readonly<Record<Arm, T>>;
type Cumulative = ReadonlyMap<number, number>;

/**
 * An arm without series is an empty sample; without any series at all there is none: null.
 * @throws RangeError for bounds that cannot be made common, a missing "+Inf", and counts that are not whole
 */
export function summedHistograms(readings: OfArms<readonly Reading[]>): OfArms<BinnedSample> | null {
  const classic = mapArms(readings, all => all.flatMap(found => (found.kind === 'classic' ? [found.cumulative] : [])));
  const native = mapArms(readings, all => all.flatMap(found => (found.kind === 'native' ? [found.buckets] : [])));
  const [hasClassic, hasNative] = [sizeOf(classic) > 0, sizeOf(native) > 0];
  if (hasClassic && hasNative) throw new RangeError('some series are classic histograms and some are native ones');
  if (hasClassic) return summedClassic(classic);
  return hasNative ? summedNative(native) : null;
}

function summedClassic(arms: OfArms<readonly Cumulative[]>): OfArms<BinnedSample> {
  const all = [...arms.baseline, ...arms.candidate];
  const bounds = commonBounds(all);
  return mapArms(arms, series =>
    classicHistogram(bounds.map(le => ({ le, count: series.reduce((sum, counts) => sum + counts.get(le)!, 0) }))),
  );
}

function commonBounds(all: readonly Cumulative[]): number[] {
  const smallest = all.reduce((least, counts) => (counts.size < least.size ? counts : least));
  for (const le of smallest.keys()) {
    const without = all.find(counts => !counts.has(le));
    if (without)
      throw new RangeError(
        `the buckets of the series differ: one has the bound ${le}, another ${[...without.keys()].join(', ')}`,
      );
  }
  return [...smallest.keys()].sort((a, b) => a - b);
}

function summedNative(arms: OfArms<readonly NativeBuckets[]>): OfArms<BinnedSample> {
  const merged = onOneGrid([...arms.baseline, ...arms.candidate]);
  const { schema, zeroThreshold } = merged[0]!;
  const parts = { baseline: merged.slice(0, arms.baseline.length), candidate: merged.slice(arms.baseline.length) };
  const summed = mapArms(parts, series => {
    const counts = new Map<number, number>();
    for (const buckets of series)
      for (const [i, index] of buckets.indexes.entries())
        counts.set(index, (counts.get(index) ?? 0) + buckets.counts[i]!);
    const zeroCount = series.reduce((sum, buckets) => sum + buckets.zeroCount, 0);
    return { schema, zeroThreshold, zeroCount, indexes: [...counts.keys()], counts: [...counts.values()] };
  });
  const bounds = nativeBounds([summed.baseline, summed.candidate]);
  return mapArms(summed, buckets => fromNative(buckets, bounds));
}

const sizeOf = (arms: OfArms<readonly unknown[]>) => arms.baseline.length + arms.candidate.length;

function mapArms<T, U>(arms: OfArms<T>, change: (of: T) => U): Record<Arm, U> {
  return { baseline: change(arms.baseline), candidate: change(arms.candidate) };
}
