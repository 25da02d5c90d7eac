/**
 * What a bootstrap needs of one sample's statistic: its value, a random draw of it, and its value without each observation.
 * Means and quantiles have short ways to all three; a function of the caller's is simply called.
 */
import { meanOf, momentsOf } from './moments.ts';
import { quantileOfSorted } from './quantile.ts';
import { sortedCopy } from './sort.ts';

export interface Resampled {
  readonly estimate: number;
  /** The statistic of one resample, less the estimate. */
  draw(random: () => number): number;
  /** The statistic without each value in turn, up to a constant. */
  withoutEach(): Float64Array;
}

/** Sums of deviations from the mean: right also at an offset of 1e12. */
export function resampledMean(sample: Float64Array): Resampled {
  const moments = momentsOf(sample);
  const { first, unit, shift } = moments;
  const n = sample.length;
  const deviations = sample.map(value => value - first - shift * unit);
  return {
    estimate: meanOf(moments),
    draw(random) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += deviations[Math.floor(random() * n)]!;
      return sum / n;
    },
    withoutEach: () => deviations.map(deviation => -deviation / (n - 1)),
  };
}

/** Counts how often each value of the sorted sample was drawn, and walks along them: no resample is ever sorted. */
export function resampledQuantile(sample: Float64Array, q: number): Resampled {
  const sorted = sortedCopy(sample);
  const n = sorted.length;
  const estimate = quantileOfSorted(sorted, q);
  const drawn = new Int32Array(n);
  const position = (n - 1) * q;
  const share = position - Math.floor(position);
  return {
    estimate,
    draw(random) {
      drawn.fill(0);
      for (let i = 0; i < n; i++) drawn[Math.floor(random() * n)]!++;
      let left = Math.floor(position);
      let at = 0;
      while (left >= drawn[at]!) left -= drawn[at++]!;
      const low = sorted[at]!;
      let next = at;
      if (share > 0 && left + 1 === drawn[at])
        do next++;
        while (drawn[next] === 0);
      // In the order of `quantileOfSorted`: the same two values must give the estimate to the last bit, and count as equal.
      return low + (sorted[next]! - low) * share - estimate;
    },
    withoutEach() {
      const rest = sorted.slice(1);
      const values = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        values[i] = quantileOfSorted(rest, q) - estimate;
        rest[i] = sorted[i]!;
      }
      return values;
    },
  };
}

export function resampledStatistic(sample: Float64Array, statistic: (sample: Float64Array) => number): Resampled {
  const n = sample.length;
  const estimate = statistic(sample.slice());
  const buffer = new Float64Array(n);
  return {
    estimate,
    draw(random) {
      for (let i = 0; i < n; i++) buffer[i] = sample[Math.floor(random() * n)]!;
      return statistic(buffer) - estimate;
    },
    withoutEach() {
      const values = new Float64Array(n);
      const rest = new Float64Array(n - 1);
      for (let i = 0; i < n; i++) {
        rest.set(sample.subarray(0, i));
        rest.set(sample.subarray(i + 1), i);
        values[i] = statistic(rest) - estimate;
      }
      return values;
    },
  };
}
