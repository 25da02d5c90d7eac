/**
 * Brings the histograms of two arms together: one unit, the same buckets. Bounds that differ are an error at the bound, because
 * no count can be moved from one bucket to another without being made up.
 */
import type { MetricSamples } from '../../analysis/sample.ts';
import { type BinnedSample, binnedSample } from '../../stats/index.ts';
import type { Arm } from './arm.ts';

/** Fifteen digits, so that 0.07 s and 70 ms are the same bound. */
export function histogramTimes({ bounds, counts }: BinnedSample, factor: number): BinnedSample {
  return binnedSample(
    bounds.map(bound => Number((bound * factor).toPrecision(15))),
    counts,
  );
}

/** @param samples of one metric, by arm, in one unit */
export function checkBuckets(
  name: string,
  arms: readonly Arm[],
  samples: readonly (MetricSamples | undefined)[],
  notes: string[],
): void {
  const [x, y] = samples.map(found => found?.histogram);
  if (x && y) {
    const longer = Math.max(x.bounds.length, y.bounds.length);
    const place = Array.from({ length: longer }, (_, i) => i).find(i => x.bounds[i] !== y.bounds[i]);
    if (place === undefined) return;
    const [there, here] = [x, y].map(({ bounds }) => bounds[place] ?? 'no more');
    const message = `the buckets differ: bound ${place + 1} is ${there} in ${arms[0]!.file} and ${here} here; count both arms in the same buckets`;
    arms[1]!.metrics.get(name)!.histogram!.problemAt(place, message);
  } else if ((x || y) && samples.every(Boolean)) {
    const [binned, plain] = x ? arms : [arms[1]!, arms[0]!];
    notes.push(`${plain!.file}: ${name} is counted in the buckets of ${binned!.file}`);
  }
}
