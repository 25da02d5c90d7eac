/** A checked pipeline as the engine reads it: milliseconds, fractions, every stage complete. No defaults of its own. */
import { durationMs } from './duration.ts';
import { kubernetesPlanOf, prometheusPlanOf } from './kubernetes-plan.ts';
import { percentFraction } from './percent.ts';
import type { PipelineDocument } from './pipeline.ts';
import type { HealthCheckPlan, MetricPlan, Plan, StagePlan } from './plan.ts';

type Spec = PipelineDocument['spec'];

export function planOf(document: PipelineDocument): Plan {
  const { target, test, metrics, regression, rollout, rollback } = document.spec;
  const { bake } = rollout;
  const { healthCheck } = rollback;
  const { errorRate } = rollback.triggers;
  return {
    name: document.metadata.name,
    // One of the two is there: a rule of the document says so.
    target: target.kubernetes
      ? { kubernetes: kubernetesPlanOf(target.kubernetes, document.metadata.namespace ?? 'default') }
      : { prompt: { file: target.prompt!.file } },
    test: {
      suites: [...test.suites],
      workers: test.workers,
      timeoutMs: durationMs(test.timeout),
      suiteTimeoutMs: durationMs(test.suiteTimeout),
      passRate: test.passRate,
      repeat: test.repeat,
      retries: test.retries,
    },
    ...(metrics ? { metrics: { prometheus: prometheusPlanOf(metrics.prometheus) } } : {}),
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
      ...(healthCheck ? { healthCheck: healthCheckPlan(healthCheck) } : {}),
      triggers: {
        performance: rollback.triggers.performance,
        errorRateMax: errorRate === false ? null : percentFraction(errorRate.max),
        timeout: rollback.triggers.timeout,
      },
    },
  };
}

function healthCheckPlan({
  url,
  interval,
  timeout,
  failures,
}: NonNullable<Spec['rollback']['healthCheck']>): HealthCheckPlan {
  return { url, intervalMs: durationMs(interval), timeoutMs: durationMs(timeout), failures };
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
  const approval = stage.approval ?? shared.approval;
  return {
    weight: stage.weight,
    holdMs: durationMs(stage.hold ?? shared.hold),
    timeoutMs: durationMs(stage.timeout ?? shared.timeout),
    minSamples: stage.minSamples ?? shared.minSamples,
    require: stage.require ?? shared.require,
    onInconclusive: stage.onInconclusive ?? shared.onInconclusive,
    onTimeout: stage.onTimeout ?? shared.onTimeout,
    ...(approval ? { approval: { timeoutMs: durationMs(approval.timeout), onTimeout: approval.onTimeout } } : {}),
  };
}
