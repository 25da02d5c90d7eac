/**
 * How fast a workload is taken back, at 25 % and under steady traffic, from the decision to the last answer of the candidate at
 * the data plane; in turns with the bare floor, which is one PATCH of a route through the same gateway. Then how soon a candidate
 * that begins to fail half of its requests is found. Goal: p99 of decision → HTTPRoute written at most 100 ms.
 *
 *   npm run build && npm run cluster -- node bench/cluster/rollback.ts [rollbacks] [failures] [perSecond]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { openCluster } from '../../test/cluster/support/cluster.ts';
import { install } from '../../test/cluster/support/installation.ts';
import { type Answered, broken, steadyTraffic } from '../../test/cluster/support/steady-traffic.ts';
import { untilServed } from '../../test/cluster/support/traffic.ts';
import { backendRefs, PORT, route, untilRolledOut, workload } from '../../test/cluster/support/workloads.ts';
import { openRoom } from '../../test/support/room.ts';
import { until } from '../../test/support/until.ts';
import { startBuilt } from './built-server.ts';
import { machine, medianOf, printTable, SPREAD, spread } from './figures.ts';
import { PEERS } from './peers.ts';
import { watchRoutes } from './route-eye.ts';
import { openStage, type Stage, turnstile } from './stages.ts';

const rollbacks = Number(process.argv[2] ?? 50);
const failures = Number(process.argv[3] ?? 12);
const perSecond = Number(process.argv[4] ?? 100);
const SIDE_BY_SIDE = 4;
const FAILING_PER_SECOND = 200;
/** So long without an answer of the candidate is the end; the slowest change of the gateway ever met was 0.3 s. */
const SILENT_MS = 1_500;
const SPLIT = { steady: 75, other: 25 };

if (!process.env['SPILLWAY_CLUSTER'])
  throw new Error('run it inside: npm run cluster -- node bench/cluster/rollback.ts');

interface Release {
  phase: string;
  rollback?: { at: string; reason: string; clocks?: { decisionToWriteMs: number } };
}

const taken = {
  decisionToWrite: [] as number[],
  askedToSeen: [] as number[],
  askedToAccepted: [] as number[],
  askedToLast: [] as number[],
};
const floor = { patch: [] as number[], accepted: [] as number[], last: [] as number[] };
const found = { decision: [] as number[], weight: [] as number[], last: [] as number[] };

