/**
 * One metric as units would report it, without a change and with a regression of a given size, for simulations before a
 * release. Values are as the detector reads them from outcomes. Shapes are simple on purpose: a log-normal spread, and
 * pass or fail for quality, which is the widest that scores of one mean can be.
 */
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
  const timesOut = metric.source === 'latencyMs' ? errorRate : 0;
  return {
    metric,
    largest: LARGEST_RISE,
    draw(isCandidate, size, random) {
      const factor = isCandidate ? 1 + size : 1;
      const value = Math.exp(spread * normalFrom(random)) * (isWorseHigher ? factor : 1 / factor);
      return random() < timesOut ? Number.POSITIVE_INFINITY : value;
    },
  };
}

function normalFrom(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
