/**
 * All that a forecast rests on: the plan, traffic, what each metric is like and which regression is looked for, each with
 * where it comes from: a flag first, then the last release, then an assumption that is named as one.
 */
import { liveMetrics } from '../../analysis/live-plan.ts';
import { type MetricBaseline, type SimulatedMetric, simulatedMetric } from '../../analysis/simulated-metric.ts';
import type { Arrivals } from '../../analysis/unit-arrivals.ts';
import type { Plan } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';
import type { PlanWishes } from './flags.ts';
import type { Measured } from './measured.ts';

export type Origin = 'flag' | 'measured' | 'assumed';

export interface MetricSettings {
  simulated: SimulatedMetric;
  /** What of `baseline` this metric has, and where it is from. */
  baseline: MetricBaseline;
  known: { value: number; from: Origin };
  /** The regression that is looked for, as `SimulatedMetric.draw` takes it. */
  effect: { size: number; from: 'flag' | 'default' };
}

export interface ForecastSettings {
  plan: Plan;
  arrivals: Arrivals;
  rateFrom: Origin;
  measured: Measured | null;
  metrics: MetricSettings[];
  /** Declared, but no live outcome carries them. */
  unmeasurable: string[];
}

const ASSUMED: MetricBaseline = { errorRate: 0.01, spread: 0.5, mean: 0.9 };
/** Looked for where no flag says another: errors five times as many, at least two points more. */
const DEFAULT_RISE = 0.25;
const DEFAULT_POINTS = 0.1;

/** @throws SpillwayError USAGE when nothing is known of traffic, or an effect is none */
export function forecastSettings(plan: Plan, wishes: PlanWishes, measured: Measured | null): ForecastSettings {
  const { regression, rollback } = plan;
  const errorRateMax = rollback.triggers.errorRateMax;
  const { tracked, unmeasurable } = liveMetrics({ ...regression, errorRateMax });
  const perSecond = wishes.perSecond ?? measured?.unitsPerSecond;
  if (perSecond === undefined)
    throw new SpillwayError(
      'USAGE',
      'Nothing is known of the traffic: no release with stages to measure it in was found.',
      {
        hint: 'Say how much there is: --rate 20/s, 600/min or 3000/h.',
      },
    );
  const errorRate = known(wishes.errorRate, measured?.errorRate, ASSUMED.errorRate);
  const metrics = tracked.map(metric => {
    const spread = known(
      wishes.spreads.get(metric.name) ?? wishes.spreads.get(''),
      measured?.spreads.get(metric.name),
      ASSUMED.spread,
    );
    const quality = known(wishes.quality, measured?.quality, ASSUMED.mean);
    const baseline = { errorRate: errorRate.value, spread: spread.value, mean: quality.value };
    const simulated = simulatedMetric(metric, baseline);
    const effect = effectOf(simulated, baseline, wishes.effects.get(metric.name));
    return {
      simulated,
      baseline,
      known: metric.source === 'error' ? errorRate : metric.source === 'quality' ? quality : spread,
      effect,
    };
  });
  return {
    plan,
    arrivals: { perSecond, users: wishes.users ?? null },
    rateFrom: wishes.perSecond === undefined ? 'measured' : 'flag',
    measured,
    metrics,
    unmeasurable: unmeasurable.map(({ name }) => name),
  };
}

function known(
  flag: number | undefined,
  measured: number | undefined,
  assumed: number,
): { value: number; from: Origin } {
  if (flag !== undefined) return { value: flag, from: 'flag' };
  return measured === undefined ? { value: assumed, from: 'assumed' } : { value: measured, from: 'measured' };
}

function effectOf(
  { metric, largest }: SimulatedMetric,
  { errorRate }: MetricBaseline,
  given: number | undefined,
): MetricSettings['effect'] {
  if (metric.source === 'error') {
    const rate = given ?? Math.min(1, Math.max(5 * errorRate, errorRate + 0.02));
    return {
      size: inRange(metric.name, rate - errorRate, largest, given),
      from: given === undefined ? 'default' : 'flag',
    };
  }
  const size = given ?? (metric.source === 'quality' ? Math.min(DEFAULT_POINTS, largest) : DEFAULT_RISE);
  return { size: inRange(metric.name, size, largest, given), from: given === undefined ? 'default' : 'flag' };
}

function inRange(name: string, size: number, largest: number, given: number | undefined): number {
  if (given === undefined || (size > 0 && size <= largest + 1e-9)) return Math.min(size, largest);
  const percent = `${Number((100 * given).toPrecision(6))}%`;
  const allowed =
    name === 'errors' ? 'above the error rate without it and at most 100%' : 'above 0% and no more than there is';
  throw new SpillwayError('USAGE', `--effect ${name}=${percent} is no regression: it must lie ${allowed}.`);
}