const room = openRoom();
try {
  const cluster = await openCluster(room);
  const { kubeconfig } = await install(room, cluster);
  const server = await startBuilt(room, { kubeconfig, namespace: cluster.namespace });
  const eye = watchRoutes(cluster);
  room.atEnd(() => eye.close());
  const floorHost = await serveFloor();
  const stages = await Promise.all(Array.from({ length: SIDE_BY_SIDE }, (_, at) => openStage(cluster, `web-${at}`)));
  const alone = turnstile();

  let left = rollbacks;
  await Promise.all(
    stages.map(async stage => {
      while (left-- > 0) {
        const raised = await stage.raise();
        await alone(async () => {
          await measureRollback(stage, raised);
          await measureFloor();
        });
      }
    }),
  );
  let toFail = failures;
  await Promise.all(
    stages.map(async stage => {
      while (toFail-- > 0) {
        const raised = await stage.raise();
        await alone(() => measureFailing(stage, raised));
      }
    }),
  );
  report();

  async function serveFloor(): Promise<string> {
    const host = `floor.${cluster.namespace}.example`;
    for (const name of ['steady', 'other'])
      await cluster.apply(...workload(cluster.namespace, { name, version: name }));
    await cluster.apply(route(cluster.namespace, 'floor', { host, weights: SPLIT }));
    for (const name of ['steady', 'other']) await untilRolledOut(cluster, name);
    await untilServed(host, SPLIT);
    return host;
  }

  async function measureRollback(stage: Stage, { version, release }: { version: string; release: string }) {
    const traffic = steadyTraffic(stage.host, perSecond);
    await sleep(SILENT_MS);
    const askedMs = performance.now();
    const answer = server.call('POST', `/api/v1/releases/${release}/rollback`, { reason: 'the benchmark asks' }).then(
      () => true,
      () => false,
    );
    const last = await lastOf(traffic, version, askedMs);
    if (!(await answer)) {
      await traffic.stop();
      return tellEarly(release);
    }
    const isBack = (weights: Readonly<Record<string, number>>) => (weights[stage.candidateService] ?? 0) === 0;
    const seen = await until('weight 0 was seen', () => eye.first(stage.name, askedMs, sight => isBack(sight.weights)));
    const accepted = await until('and accepted', () =>
      eye.first(stage.name, askedMs, sight => isBack(sight.weights) && sight.isAccepted),
    );
    const clocks = await until('the clocks of the rollback', async () => (await releaseOf(release)).rollback?.clocks);
    noneBroken('rollback', await traffic.stop(), askedMs);
    taken.decisionToWrite.push(clocks.decisionToWriteMs);
    taken.askedToSeen.push(seen.atMs - askedMs);
    taken.askedToAccepted.push(accepted.atMs - askedMs);
    taken.askedToLast.push(Math.max(0, last - askedMs));
  }

  async function measureFloor() {
    await setFloor(SPLIT);
    await untilServed(floorHost, SPLIT);
    const traffic = steadyTraffic(floorHost, perSecond);
    await sleep(SILENT_MS);
    const sentMs = performance.now();
    await setFloor({ steady: 100, other: 0 });
    floor.patch.push(performance.now() - sentMs);
    const last = await lastOf(traffic, 'other', sentMs);
    const accepted = await until('the floor is accepted', () =>
      eye.first('floor', sentMs, sight => sight.weights['other'] === 0 && sight.isAccepted),
    );
    noneBroken('floor', await traffic.stop(), sentMs);
    floor.accepted.push(accepted.atMs - sentMs);
    floor.last.push(Math.max(0, last - sentMs));
  }

  async function measureFailing(stage: Stage, { version, release }: { version: string; release: string }) {
    const traffic = steadyTraffic(stage.host, FAILING_PER_SECOND);
    await sleep(5_000);
    const t0 = performance.now();
    for (const { status } of await candidatePods(stage.name))
      await (await request(`http://${status.podIP}:${PORT}/become/failing`, { method: 'POST' })).body.dump();
    const isBad = (one: { version: string | undefined; status: number }) =>
      one.version === version && one.status === 500;
    const first = await until('a bad answer', () => traffic.since(t0).find(isBad), { everyMs: 5 });
    const back = await until('weight 0', () =>
      eye.first(stage.name, t0, ({ weights }) => (weights[stage.candidateService] ?? 0) === 0),
    );
    await lastOf(traffic, version, back.atMs);
    const { rollback } = await until('the record', async () => {
      const one = await releaseOf(release);
      return one.rollback && one;
    });
    const answers = await traffic.stop();
    noneBroken('failing', answers, back.atMs);
    const lastBad = Math.max(...answers.filter(isBad).map(({ endedMs }) => endedMs));
    found.decision.push(Date.parse(rollback!.at) - performance.timeOrigin - first.endedMs);
    found.weight.push(back.atMs - first.endedMs);
    found.last.push(lastBad - first.endedMs);
  }

  /** When the candidate answered last; returns when it has been silent for long enough. */
  async function lastOf(traffic: ReturnType<typeof steadyTraffic>, version: string, fromMs: number): Promise<number> {
    for (;;) {
      const last = traffic.answers.findLast(one => one.version === version)?.endedMs ?? 0;
      if (performance.now() - Math.max(fromMs, last) >= SILENT_MS) return last;
      await sleep(20);
    }
  }

  /** It was taken back before it was asked for: no figure, and said. */
  async function tellEarly(id: string): Promise<void> {
    const { phase, rollback } = await releaseOf(id);
    console.log(`not counted: ${id} was ${phase} already: ${rollback?.reason}`);
  }

  async function candidatePods(name: string) {
    const pods = await cluster.list('v1', 'pods');
    return pods.filter(({ metadata }) => metadata.name.startsWith(`${name}-candidate-`));
  }

  async function setFloor(weights: Record<string, number>): Promise<void> {
    const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${cluster.namespace}/httproutes/floor`;
    await cluster.api.patch(path, 'json', [
      { op: 'replace', path: '/spec/rules/0/backendRefs', value: backendRefs(weights) },
    ]);
  }

  function releaseOf(id: string): Promise<Release> {
    return server.call('GET', `/api/v1/releases/${id}`);
  }
} finally {
  await room.end();
}

/** Said with when they were sent: milliseconds after the rollback. */
function noneBroken(during: string, answers: readonly Answered[], fromMs: number): void {
  const bad = broken(answers);
  if (bad.length === 0) return;
  const each = bad.slice(0, 5).map(({ sentMs, status }) => `${status} at ${(sentMs - fromMs).toFixed(0)} ms`);
  console.log(`${during}: ${bad.length} of ${answers.length} requests were answered by no app: ${each.join(', ')}`);
}

function report(): void {
  printTable(`Rollback by hand at 25 %, ${perSecond} requests/s, ${machine()}`, SPREAD, [
    spread('decision → HTTPRoute written (the server’s clock)', taken.decisionToWrite),
    spread('asked over HTTP → weight 0 seen by a watch', taken.askedToSeen),
    spread('asked over HTTP → accepted by the gateway', taken.askedToAccepted),
    spread('asked over HTTP → last candidate answer', taken.askedToLast),
    spread('floor: PATCH sent → answered', floor.patch),
    spread('floor: PATCH sent → accepted by the gateway', floor.accepted),
    spread('floor: PATCH sent → last candidate answer', floor.last),
  ]);
  const ratio = (a: number[], b: number[]) => (medianOf(a) / medianOf(b)).toFixed(2);
  console.log(
    `ratio of medians to the floor: written ${ratio(taken.decisionToWrite, floor.patch)}, accepted ${ratio(taken.askedToAccepted, floor.accepted)}, last answer ${ratio(taken.askedToLast, floor.last)}`,
  );
  printTable(`The candidate begins to fail half of its requests (25 %, ${FAILING_PER_SECOND}/s, scrape 1 s)`, SPREAD, [
    spread('first bad answer → decision', found.decision, { digits: 0 }),
    spread('first bad answer → weight 0 seen', found.weight, { digits: 0 }),
    spread('first bad answer → last bad answer', found.last, { digits: 0 }),
  ]);
  printTable('Peers, not of this run', ['', 'last candidate answer after', 'n', 'source'], PEERS);
}
