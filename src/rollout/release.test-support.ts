/** Releases and verdicts for tests, so that a test names only what it is about. */
import type { InconclusiveCode, Verdict } from '../analysis/verdict.ts';
import type { Plan, StagePlan } from '../config/plan.ts';
import { newRelease, type Release } from './release.ts';

export const MINUTE = 60_000;
export const NOW = '2026-01-01T00:00:00.000Z';

const stage = (weight: number): StagePlan => ({
  weight,
  holdMs: MINUTE,
  timeoutMs: 5 * MINUTE,
  minSamples: 50,
  require: 'noHarm',
  onInconclusive: 'hold',
  onTimeout: 'rollback',
});

export function samplePlan(change: { stage?: Partial<StagePlan>; bakeMs?: number } = {}): Plan {
  return {
    name: 'support-bot',
    target: { prompt: { file: 'prompts/support-bot.yaml' } },
    test: { suites: [], workers: 8, timeoutMs: 30_000, suiteTimeoutMs: 600_000, passRate: 1, repeat: 1, retries: 3 },
    regression: {
      alpha: 0.05,
      onInconclusive: 'proceed',
      metrics: [{ name: 'latency', unit: 'ms', direction: 'lowerIsBetter', minEffect: 0.05, required: true }],
    },
    rollout: {
      stages: [10, 25, 50, 100].map(weight => ({ ...stage(weight), ...change.stage })),
      bakeMs: change.bakeMs ?? 5 * MINUTE,
      holdbackWeight: 0,
    },
    rollback: { slaMs: 15_000, triggers: { performance: true, errorRateMax: 0.05, timeout: true } },
  };
}

/** The same pipeline for a Deployment of one's own. */
export function workloadPlan(change: Parameters<typeof samplePlan>[0] = {}): Plan {
  return {
    ...samplePlan(change),
    target: {
      kubernetes: {
        namespace: 'shop',
        workload: { managed: { deployment: 'web' } },
        routes: [{ kind: 'HTTPRoute', namespace: 'shop', name: 'web' }],
        revertTemplate: true,
        promotionTimeoutMs: 10 * MINUTE,
        drainMs: 5_000,
      },
    },
  };
}

export function sampleRelease(change: Partial<Release> = {}): Release {
  const fresh = newRelease({
    id: 'rel_1',
    artifact: 'support-bot',
    version: `sha256:${'b'.repeat(64)}`,
    baseline: `sha256:${'a'.repeat(64)}`,
    plan: change.plan ?? samplePlan(),
    createdBy: 'ann',
    epoch: 1,
    nowIso: NOW,
  });
  return { ...fresh, ...change };
}

/** In stage `index`, having spent `elapsedMs` there. */
export function inStage(index: number, elapsedMs = 0, change: Partial<Release> = {}): Release {
  const plan = change.plan ?? samplePlan();
  return sampleRelease({
    plan,
    phase: 'rollingOut',
    stageIndex: index,
    weight: plan.rollout.stages[index]!.weight,
    stageElapsedMs: elapsedMs,
    ...change,
  });
}

export const pass: Verdict = { kind: 'pass', reason: 'no harm seen', metrics: [] };
export const fail: Verdict = {
  kind: 'fail',
  metric: 'latency',
  trigger: 'performance',
  reason: 'latency is 1.4 × the baseline',
  metrics: [],
};
export const tooManyErrors: Verdict = {
  ...fail,
  metric: 'errors',
  trigger: 'errorRate',
  reason: 'more than 5 % errors',
};
export const unsure = (code: InconclusiveCode): Verdict => ({ kind: 'inconclusive', code, reason: code, metrics: [] });
