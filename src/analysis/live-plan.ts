/**
 * Which metrics of a plan can be measured on live traffic, and how: the test behind each, its margin, and its share of
 * alpha. Shares are fixed before the first outcome, as the union bound over metrics requires. No state, no verdict.
 */
import type { MetricPlan } from '../config/plan.ts';
import type { LiveOutcome } from './live-outcome.ts';

export interface EvidencePlan {
  /** The share of unchanged releases that may be called worse, 0 to 1. */
  alpha: number;
  metrics: readonly MetricPlan[];
  /** Fraction, or null when not limited. */
  errorRateMax: number | null;
  /**
   * `units`, the default: each counts once a stage. `requests`: single outcomes without units, as a gateway splits them; `intervals`:
   * only counters and histograms are known. Both are tempered.
   */
  counted?: 'units' | 'requests' | 'intervals';
}

type Source = 'error' | 'latencyMs' | 'quality' | 'costUsd' | 'tokens';

export interface TrackedMetric {
  name: string;
  source: Source;
  /** Which direction is a regression. */
  worse: 'higher' | 'lower';
  /** Harmless change: a fraction of the baseline; for quality points of 1; for errors unused, an odds ratio stands for it. */
  margin: number;
  /** Share of alpha; the shares sum to 1. */
  weight: number;
  required: boolean;
}

export interface LiveMetrics {
  /** `errors` first: it is always there. */
  tracked: readonly TrackedMetric[];
  /** Declared, but no outcome carries them. */
  unmeasurable: readonly { name: string; required: boolean }[];
}

const SOURCES: Record<string, Source> = {
  errors: 'error',
  latency: 'latencyMs',
  quality: 'quality',
  cost: 'costUsd',
  costUsd: 'costUsd',
  tokens: 'tokens',
};
/** Equal shares found the reference regressions soonest in the mean of their logarithms (docs/adr/0009). */
const DEFAULT_WEIGHT = 1;
/** A unit's marks are 8 bits, one of them taken by its exposure. */
export const MOST_TRACKED = 7;

export function liveMetrics(plan: EvidencePlan): LiveMetrics {
  const declared = plan.metrics.find(metric => metric.name === 'errors');
  const found: TrackedMetric[] = [
    {
      name: 'errors',
      source: 'error',
      worse: 'higher',
      margin: 0,
      weight: declared?.weight ?? DEFAULT_WEIGHT,
      required: true,
    },
  ];
  const unmeasurable: { name: string; required: boolean }[] = [];
  for (const metric of plan.metrics) {
    if (metric.name === 'errors') continue;
    const source = Object.hasOwn(SOURCES, metric.name) ? SOURCES[metric.name] : undefined;
    const isKnown = source && !(source === 'quality' && plan.counted === 'intervals');
    if (!isKnown || found.length === MOST_TRACKED) unmeasurable.push({ name: metric.name, required: metric.required });
    else
      found.push({
        name: metric.name,
        source,
        worse: metric.direction === 'lowerIsBetter' ? 'higher' : 'lower',
        margin: metric.minEffect,
        weight: metric.weight ?? DEFAULT_WEIGHT,
        required: metric.required,
      });
  }
  const total = found.reduce((sum, metric) => sum + metric.weight, 0);
  const tracked = found.map(metric => ({ ...metric, weight: total > 0 ? metric.weight / total : 1 / found.length }));
  return { tracked, unmeasurable };
}

/**
 * What an outcome says on a metric: undefined when nothing, NaN when it cannot be true. A failed request ranks among the
 * slowest, however fast it failed: leaving it out would make the arm that fails look quick.
 */
export function readValue(outcome: LiveOutcome, source: Source): number | undefined {
  if (source === 'error') return outcome.error ? 1 : 0;
  const value = outcome[source];
  if (value === undefined || value === null) return undefined;
  if (!(value >= 0)) return Number.NaN;
  if (source === 'quality') return value <= 1 ? value : Number.NaN;
  return source === 'latencyMs' && outcome.error ? Number.POSITIVE_INFINITY : value;
}
