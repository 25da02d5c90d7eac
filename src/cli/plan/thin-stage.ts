/** A stage that gets too few units: it cannot reach `minSamples`, or would not even find a gross regression. And what would do. */
import { msUntil, unitsBy } from '../../analysis/unit-arrivals.ts';
import { oneOf } from '../../config/show.ts';
import { duration } from '../release-view.ts';
import { type Target, timeoutThatDoes, weightThatDoes } from './fixes.ts';
import type { Forecast } from './forecast.ts';
import type { PlannedStage } from './planned-stage.ts';
import type { ForecastSettings, MetricSettings } from './settings.ts';
import type { PlanWarning } from './warnings.ts';
import { countText, documentDuration, sizeText } from './words.ts';

/** What any stage should find within its time-out: latency doubled, 20 points of errors, 30 of quality. */
const GROSS = { ratio: 1, errors: 0.2, quality: 0.3 };
const LARGEST_WEIGHT = 50;
/** Of what does not do. */
const NEVER = Number.POSITIVE_INFINITY;

export function thinStage(forecast: Forecast, at: number, seed: number): PlanWarning[] {
  const { settings, metrics } = forecast;
  const stage = forecast.stages[at]!;
  const { label, plan, candidates } = stage;
  const isShort = fewest(candidates.timeout) < plan.minSamples;
  const blind = metrics.filter(metric => {
    const { smallest } = metric.stages[at]!;
    const gross = grossSize(metric.settings);
    return gross > 0 && (smallest === null || smallest > 1.001 * gross);
  });
  if (!isShort && blind.length === 0) return [];
  const targets = blind.map(({ settings: metric }): Target => ({ metric, size: grossSize(metric) }));
  const faults = [
    ...(isShort ? [`minSamples asks for ${plan.minSamples}`] : []),
    ...blind.map(({ settings: metric, stages }) => seesText(metric, stages[at]!.smallest)),
  ];
  const isBlind = targets.length > 0;
  const weight = Math.max(
    isShort ? weightForSamples(stage, settings) : 0,
    isBlind ? (weightThatDoes(targets, stage, settings, seed) ?? NEVER) : 0,
  );
  const timeout = Math.max(
    isShort ? timeoutForSamples(stage, settings) : 0,
    isBlind ? (timeoutThatDoes(targets, stage, settings, seed) ?? NEVER) : 0,
  );
  return [
    {
      code: 'thinStage',
      stage: label,
      message: `${label} for ${duration(plan.timeoutMs)} gets ${candidates.timeout < 1 ? '' : 'about '}${countText(candidates.timeout)} candidate unit${candidates.timeout < 1.5 ? '' : 's'}: ${faults.join('; ')}`,
      fix: fixText({ weight, timeout }, stage, settings, { targets, isShort }),
    },
  ];
}

function seesText(metric: MetricSettings, smallest: number | null): string {
  const { name } = metric.simulated.metric;
  return smallest === null
    ? `no change of ${name} is seen at all`
    : `no ${name} below ${sizeText(metric, smallest)} is seen`;
}

function fixText(
  { weight, timeout }: { weight: number; timeout: number },
  { plan, candidates, index }: PlannedStage,
  settings: ForecastSettings,
  { targets, isShort }: { targets: readonly Target[]; isShort: boolean },
): string {
  const ways: string[] = [];
  if (weight <= LARGEST_WEIGHT) {
    const isOver = settings.plan.rollout.stages
      .slice(index + 1)
      .some(later => later.weight < 100 && later.weight <= weight);
    ways.push(`the weight to ${weight}${isOver ? ' (and leave out the stages up to it)' : ''}`);
  }
  if (Number.isFinite(timeout)) ways.push(`the timeout to ${documentDuration(timeout)}`);
  const least = Math.floor(fewest(candidates.timeout));
  const found = targets.map(({ metric, size }) => `${metric.simulated.metric.name} ${sizeText(metric, size)}`);
  const then = found.length > 0 ? `; then ${found.join(', ')} would be found` : '';
  const raise =
    ways.length > 0
      ? `raise ${oneOf(ways)}`
      : 'no weight and no timeout does with so few units: watch this stage yourself';
  const lower = isShort && least >= 1 && least < plan.minSamples ? `, or lower minSamples to ${least}` : '';
  if (targets.length > 0) return ways.length > 0 ? `${raise}${then}` : raise;
  return `${raise}${lower}`;
}

/** Two standard deviations below what is expected: chance must not decide whether a stage can pass. */
const fewest = (expected: number) => expected - 2 * Math.sqrt(expected);
const enough = (samples: number) => samples + 2 * Math.sqrt(samples) + 2;

function weightForSamples({ plan }: PlannedStage, { arrivals }: ForecastSettings): number {
  const weight = Math.ceil((100 * enough(plan.minSamples)) / unitsBy(arrivals, plan.timeoutMs));
  return weight <= LARGEST_WEIGHT ? weight : NEVER;
}

function timeoutForSamples({ plan }: PlannedStage, { arrivals }: ForecastSettings): number {
  return msUntil(arrivals, (100 * enough(plan.minSamples)) / plan.weight);
}

/** Never above what there is to lose; a margin of the pipeline's own may be wider than what is gross elsewhere. */
function grossSize({ simulated: { metric, largest } }: MetricSettings): number {
  if (metric.source === 'error') return Math.min(GROSS.errors, largest);
  const size = metric.source === 'quality' ? GROSS.quality : GROSS.ratio;
  return Math.min(Math.max(size, 3 * metric.margin), largest);
}
