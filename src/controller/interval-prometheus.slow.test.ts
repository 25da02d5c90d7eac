/** The folder on a real Prometheus, in real time: what the clock of a test cannot show. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import type { Verdict } from '../analysis/verdict.ts';
import { systemClock } from '../clock.ts';
import type { PrometheusPlan } from '../config/plan.ts';
import { plannedSource } from '../metrics/prometheus/planned-source.ts';
import {
  type CountingServer,
  hasPrometheus,
  type PrometheusServer,
  startCountingServer,
  startPrometheus,
} from '../metrics/prometheus/prometheus-server.test-support.ts';
import { inStage, samplePlan } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { intervalFolder } from './interval-evidence.ts';

const queriesOf = (service: string) => ({
  requests: `requests_total{service="${service}"}`,
  errors: `requests_total{service="${service}",code=~"5.."}`,
  histograms: { latency: `duration_seconds_bucket{service="${service}"}` },
});
const PROMETHEUS: PrometheusPlan = {
  queries: { own: { baseline: queriesOf('web'), candidate: queriesOf('web-candidate') } },
  silentAfterMs: 30_000,
  thresholds: [],
};

const quiet = () => undefined;
const log = { info: quiet, warn: quiet, error: quiet };

describe.skipIf(!hasPrometheus())('the evidence of a workload from a real Prometheus', () => {
  let app: CountingServer;
  let prometheus: PrometheusServer;
  let folder: string;
  let store: Store;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-counted-'));
    store = await openSqliteStore({ folder, clock: systemClock });
    app = await startCountingServer(['web', 'web-candidate']);
    prometheus = await startPrometheus([app.address]);
  }, 40_000);
  afterAll(async () => {
    await prometheus?.end();
    await app?.end();
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function atQuarter(id: string): Release {
    const plan = { ...samplePlan(), metrics: { prometheus: PROMETHEUS } };
    return inStage(1, 0, { id, plan });
  }

  async function opened(release: Release) {
    const evidence = await intervalFolder(release, {
      store,
      clock: systemClock,
      log,
      wake: quiet,
      sourceFor: ({ plan }, position) =>
        plannedSource(plan.metrics!.prometheus, { prometheusUrl: prometheus.url }, undefined, position),
    });
    onTestFinished(() => evidence.close?.());
    return evidence;
  }
  type Opened = Awaited<ReturnType<typeof opened>>;

  const comparedIn = ({ metrics }: Verdict) => metrics.find(({ name }) => name === 'errors')!.n;
  const judged = (what: string, { evidence, release }: { evidence: Opened; release: Release }) => {
    return (holds: (verdict: Verdict) => boolean) =>
      until(
        what,
        async () => {
          const verdict = await evidence.judge(release);
          return holds(verdict) && verdict;
        },
        { withinMs: 15_000, instead: () => evidence.judge(release) },
      );
  };

  /** Requests come only when the source has looked once: what was there before is never counted. */
  async function begun(release: Release): Promise<Opened> {
    const evidence = await opened(release);
    app.serve('web', [0.1]);
    await until('a first interval', async () => {
      await evidence.judge(release);
      return evidence.snapshot() !== undefined;
    });
    return evidence;
  }

  const seconds = (n: number) => Array.from({ length: n }, (_, i) => 0.06 + (i % 10) * 0.03);

  test('is exact over an end of Prometheus and one of Spillway, and finds a candidate that fails', async () => {
    const release = atQuarter('rel_real');
    const first = await begun(release);
    app.serve('web', seconds(300));
    app.serve('web-candidate', seconds(100));
    await judged('all requests', { evidence: first, release })(verdict => comparedIn(verdict).candidate === 100);
    const { offset, bytes } = first.snapshot()!;
    await store.putSnapshot(release.id, offset, bytes);

    await prometheus.kill();
    await judged('the silence', { evidence: first, release })(
      verdict => verdict.kind === 'inconclusive' && verdict.code === 'sourceSilent',
    );
    app.serve('web', seconds(30));
    app.serve('web-candidate', seconds(10));
    await prometheus.start();
    await judged('what came meanwhile', { evidence: first, release })(verdict => comparedIn(verdict).candidate === 110);
    first.close!(); // and its last ten requests are in no snapshot

    const second = await opened(release);
    app.serve('web', seconds(60));
    app.serve('web-candidate', seconds(20));
    const verdict = await judged('the rest', { evidence: second, release })(
      found => comparedIn(found).candidate === 130,
    );
    expect(verdict).toMatchObject({ kind: 'pass' });

    app.serve('web', seconds(75));
    app.serve('web-candidate', seconds(13));
    app.serve('web-candidate', seconds(12), 500);
    const failed = await judged('the failure', { evidence: second, release })(found => found.kind === 'fail');
    expect(failed).toMatchObject({ metric: 'errors' });
  }, 60_000);
});
