/** A checked pipeline as the engine reads it: milliseconds, fractions, every stage complete. No defaults of its own. */
import { durationMs } from './duration.ts';
import { percentFraction } from './percent.ts';
import type { PipelineDocument } from './pipeline.ts';
import type { MetricPlan, Plan, StagePlan } from './plan.ts';

type Spec = PipelineDocument['spec'];

export function planOf(document: PipelineDocument): Plan {
  const { target, test, regression, rollout, rollback } = document.spec;
  const { bake } = rollout;
  const { errorRate } = rollback.triggers;
  return {
    name: document.metadata.name,
    target: { prompt: { file: target.prompt.file } },
    test: {
      suites: [...test.suites],
      workers: test.workers,
      timeoutMs: durationMs(test.timeout),
      suiteTimeoutMs: durationMs(test.suiteTimeout),
      passRate: test.passRate,
      repeat: test.repeat,
      retries: test.retries,
    },
    regression: {
      alpha: regression.alpha,
      onInconclusive: regression.onInconclusive,
      metrics: regression.metrics.map(metricPlan),
    },
    rollout: {
      stages: rollout.stages.map(stage => stagePlan(stage, rollout.stage)),
      bakeMs: durationMs(typeof bake === 'string' ? bake : bake.for),
      holdbackWeight: typeof bake === 'string' ? 0 : Number(bake.holdback.slice(0, -1)),
    },
    rollback: {
      slaMs: durationMs(rollback.sla),
      triggers: {
        performance: rollback.triggers.performance,
        errorRateMax: errorRate === false ? null : percentFraction(errorRate.max),
        timeout: rollback.triggers.timeout,
      },
    },
  };
}

function metricPlan({
  name,
  unit,
  direction,
  minEffect,
  weight,
  required,
}: Spec['regression']['metrics'][number]): MetricPlan {
  return {
    name,
    ...(unit === undefined ? {} : { unit }),
    direction,
    minEffect: percentFraction(minEffect),
    ...(weight === undefined ? {} : { weight }),
    required,
  };
}

function stagePlan(stage: Spec['rollout']['stages'][number], shared: Spec['rollout']['stage']): StagePlan {
  return {
    weight: stage.weight,
    holdMs: durationMs(stage.hold ?? shared.hold),
    timeoutMs: durationMs(stage.timeout ?? shared.timeout),
    minSamples: stage.minSamples ?? shared.minSamples,
    require: stage.require ?? shared.require,
    onInconclusive: stage.onInconclusive ?? shared.onInconclusive,
    onTimeout: stage.onTimeout ?? shared.onTimeout,
  };
}
