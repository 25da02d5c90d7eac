/** A forecast as one JSON document, `spillway.plan/v1`. Times and counts that have no end are null: JSON has no Infinity. */
import type { Delay, Forecast, MetricForecast, Pair, StageForecast } from './forecast.ts';
import { POWER } from './simulate.ts';
import type { PlanWarning } from './warnings.ts';

export function planDocument(
  forecast: Forecast,
  warnings: readonly PlanWarning[],
  { runs, seed }: { runs: number; seed: number },
): object {
  const { settings, stages, metrics, atFull, isCapped } = forecast;
  const { plan, arrivals, rateFrom, measured, unmeasurable } = settings;
  return {
    schema: 'spillway.plan/v1',
    pipeline: plan.name,
    alpha: plan.regression.alpha,
    power: POWER,
    simulation: { runs, seed, capped: isCapped },
    traffic: { perSecond: arrivals.perSecond, users: arrivals.users, from: rateFrom },
    measured: measured && { release: measured.release, at: measured.at },
    stages: stages.map(({ label, isBake, plan: stage, candidates, units }) => ({
      name: label,
      weight: stage.weight,
      bake: isBake,
      holdMs: stage.holdMs,
      timeoutMs: stage.timeoutMs,
      minSamples: stage.minSamples,
      candidateUnits: candidates,
      units,
    })),
    metrics: metrics.map(metricDocument),
    fullWeight: atFull && { ms: atFull.ms, smallestErrorRise: atFull.smallest },
    unmeasurable,
    warnings,
  };
}

function metricDocument({ settings, stages, rollout }: MetricForecast): object {
  const { simulated, known: said, effect } = settings;
  const { name, source, margin, weight } = simulated.metric;
  return {
    name,
    kind: source === 'error' ? 'rate' : source === 'quality' ? 'difference' : 'ratio',
    margin,
    share: weight,
    baseline: {
      [source === 'error' ? 'errorRate' : source === 'quality' ? 'mean' : 'spread']: said.value,
      from: said.from,
    },
    effect: { size: effect.size, from: effect.from },
    stages: stages.map(stageDocument),
    rollout: rollout && {
      smallest: rollout.smallest,
      ...delayDocument(rollout.delay),
      taken: rollout.taken,
      foundIn: rollout.foundIn,
      heldUp: rollout.heldUp,
      missed: rollout.missed,
      unchanged: { ...rollout.unchanged, medianMs: known(rollout.unchanged.medianMs) },
    },
  };
}

function stageDocument({ stage, smallest, delay, foundInHold, foundInTimeout }: StageForecast): object {
  return { name: stage.label, smallest, ...delayDocument(delay), foundInHold, foundInTimeout };
}

function delayDocument({ candidates, requests, ms }: Delay): object {
  return { candidateUnits: finite(candidates), requests: finite(requests), ms: finite(ms) };
}

function finite({ median, p95 }: Pair): { median: number | null; p95: number | null } {
  return { median: known(median), p95: known(p95) };
}

const known = (value: number) => (Number.isFinite(value) ? value : null);
