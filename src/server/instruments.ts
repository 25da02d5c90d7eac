/**
 * What Prometheus can read. The names and labels are bounded: artifacts only while one of their releases is active,
 * routes by pattern, never an id. Fed from the controller's events; asks the engine only when it is scraped.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Controller, ControllerEvent } from '../controller/face.ts';
import type { OutcomeCounts } from '../metrics/intake.ts';
import { isActive, type Phase, type Release, type RollbackTrigger } from '../rollout/release.ts';

export interface Instruments {
  observe(event: ControllerEvent): void;
  /** `route` is a pattern, such as `/api/v1/releases/:id`; no duration for a stream. */
  request(route: string, status: number, durationMs?: number): void;
  streamCut(): void;
  scrape(): Promise<{ type: string; text: string }>;
}

interface Sources {
  load: Controller['load'];
  outcomes: () => OutcomeCounts;
  streams: () => number;
}

const OUTCOMES = ['succeeded', 'rolledBack', 'failed', 'cancelled', 'superseded'] as const satisfies Phase[];
const TRIGGERS = ['performance', 'errorRate', 'timeout', 'manual'] as const satisfies RollbackTrigger[];

/** Ended releases of which is remembered what was counted: events of one may come several times. */
const MAX_REMEMBERED = 10_000;

export function instruments(sources: Sources): Instruments {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const make = releaseMetrics(registry);
  const http = httpMetrics(registry, sources);
  /** What was counted of a release already. */
  const counted = new Map<string, Set<string>>();

  function firstTime(release: Release, what: string): boolean {
    let seen = counted.get(release.id);
    if (!seen) {
      seen = new Set();
      counted.set(release.id, seen);
      if (counted.size > MAX_REMEMBERED) counted.delete(counted.keys().next().value!);
    }
    if (seen.has(what)) return false;
    seen.add(what);
    return true;
  }

  function observeRelease(release: Release): void {
    const { rollback } = release;
    if (isActive(release)) make.show(release);
    else {
      make.hide(release.artifact);
      if (firstTime(release, 'ended')) make.ended(release);
    }
    if (!rollback) return;
    if (firstTime(release, 'rollback')) make.rollbacks.inc({ trigger: rollback.trigger });
    for (const [name, ms] of Object.entries(rollback.clocks ?? {})) {
      const clock = name.replace(/Ms$/, '');
      if (typeof ms === 'number' && firstTime(release, clock)) make.rollbackDuration.observe({ clock }, ms / 1_000);
    }
  }

  return {
    observe(event) {
      if (event.type === 'release') observeRelease(event.release);
      if (event.type === 'alert') make.overdue.inc();
    },
    request: http.request,
    streamCut: () => http.cut.inc(),
    scrape: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}

function releaseMetrics(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[]) => new Gauge({ name, help, labelNames, registers });
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
    weight.set({ artifact }, release.weight);
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

  function ended(release: Release): void {
    runs.inc({ outcome: release.phase });
    const ms = Date.parse(release.updatedAt) - Date.parse(release.createdAt);
    if (ms >= 0) duration.observe(ms / 1_000);
  }

  // A series that begins at its first event is invisible to a rate over that event.
  for (const outcome of OUTCOMES) runs.inc({ outcome }, 0);
  for (const trigger of TRIGGERS) rollbacks.inc({ trigger }, 0);
  return { rollbacks, overdue, rollbackDuration, show, hide, ended };
}

function httpMetrics(registry: Registry, { load, outcomes, streams }: Sources) {
  const registers = [registry];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Answered requests, by route pattern and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer, by route pattern; streams are not in it.',
    labelNames: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const cut = new Counter({
    name: 'sse_streams_cut_total',
    help: 'Streams cut because their client did not read.',
    registers,
  });
  scraped('pipeline_queue_length', 'Releases that are due and that nobody works on.', () => load().queued);
  scraped('pipeline_active', 'Releases that are being worked on.', () => load().active);
  scraped('sse_streams', 'Open event and assignment streams.', streams);
  new Counter({
    name: 'outcomes_total',
    help: 'Outcomes by result: stored, ignored (no exposed release), duplicate, rejected, invalid.',
    labelNames: ['result'],
    registers,
    collect() {
      this.reset();
      for (const [result, count] of Object.entries(outcomes())) this.inc({ result }, count);
    },
  });

  function scraped(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }

  return {
    cut,
    request(route: string, status: number, durationMs?: number): void {
      requests.inc({ route, status });
      if (durationMs !== undefined) seconds.observe({ route }, durationMs / 1_000);
    },
  };
}
