/** What would have to change for a stage, or a rollout, to see what it should: tried on the simulated detector, not guessed. */
import { chanceOf, waitOfShare, waits } from '../../analysis/power.ts';
import { runRollout, runStage } from '../../analysis/power-run.ts';
import { msUntil, unitsBy } from '../../analysis/unit-arrivals.ts';
import { courseOf, watchOf } from './forecast.ts';
import { MOST_UNITS, type PlannedStage } from './planned-stage.ts';
import type { ForecastSettings, MetricSettings } from './settings.ts';
import { isTakenBack, POWER } from './simulate.ts';

/** A size of each metric that has to be found. */
export interface Target {
  metric: MetricSettings;
  size: number;
}

const RUNS = 200;
const LARGEST_WEIGHT = 50;
const FACTORS = [1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32];

/** The time-out with which every target is found with 95 % probability; null when no amount of traffic that is simulated does. */
export function timeoutThatDoes(
  targets: readonly Target[],
  stage: PlannedStage,
  settings: ForecastSettings,
  seed: number,
): number | null {
  const chance = chanceOf(seed);
  const { arrivals } = settings;
  const most = { weight: stage.plan.weight, mostUnits: arrivals.users ?? MOST_UNITS };
  const needed = targets.map(({ metric, size }) => {
    const watch = watchOf(settings, metric);
    const seen = waits(run => runStage(watch, most, size, chance(run))?.units ?? Number.POSITIVE_INFINITY, RUNS);
    return msUntil(arrivals, waitOfShare(seen, POWER));
  });
  const ms = Math.max(...needed);
  return Number.isFinite(ms) ? ms : null;
}

/** The weight, at most one half, with which every target is found within the time-out; null when none does. */
export function weightThatDoes(
  targets: readonly Target[],
  stage: PlannedStage,
  settings: ForecastSettings,
  seed: number,
): number | null {
  const chance = chanceOf(seed);
  const mostUnits = Math.floor(unitsBy(settings.arrivals, stage.simulated.timeoutMs));
  const mostMissed = Math.floor(RUNS * (1 - POWER) + 1e-9);
  const isEnough = (weight: number): boolean =>
    targets.every(({ metric, size }) => {
      const watch = watchOf(settings, metric);
      let missed = 0;
      for (let run = 0; run < RUNS && missed <= mostMissed; run++)
        if (!runStage(watch, { weight, mostUnits }, size, chance(run))) missed++;
      return missed <= mostMissed;
    });
  let [low, high] = [stage.plan.weight, LARGEST_WEIGHT];
  if (low >= high || !isEnough(high)) return null;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** By how much every hold must be longer for the target to be found before everyone has the candidate; null: by more than 32 times. */
export function holdsThatDo({ metric, size }: Target, settings: ForecastSettings, seed: number): number | null {
  const chance = chanceOf(seed);
  const watch = watchOf(settings, metric);
  const course = courseOf(settings);
  const most = msUntil(settings.arrivals, MOST_UNITS);
  const holds = settings.plan.rollout.stages.map(({ holdMs }) => holdMs);
  for (const factor of FACTORS) {
    const longer = course.stages.map((stage, i) => {
      const holdMs = Math.min(most, factor * holds[i]!);
      return { ...stage, holdMs, timeoutMs: Math.max(stage.timeoutMs, holdMs) };
    });
    let taken = 0;
    for (let run = 0; run < RUNS; run++)
      if (isTakenBack(runRollout(watch, { ...course, stages: longer }, size, chance(run)).end)) taken++;
    if (taken >= POWER * RUNS) return factor;
  }
  return null;
}
