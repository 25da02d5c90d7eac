/**
 * The floor under every rollback by Kubernetes objects: what one PATCH of an HTTPRoute's weight costs, and from sending it
 * until the data plane has given its last answer from the candidate, at 200 requests a second. Nothing decides here; whatever
 * a product adds comes on top.
 *
 *   npm run cluster -- node bench/cluster/floor.ts [rounds] [patches]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { quantileOfSorted } from '../../src/stats/quantile.ts';
import { type Cluster, openCluster } from '../../test/cluster/support/cluster.ts';
import { ask, untilServed } from '../../test/cluster/support/traffic.ts';
import { backendRefs, route, untilRolledOut, type Weights, workload } from '../../test/cluster/support/workloads.ts';
import { openRoom } from '../../test/support/room.ts';

const rounds = Number(process.argv[2] ?? 15);
const patches = Number(process.argv[3] ?? 200);
const PER_SECOND = 200;
/** So long without an answer from the candidate counts as the end; the slowest change ever met was 0.3 s. */
const SILENT_MS = 1_500;
const SPLIT = { stable: 75, candidate: 25 };
const BACK = { stable: 100, candidate: 0 };

if (!process.env['SPILLWAY_CLUSTER']) throw new Error('run it inside: npm run cluster -- node bench/cluster/floor.ts');
const room = openRoom();
try {
  const cluster = await openCluster(room);
  const host = await serve(cluster);
  console.log(`PATCH of an HTTPRoute, n = ${patches}: ${await measurePatches(cluster)}`);
  console.log(`last candidate answer, quiet, n = ${rounds}: ${await measureLast(cluster, host, false)}`);
  console.log(`last candidate answer, after another change, n = ${rounds}: ${await measureLast(cluster, host, true)}`);
} finally {
  await room.end();
}

async function serve(cluster: Cluster): Promise<string> {
  const { namespace } = cluster;
  const host = `${namespace}.example`;
  for (const name of ['stable', 'candidate']) await cluster.apply(...workload(namespace, { name, version: name }));
  await cluster.apply(route(namespace, 'web', { host, weights: SPLIT }));
  await cluster.apply(route(namespace, 'other', { host: `other-${host}`, weights: SPLIT }));
  for (const name of ['stable', 'candidate']) await untilRolledOut(cluster, name);
  await untilServed(host, SPLIT);
  return host;
}

async function setWeights({ api, namespace }: Cluster, name: string, weights: Weights): Promise<void> {
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/${name}`;
  await api.patch(path, 'json', [{ op: 'replace', path: '/spec/rules/0/backendRefs', value: backendRefs(weights) }]);
}

async function measurePatches(cluster: Cluster): Promise<string> {
  const tookMs: number[] = [];
  for (let count = 0; count < patches; count++) {
    const startedMs = performance.now();
    await setWeights(cluster, 'other', { stable: 1 + (count % 99), candidate: 1 });
    tookMs.push(performance.now() - startedMs);
  }
  tookMs.sort((a, b) => a - b);
  return [0.5, 0.99, 1]
    .map((share, at) => `${['p50', 'p99', 'max'][at]} ${quantileOfSorted(tookMs, share).toFixed(1)} ms`)
    .join(', ');
}

async function measureLast(cluster: Cluster, host: string, isBusy: boolean): Promise<string> {
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await setWeights(cluster, 'web', SPLIT);
    await untilServed(host, SPLIT);
    const load = startLoad(host);
    await sleep(SILENT_MS);
    if (isBusy) await setWeights(cluster, 'other', { stable: 1 + round, candidate: 1 });
    const sentMs = performance.now();
    await setWeights(cluster, 'web', BACK);
    while (performance.now() - Math.max(sentMs, load.lastCandidateMs()) < SILENT_MS) await sleep(10);
    const failed = await load.stop();
    if (failed > 0) throw new Error(`${failed} requests failed`);
    tookMs.push(Math.max(0, load.lastCandidateMs() - sentMs));
  }
  tookMs.sort((a, b) => a - b);
  const [median, least, most] = [0.5, 0, 1].map(share => (quantileOfSorted(tookMs, share) / 1_000).toFixed(2));
  return `median ${median} s [${least}–${most}]`;
}

/** Open loop: requests are due by the clock, whether or not earlier ones were answered. */
function startLoad(host: string) {
  let lastCandidateMs = 0;
  let failed = 0;
  let sent = 0;
  const underWay = new Set<Promise<void>>();
  const startedMs = performance.now();
  const one = async () => {
    const version = await ask(host);
    if (version === 'candidate') lastCandidateMs = performance.now();
    if (version === undefined) failed += 1;
  };
  const timer = setInterval(() => {
    for (; sent < ((performance.now() - startedMs) * PER_SECOND) / 1_000; sent++) {
      const asking = one().finally(() => underWay.delete(asking));
      underWay.add(asking);
    }
  }, 5);
  return {
    lastCandidateMs: () => lastCandidateMs,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      return failed;
    },
  };
}
