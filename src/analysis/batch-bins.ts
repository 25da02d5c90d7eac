/**
 * Readies two arms for the comparison where at least one is a histogram: counts what cannot be true, and brings both into the
 * same buckets. Decides nothing.
 */
import type { MetricPlan } from '../config/plan.ts';
import { type BinnedSample, binnedSample, binnedValues, inCommonBuckets } from '../stats/battery.ts';
import { isValidOn, type Scale, scaleOf } from './batch-data.ts';
import type { MetricSamples } from './sample.ts';

/** Both in the same buckets; the counts of values are those of `CleanSamples`. */
export interface CleanBins {
  baseline: BinnedSample;
  candidate: BinnedSample;
  scale: Scale;
  invalid: number;
  offered: number;
}

/** Values beside a histogram go into its buckets. Where the buckets of the arms differ, which bound does: in words. */
export function cleanBins(metric: MetricPlan, baseline: MetricSamples, candidate: MetricSamples): CleanBins | string {
  const scale = scaleOf(metric, [baseline, candidate]);
  const like = baseline.histogram ?? candidate.histogram!;
  const arms = [baseline, candidate];
  const binned = arms.map(({ histogram, values }) => histogram ?? binnedValues(values.filter(isValidOn(scale)), like));
  const common = tryCommonBuckets(binned);
  if (typeof common === 'string') return common;
  const [x, y] = common.map(sample => withoutInvalid(sample, scale)) as [BinnedSample, BinnedSample];
  const offered = arms.reduce((sum, arm) => sum + sizeOf(arm), 0);
  return { baseline: x, candidate: y, scale, invalid: offered - x.length - y.length, offered };
}

function tryCommonBuckets(samples: readonly BinnedSample[]): BinnedSample[] | string {
  try {
    return inCommonBuckets(samples);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** How many values an arm holds, in whatever form. */
export function sizeOf({ histogram, values }: MetricSamples): number {
  return histogram?.length ?? values.length;
}

/** Without the buckets of which every value is out of range. Of native ones the bounds are left: they are in one grid now. */
function withoutInvalid(histogram: BinnedSample, scale: Scale): BinnedSample {
  const { bounds, counts } = histogram;
  const isOut = (bucket: number) =>
    (bounds[bucket] ?? 0) < 0 || (scale === 'difference' && (bounds[bucket - 1] ?? 0) >= 1);
  return binnedSample(
    bounds,
    counts.map((count, bucket) => (isOut(bucket) ? 0 : count)),
  );
}
