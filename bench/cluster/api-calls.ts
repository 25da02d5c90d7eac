/**
 * What a server asks of the API server, counted by a proxy between the two: for a minute at rest, for a whole good release, and
 * for one that is taken back by hand; with the watches it holds. Goal at rest: nothing but watches.
 *
 *   npm run build && npm run cluster -- node bench/cluster/api-calls.ts [restS]
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAccess } from '../../test/cluster/client/api.ts';
import { kubeconfigOf } from '../../test/cluster/client/kubeconfig.ts';
import { openCluster } from '../../test/cluster/support/cluster.ts';
import { install } from '../../test/cluster/support/installation.ts';
import { pipeline, setTemplate, untilPipeline } from '../../test/cluster/support/pipelines.ts';
import { steadyTraffic } from '../../test/cluster/support/steady-traffic.ts';
import { route, untilRolledOut, workload } from '../../test/cluster/support/workloads.ts';
import { openRoom } from '../../test/support/room.ts';
import { until } from '../../test/support/until.ts';
import { startBuilt } from './built-server.ts';
import { countingProxy } from './counting-proxy.ts';
import { machine, printTable } from './figures.ts';

const restS = Number(process.argv[2] ?? 60);
const PER_SECOND = 100;

if (!process.env['SPILLWAY_CLUSTER'])
  throw new Error('run it inside: npm run cluster -- node bench/cluster/api-calls.ts');
const room = openRoom();
try {
  const cluster = await openCluster(room);
  const { kubeconfig } = await install(room, cluster);
  const access = readAccess(kubeconfig);
  const proxy = await countingProxy(access);
  room.atEnd(() => proxy.close());
  const through = join(room.folder(), 'kubeconfig');
  writeFileSync(through, kubeconfigOf({ ...access, server: proxy.url }, 'spillway'), { mode: 0o600 });
  const host = `${cluster.namespace}.example`;
  const labels = { 'spillway.dev/gate': 'web' };
  await cluster.apply(...workload(cluster.namespace, { name: 'web', version: 'v1', replicas: 2, labels }));
  await cluster.apply(route(cluster.namespace, 'web', { host, weights: { web: 1 } }));
  await untilRolledOut(cluster, 'web');
  const server = await startBuilt(room, { kubeconfig: through, namespace: cluster.namespace });
  await cluster.apply(
    pipeline(cluster.namespace, 'web', {
      regression: {
        metrics: [{ name: 'latency', unit: 's', direction: 'lowerIsBetter', minEffect: '900%', required: false }],
      },
    }),
  );
  const serving = () => untilPipeline(cluster, 'web', ({ phase }) => phase === 'serving', 180_000);
  await serving();
  await sleep(5_000);
  const start = proxy.take();

  await sleep(restS * 1_000);
  const atRest = proxy.take();
  const watches = proxy.watches();

  const traffic = steadyTraffic(host, PER_SECOND);
  const good = await counted('v2', async () => undefined);
  const goodS = good.seconds;
  const taken = await counted('v3', async () => {
    const { status } = await untilPipeline(cluster, 'web', ({ weight }) => weight === 25);
    await server.call('POST', `/api/v1/releases/${status.release}/rollback`, { reason: 'the benchmark asks' });
  });
  await traffic.stop();

  const columns = [start, atRest, good.calls, taken.calls];
  const names = [...new Set(columns.flatMap(calls => [...calls.keys()]))].sort();
  const rows = names.map(name => [name, ...columns.map(calls => String(calls.get(name) ?? 0))]);
  const sum = (calls: Map<string, number>) => [...calls.values()].reduce((a, b) => a + b, 0);
  rows.push(['all', ...columns.map(calls => String(sum(calls)))]);
  const heads = [
    '',
    'start',
    `${restS} s at rest`,
    `good release (${goodS} s)`,
    `taken back at 25 % (${taken.seconds} s)`,
  ];
  printTable(`Calls to the API server, one pipeline, 4 stages, ${machine()}`, heads, rows);
  console.log(`watches open at rest: ${watches}`);

  /** Until nothing is left of it. */
  async function counted(version: string, during: () => Promise<void>) {
    proxy.take();
    const beganMs = performance.now();
    await setTemplate(cluster, 'web', { version });
    await untilPipeline(cluster, 'web', ({ stage }) => stage !== undefined);
    await during();
    await serving();
    await until('nothing is left', async () => (await cluster.list('apps/v1', 'deployments')).length === 1, {
      withinMs: 60_000,
    });
    await sleep(3_000);
    return { calls: proxy.take(), seconds: Math.round((performance.now() - beganMs) / 1_000) };
  }
} finally {
  await room.end();
}
