/**
 * What a server costs that looks after many pipelines: memory, processor, connections to the API server, and the time from its
 * start until all have been looked at. At rest with 1, 100 and 200; beside 1,000 Deployments, Services and slices of others;
 * and with a release of each under way, which is looked at once a second. Goal: at most 200 MiB at 200 pipelines.
 *
 *   npm run build && npm run cluster -- node bench/cluster/idle.ts [pipelines] [foreign] [settleS]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../test/cluster/client/objects.ts';
import { openCluster } from '../../test/cluster/support/cluster.ts';
import { install } from '../../test/cluster/support/installation.ts';
import { openRoom } from '../../test/support/room.ts';
import { until } from '../../test/support/until.ts';
import { type BuiltServer, startBuilt } from './built-server.ts';
import { machine, medianOf, printTable } from './figures.ts';
import { addForeign, addPipelines, changeAll, each, nameOf, pipelinesPath, untilPhase } from './fleet.ts';
import { connectionsTo, cpuSeconds, memoryMiB, watchProcess } from './server-process.ts';

const most = Number(process.argv[2] ?? 200);
const others = Number(process.argv[3] ?? 1_000);
const settleS = Number(process.argv[4] ?? 20);
const WATCH_S = 20;
const API_PORT = 6443;

if (!process.env['SPILLWAY_CLUSTER']) throw new Error('run it inside: npm run cluster -- node bench/cluster/idle.ts');
const room = openRoom();
try {
  const cluster = await openCluster(room);
  const { kubeconfig } = await install(room, cluster);
  const data = room.folder();
  const start = () => startBuilt(room, { kubeconfig, data });
  const rows: string[][] = [];
  const measure = async (what: string, { pid }: BuiltServer) => {
    await sleep(settleS * 1_000);
    const { cpuPercent, rssMiB } = await watchProcess(pid, WATCH_S);
    const connections = connectionsTo(pid, API_PORT);
    const row = [
      what,
      `${rssMiB.toFixed(0)} MiB`,
      `${memoryMiB(pid).peak.toFixed(0)} MiB`,
      `${cpuPercent.toFixed(1)} %`,
    ];
    rows.push([...row, String(connections)]);
    console.log(rows.at(-1)!.join('  '));
  };

  let server = await start();
  await measure('no pipeline', server);
  let there = 0;
  for (const count of [...new Set([1, 100, 200, most])].filter(one => one <= most)) {
    await addPipelines(cluster, there, count);
    await untilPhase(cluster, count, 'serving');
    there = count;
    await measure(`${count} at rest`, server);
  }

  const startedMs: number[] = [];
  for (let round = 0; round < 3; round++) {
    await server.stop();
    await forgetStatus(there);
    server = await start();
    await untilPhase(cluster, there, 'serving');
    startedMs.push(performance.now() - server.startedMs);
    console.log(
      `start with ${there} (${cpuSeconds(server.pid).toFixed(1)} s of processor): ${startedMs.at(-1)!.toFixed(0)} ms, peak ${memoryMiB(server.pid).peak.toFixed(0)} MiB`,
    );
  }
  await measure(`${there} at rest, started anew`, server);

  if (others > 0) {
    await server.stop();
    await addForeign(cluster, others);
    server = await start();
    await measure(`${there} at rest, beside ${others} of others`, server);
  }

  await changeAll(cluster, there, 'v2');
  await until25(there);
  const before = await clocks(server);
  const beforeMs = performance.now();
  await measure(`${there} with a release each`, server);
  const tookMs = performance.now() - beforeMs;
  const after = await clocks(server);
  // The stage clock adds up the gaps between passes: what it lacks is the time since the last pass.
  const lags = [...after].map(([id, ms]) => tookMs - (ms - (before.get(id) ?? 0)));

  printTable(`Server process, built, ${machine()}`, ['', 'RSS', 'peak', 'of a core', 'connections'], rows);
  console.log(
    `from the start until all ${there} were looked at: median ${medianOf(startedMs).toFixed(0)} ms (n = ${startedMs.length})`,
  );
  console.log(
    `time since the last pass: median ${medianOf(lags).toFixed(0)} ms, longest ${Math.max(...lags).toFixed(0)} ms (n = ${lags.length})`,
  );

  /** What the next start says anew, it has looked at. */
  async function forgetStatus(count: number): Promise<void> {
    await each(count, async at => {
      const path = `${pipelinesPath(cluster.namespace)}/${nameOf(at)}`;
      const { status = {} } = await cluster.api.call<KubeObject>('GET', path);
      const gone = Object.fromEntries(Object.keys(status).map(key => [key, null]));
      await cluster.api.patch(`${path}/status`, 'merge', { status: gone });
    });
  }

  /** Why pipelines do not go on, and how many. */
  async function reasons(): Promise<Record<string, number>> {
    const { items } = await cluster.api.call('GET', pipelinesPath(cluster.namespace));
    const counts: Record<string, number> = {};
    for (const { status } of items as KubeObject[]) {
      const conditions: { type: string; message: string }[] = status?.conditions ?? [];
      const said = conditions.find(({ type }) => type === 'Progressing')?.message ?? 'nothing';
      const key = said.replaceAll(/web-[0-9]+/g, 'web-N').replaceAll(/[0-9a-f]{10,}/g, 'HASH');
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  /** All routes give the candidate its share: only then does the clock of a stage go. */
  async function until25(count: number): Promise<void> {
    await untilPhase(cluster, count, 'rollingOut', 400_000);
    const raised = async () => {
      const routes = await cluster.list('gateway.networking.k8s.io/v1', 'httproutes');
      return routes.filter(({ spec }) => spec.rules[0].backendRefs[1]?.weight === 25).length;
    };
    await until(`${count} candidates get traffic`, async () => (await raised()) >= count, {
      withinMs: 120_000,
      everyMs: 1_000,
      instead: () => reasons(),
    });
  }
} finally {
  await room.end();
}

/** Milliseconds in the stage, by release. */
async function clocks(server: BuiltServer): Promise<Map<string, number>> {
  const page = await server.call<{ releases: { id: string; stageClock?: { elapsedMs: number } }[] }>(
    'GET',
    '/api/v1/releases?active=true&limit=1000',
  );
  return new Map(page.releases.map(({ id, stageClock }) => [id, stageClock?.elapsedMs ?? 0]));
}
