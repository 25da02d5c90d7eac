/**
 * What releases do, as Prometheus sees it: counts of those that ended, and gauges of the active one of each artifact, which
 * go with it, so that a label never outlives its release.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Phase, type Release, type RollbackTrigger, shareOf } from '../rollout/release.ts';

const OUTCOMES = ['succeeded', 'rolledBack', 'failed', 'cancelled', 'superseded'] as const satisfies Phase[];
const TRIGGERS = ['performance', 'errorRate', 'timeout', 'manual'] as const satisfies RollbackTrigger[];

export function releaseMetrics(registry: Registry) {
  const registers = [registry];
  const runs = new Counter({
    name: 'pipeline_runs_total',
    help: 'Releases that ended, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'pipeline_duration_seconds',
    help: 'From the creation of a release to its end.',
    buckets: [10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 86_400],
    registers,
  });
  const rollbacks = new Counter({
    name: 'rollbacks_total',
    help: 'Rollbacks, by trigger.',
    labelNames: ['trigger'],
    registers,
  });
  const overdue = new Counter({
    name: 'rollback_time_exceeded_total',
    help: 'Rollbacks that took longer than their SLA: the alert RollbackTimeExceeded.',
    registers,
  });
  const rollbackDuration = new Histogram({
    name: 'rollback_duration_seconds',
    help: 'Rollback time by clock: decisionToWrite, writeToAccepted, writeToVerified.',
    labelNames: ['clock'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60],
    registers,
  });

  function ended(release: Release): void {
    runs.inc({ outcome: release.phase });
    const ms = Date.parse(release.updatedAt) - Date.parse(release.createdAt);
    if (ms >= 0) duration.observe(ms / 1_000);
  }

  // A series that begins at its first event is invisible to a rate over that event.
  for (const outcome of OUTCOMES) runs.inc({ outcome }, 0);
  for (const trigger of TRIGGERS) rollbacks.inc({ trigger }, 0);
  return { rollbacks, overdue, rollbackDuration, ended, ...activeReleaseGauges(registry) };
}

function activeReleaseGauges(registry: Registry) {
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const stage = gauge('release_stage', 'Stage of the active release, from 0; -1 before the first.', ['artifact']);
  const weight = gauge('release_weight', 'Percent of units that the active release gives to its candidate.', [
    'artifact',
  ]);
  const consensus = gauge('regression_consensus_score', 'Weighted evidence over all metrics; display only.', [
    'artifact',
  ]);
  const byMetric = ['artifact', 'metric'];
  const e = gauge(
    'regression_e_value',
    'Evidence for a regression; it fails when weight × e reaches 1 / alpha.',
    byMetric,
  );
  const effect = gauge(
    'regression_effect',
    'Estimated effect of the candidate: ratio to, or difference from, the baseline.',
    byMetric,
  );
  const p = gauge('regression_p_value', 'p-value of the primary test of the batch comparison.', byMetric);
  const shown = new Map<string, Set<string>>();

  function hide(artifact: string): void {
    for (const one of [stage, weight, consensus]) one.remove({ artifact });
    for (const metric of shown.get(artifact) ?? []) for (const one of [e, effect, p]) one.remove({ artifact, metric });
    shown.delete(artifact);
  }

  function show(release: Release): void {
    const { artifact, verdict } = release;
    stage.set({ artifact }, release.stageIndex);
    weight.set({ artifact }, shareOf(release));
    if (verdict?.consensus) consensus.set({ artifact }, verdict.consensus.score);
    const names = shown.get(artifact) ?? new Set();
    shown.set(artifact, names);
    for (const metric of verdict?.metrics ?? []) {
      const labels = { artifact, metric: metric.name };
      names.add(metric.name);
      if (metric.e !== undefined) e.set(labels, metric.e);
      if (metric.p !== undefined) p.set(labels, metric.p);
      if (metric.effect.value !== null) effect.set(labels, metric.effect.value);
    }
  }

  return { show, hide };
}
