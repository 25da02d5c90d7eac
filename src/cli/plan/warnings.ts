/**
 * Where a plan cannot do what it is there for, with the number that would: a stage that is too thin, a limit that the
 * baseline itself breaks, unchanged candidates that do not pass, a regression that was asked for and is missed.
 */
import { duration } from '../release-view.ts';
import { holdsThatDo } from './fixes.ts';
import type { Forecast, MetricForecast } from './forecast.ts';
import type { MetricSettings } from './settings.ts';
import { POWER } from './simulate.ts';
import { thinStage } from './thin-stage.ts';
import { documentDuration, shareText, sizeText } from './words.ts';

export interface PlanWarning {
  code: 'thinStage' | 'limitBelowBaseline' | 'missed' | 'unchangedHeldUp';
  /** The stage it is about. */
  stage?: string;
  message: string;
  /** What would do. */
  fix: string;
}

/** The worst first. @param seed of the simulations that look for what would do */
export function warningsOf(forecast: Forecast, seed: number): PlanWarning[] {
  const { stages, settings, metrics } = forecast;
  const { errorRateMax } = settings.plan.rollback.triggers;
  const thin = stages.flatMap((_, at) => thinStage(forecast, at, seed));
  return [
    ...limitBelowBaseline(settings.metrics, errorRateMax),
    ...thin,
    ...(thin.length > 0 ? [] : metrics.flatMap(unchangedHeldUp)),
    ...metrics.flatMap(metric => missedEffect(metric, forecast, seed)),
  ];
}

function limitBelowBaseline(metrics: readonly MetricSettings[], max: number | null): PlanWarning[] {
  const { errorRate } = metrics[0]!.baseline;
  if (max === null || errorRate < max) return [];
  return [
    {
      code: 'limitBelowBaseline',
      message: `without any change ${shareText(errorRate)} of requests fail, and errorRate.max is ${shareText(max)}: unchanged candidates are taken back`,
      fix: `raise errorRate.max well above ${shareText(errorRate)}`,
    },
  ];
}

function unchangedHeldUp({ settings: { simulated }, rollout }: MetricForecast): PlanWarning[] {
  const { runs, heldUp, medianMs } = rollout?.unchanged ?? { runs: 1, heldUp: 0, medianMs: 0 };
  if (heldUp <= (1 - POWER) * runs) return [];
  return [
    {
      code: 'unchangedHeldUp',
      message: `${simulated.metric.name}: ${shareText(heldUp / runs)} of unchanged candidates do not pass a stage within its timeout`,
      fix: `raise the timeout${Number.isFinite(medianMs) ? ` (half of them need ${duration(medianMs)} through all stages)` : ''}, or ask for noHarm where require is nonInferior`,
    },
  ];
}

/** Of what the user asked for; that a default is missed is in the table, and no fault. */
function missedEffect(
  { settings: metric, rollout }: MetricForecast,
  { settings }: Forecast,
  seed: number,
): PlanWarning[] {
  const { size, from } = metric.effect;
  if (!rollout || from === 'default' || 1 - rollout.taken <= 1 - POWER + 1e-9) return [];
  const { name, margin, source } = metric.simulated.metric;
  const what = `${name} ${sizeText(metric, size)}`;
  const message = `${what} is taken back before everyone has it in ${shareText(rollout.taken)} of releases only`;
  if (source !== 'error' && size <= margin) {
    const fix = `lower minEffect: by the pipeline's word a change inside ${shareText(margin)} is harmless`;
    return [{ code: 'missed', message, fix }];
  }
  const factor = holdsThatDo({ metric, size }, settings, seed);
  const compared = settings.plan.rollout.stages.filter(({ weight }) => weight < 100);
  const holds = compared.map(({ holdMs }) => documentDuration((factor ?? 1) * holdMs)).join(', ');
  const fix =
    factor === null
      ? 'no hold up to 32 times as long was found to do; give the stages more traffic'
      : `hold ${factor} times as long: ${holds}${compared.some(({ holdMs, timeoutMs }) => factor * holdMs > timeoutMs) ? ', and raise the timeout with it' : ''}`;
  return [{ code: 'missed', message, fix }];
}
