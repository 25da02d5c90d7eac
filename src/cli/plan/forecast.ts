/**
 * The forecast: for each metric what every stage, and the rollout as a whole, will find and when. All numbers are those of
 * the simulated detector; here it is only said what to simulate. Gives way between the parts, so that Ctrl-C is heard.
 */
import type { Course, Watch } from '../../analysis/power-run.ts';
import { simulatedMetric } from '../../analysis/simulated-metric.ts';
import { msUntil } from '../../analysis/unit-arrivals.ts';
import { SpillwayError } from '../../errors.ts';
import { MOST_UNITS, MOST_UNITS_IN_ROLLOUT, type PlannedStage, plannedStages, shortened } from './planned-stage.ts';
import type { ForecastSettings, MetricSettings } from './settings.ts';
import { type Simulation, simulateLimit, simulateRollout, simulateStage } from './simulate.ts';

/** Of half of the releases and of 95 %; Infinity where fewer were seen to end. */
export interface Pair {
  median: number;
  p95: number;
}

/** How long a regression lasts. */
export interface Delay {
  candidates: Pair;
  /** All traffic. */
  requests: Pair;
  ms: Pair;
}

/** A release that begins with this stage and stays in it. */
export interface StageForecast {
  stage: PlannedStage;
  /** Smallest regression found with 95 % probability within the time-out; null when not even the largest is. */
  smallest: number | null;
  /** Of the regression that is looked for, to twice the time-out. */
  delay: Delay;
  foundInHold: number;
  foundInTimeout: number;
  /** The share found by 1/20, 2/20 … of the time-out. */
  foundBy: number[];
}

/** A release that leaves each stage at its hold, or as soon after as it may. */
export interface RolloutForecast {
  /** Found with 95 % probability before everyone has the candidate. */
  smallest: number | null;
  delay: Delay;
  /** Share of releases that are taken back in each compared stage. */
  foundIn: number[];
  /** Share that is taken back before everyone has the candidate. */
  taken: number;
  /** Share that a stage holds until somebody comes. */
  heldUp: number;
  /** Share that everyone gets. */
  missed: number;
  /** Of an unchanged candidate, in releases: called worse; not through a stage by its time-out. And how long half of them take. */
  unchanged: { runs: number; calledWorse: number; heldUp: number; medianMs: number };
}

export interface MetricForecast {
  settings: MetricSettings;
  stages: StageForecast[];
  /** Null when the first stage is everyone's. */
  rollout: RolloutForecast | null;
}

export interface Forecast {
  settings: ForecastSettings;
  stages: PlannedStage[];
  metrics: MetricForecast[];
  /** At full weight: how long, and the smallest rise of the error rate that the limit finds in it; null when there is no limit. */
  atFull: { ms: number; smallest: number | null } | null;
  /** Whether more units come to a stage than are simulated: what is found then is an upper bound. */
  isCapped: boolean;
}

export interface Effort {
  runs: number;
  seed: number;
  signal: AbortSignal;
  /** 0 to 1. */
  onProgress(done: number): void;
}

/** @throws SpillwayError INTERRUPTED */
export async function forecastOf(
  settings: ForecastSettings,
  { runs, seed, signal, onProgress }: Effort,
): Promise<Forecast> {
  const { plan, arrivals } = settings;
  const { stages, isCapped } = plannedStages(plan, arrivals);
  const simulation = { arrivals, runs, seed };
  const total = settings.metrics.length * (stages.length + 1) + 1;
  let done = 0;
  const step = async () => {
    onProgress(++done / total);
    await new Promise(resolve => setImmediate(resolve));
    if (signal.aborted) throw new SpillwayError('INTERRUPTED', 'Interrupted before the forecast was done.');
  };
  const metrics: MetricForecast[] = [];
  for (const metric of settings.metrics) {
    const watch = watchOf(settings, metric);
    const { size } = metric.effect;
    const inStages: StageForecast[] = [];
    for (const stage of stages) {
      inStages.push(simulateStage(watch, stage, size, simulation));
      await step();
    }
    const course = courseOf(settings);
    const rollout = course.stages.length > 0 ? simulateRollout(watch, course, size, simulation) : null;
    metrics.push({ settings: metric, stages: inStages, rollout });
    await step();
  }
  const atFull = fullWeight(settings, simulation);
  await step();
  return { settings, stages, metrics, atFull, isCapped };
}

export function watchOf({ plan, metrics }: ForecastSettings, { simulated, baseline }: MetricSettings): Watch {
  const watch = { simulated, alpha: plan.regression.alpha, errorRateMax: plan.rollback.triggers.errorRateMax };
  const latency = metrics.find(metric => metric.simulated.metric.source === 'latencyMs');
  if (simulated.metric.source !== 'error' || !latency) return watch;
  // Which requests fail is said by the errors.
  return {
    ...watch,
    latency: simulatedMetric(latency.simulated.metric, { ...baseline, errorRate: 0, spread: latency.baseline.spread }),
  };
}

/** The bake is no part of it: by then everyone has had the candidate. */
export function courseOf({ plan, arrivals }: ForecastSettings): Course {
  const most = msUntil(arrivals, MOST_UNITS_IN_ROLLOUT);
  const stages = plan.rollout.stages.filter(({ weight }) => weight < 100).map(stage => shortened(stage, most));
  return { stages, arrivals, timesOut: plan.rollback.triggers.timeout, mostUnits: MOST_UNITS_IN_ROLLOUT };
}

function fullWeight(settings: ForecastSettings, simulation: Simulation): Forecast['atFull'] {
  const { stages, bakeMs, holdbackWeight } = settings.plan.rollout;
  if (settings.plan.rollback.triggers.errorRateMax === null) return null;
  const errors = settings.metrics.find(({ simulated }) => simulated.metric.source === 'error')!;
  // The limit counts anew in the bake, so the longer of the two is what it has.
  const ms = Math.max(stages.at(-1)!.holdMs, holdbackWeight > 0 ? 0 : bakeMs);
  const within = Math.min(ms, msUntil(settings.arrivals, MOST_UNITS));
  return { ms, smallest: simulateLimit(watchOf(settings, errors), within, simulation) };
}
