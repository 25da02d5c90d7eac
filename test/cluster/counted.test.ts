/**
 * What Traefik counts of a real route, scraped by a real Prometheus, as the evidence of a release: the names that the template expects,
 * and how soon a candidate that fails is found.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verdict } from '../../src/analysis/verdict.ts';
import { systemClock } from '../../src/clock.ts';
import { intervalFolder } from '../../src/controller/interval-evidence.ts';
import type { EvidenceFolder } from '../../src/controller/world.ts';
import { plannedSource } from '../../src/metrics/prometheus/planned-source.ts';
import { inStage, samplePlan } from '../../src/rollout/release.test-support.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import type { Pod } from './kubelet/pod.ts';
import { PROMETHEUS } from './plane/addresses.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { ask, untilServed } from './support/traffic.ts';
import { PORT, route, untilRolledOut, workload } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
let host: string;
let evidence: EvidenceFolder;
/** Requests a second, evenly. */
const RATE = 200;
const TICK_MS = 50;
const metrics = { prometheus: { queries: { template: 'traefik' }, silentAfterMs: 30_000, thresholds: [] } };
const release = inStage(1, 0, { plan: { ...samplePlan(), metrics } });

beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  const { namespace } = cluster;
  host = `${namespace}.example`;
  const weights = { web: 75, 'web-candidate': 25 };
  for (const name of Object.keys(weights)) await cluster.apply(...workload(namespace, { name, version: name }));
  for (const name of Object.keys(weights)) await untilRolledOut(cluster, name);
  await cluster.apply(route(namespace, 'web', { host, weights }));
  await untilServed(host, weights);
  const folder = mkdtempSync(join(tmpdir(), 'spillway-counted-'));
  room.atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const store = await openSqliteStore({ folder, clock: systemClock });
  room.atEnd(() => store.close());
  const backend = (service: string) => ({ namespace, service, port: 80 });
  const backends = { baseline: backend('web'), candidate: backend('web-candidate') };
  const quiet = () => undefined;
  evidence = await intervalFolder(release, {
    store,
    clock: systemClock,
    log: { info: quiet, warn: quiet, error: quiet },
    wake: quiet,
    sourceFor: (_, position) => plannedSource(metrics.prometheus, { prometheusUrl: PROMETHEUS }, backends, position),
  });
  room.atEnd(() => evidence.close?.());
});
afterAll(() => room.end());

/** Requests at the rate until `work` is done. */
async function under<T>(work: Promise<T>): Promise<T> {
  const load = setInterval(() => {
    for (let i = 0; i < (RATE * TICK_MS) / 1_000; i++) void ask(host);
  }, TICK_MS);
  return work.finally(() => clearInterval(load));
}

const judged = (what: string, holds: (verdict: Verdict) => boolean, withinMs: number) =>
  until(
    what,
    async () => {
      const verdict = await evidence.judge(release);
      return holds(verdict) && verdict;
    },
    { withinMs, everyMs: 25, instead: async () => (await evidence.judge(release)).reason },
  );

test('an equal candidate passes; one that fails half its requests is found within 5 s of its first bad answer', async () => {
  const isCompared = (verdict: Verdict) => verdict.metrics.every(({ n }) => n.candidate > 400 && n.baseline > 1_200);
  const good = await under(judged('enough requests of both arms', isCompared, 30_000));
  expect(good).toMatchObject({ kind: 'pass' });
  const [pod] = (await cluster.list('v1', 'pods?labelSelector=app%3Dweb-candidate')) as Pod[];
  const failing = fetch(`http://${pod!.status!.podIP}:${PORT}/become/failing`, { method: 'POST' });
  const sinceMs = performance.now();
  const bad = await under(failing.then(() => judged('the failure', ({ kind }) => kind === 'fail', 20_000)));
  const tookMs = performance.now() - sinceMs;
  process.stdout.write(`  the failure was found ${(tookMs / 1_000).toFixed(2)} s after it began: ${bad.reason}\n`);
  expect(bad).toMatchObject({ metric: 'errors' });
  expect(tookMs).toBeLessThan(5_000);
}, 120_000);
