/**
 * One metric as units would report it, without a change and with a regression of a given size, for simulations before a
 * release. Values are as the detector reads them from outcomes. Shapes are simple on purpose: a log-normal spread, and
 * pass or fail for quality, which is the widest that scores of one mean can be.
 */
import { normalQuantile } from '../stats/special.ts';
import type { TrackedMetric } from './live-plan.ts';

/** What the metric is like while nothing is wrong. */
export interface MetricBaseline {
  /** Fraction of requests that fail, 0 to below 1: for `errors`, and for latency, where they rank slowest. */
  errorRate: number;
  /** Standard deviation of the natural logarithm, for latency, cost and tokens; above 0. */
  spread: number;
  /** Of quality, 0 to 1. */
  mean: number;
}

export interface SimulatedMetric {
  metric: TrackedMetric;
  /** Largest size that means anything: all fail, no quality is left, or 21 times the baseline. */
  largest: number;
  /**
   * One unit's value; takes the same number of random numbers at any size, so that sizes can be compared on the same chance.
   * @param size of the regression, 0 for none: errors and quality in points of 1, the others a fraction of the baseline
   */
  draw(isCandidate: boolean, size: number, random: () => number): number;
}

const LARGEST_RISE = 20;

export function simulatedMetric(metric: TrackedMetric, { errorRate, spread, mean }: MetricBaseline): SimulatedMetric {
  const isWorseHigher = metric.worse === 'higher';
  if (metric.source === 'error')
    return {
      metric,
      largest: 1 - errorRate,
      draw: (isCandidate, size, random) => (random() < errorRate + (isCandidate ? size : 0) ? 1 : 0),
    };
  if (metric.source === 'quality') {
    const worse = isWorseHigher ? 1 : -1;
    return {
      metric,
      largest: isWorseHigher ? 1 - mean : mean,
      draw: (isCandidate, size, random) => (random() < mean + (isCandidate ? worse * size : 0) ? 1 : 0),
    };
  }
  const usual = logNormal(spread);
  const timesOut = metric.source === 'latencyMs' ? errorRate : 0;
  return {
    metric,
    largest: LARGEST_RISE,
    draw(isCandidate, size, random) {
      const factor = isCandidate ? 1 + size : 1;
      const value = usual(random()) * (isWorseHigher ? factor : 1 / factor);
      return random() < timesOut ? Number.POSITIVE_INFINITY : value;
    },
  };
}

const STEPS = 4096;

/**
 * The quantile function of a log-normal with median 1, from a table with straight lines between its points: a quarter of
 * the time of logarithm, cosine and exponential, of which a forecast needs tens of millions. Beyond 1 in 8192 at either
 * end it is flat.
 */
function logNormal(spread: number): (share: number) => number {
  const table = Float64Array.from({ length: STEPS + 1 }, (_, i) => {
    const tail = Math.min(Math.max(i / STEPS, 0.5 / STEPS), 1 - 0.5 / STEPS);
    return Math.exp(-spread * normalQuantile(tail));
  });
  return share => {
    const at = share * STEPS;
    const low = Math.floor(at);
    return table[low]! + (at - low) * (table[low + 1]! - table[low]!);
  };
}
