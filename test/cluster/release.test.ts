/**
 * Whole releases of a workload on a real cluster, from the write that a person makes to the end in which nothing is left: the
 * server under the chart's rights, users at the gateway all the while.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { run, type ServerProcess } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { type Installation, install } from './support/installation.ts';
import { conditionOf, pipeline, setTemplate, untilPipeline } from './support/pipelines.ts';
import { releaseOf } from './support/scene.ts';
import { broken, type SteadyTraffic, shareOf, steadyTraffic } from './support/steady-traffic.ts';
import { untilServed } from './support/traffic.ts';
import { route, untilRolledOut, workload } from './support/workloads.ts';

const PER_SECOND = 200;
let room: Room;
let cluster: Cluster;
let spillway: Installation;
let server: ServerProcess;
let host: string;
let traffic: SteadyTraffic | undefined;
let version = 1;

beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  spillway = await install(room, cluster);
  host = `${cluster.namespace}.example`;
  const labels = { 'spillway.dev/gate': 'web' };
  await cluster.apply(...workload(cluster.namespace, { name: 'web', version: 'v1', replicas: 4, labels }));
  await cluster.apply(route(cluster.namespace, 'web', { host, weights: { web: 1 } }));
  await untilRolledOut(cluster, 'web');
  await untilServed(host, { v1: 1 });
  server = await spillway.start();
  await cluster.apply(pipeline(cluster.namespace, 'web', { stage: { hold: '8s' } }));
  await untilPipeline(cluster, 'web', ({ phase }) => phase === 'serving');
});
afterAll(() => room.end());

beforeEach(() => {
  traffic = steadyTraffic(host, PER_SECOND);
});
afterEach(async () => {
  await traffic?.stop();
});

const deployments = async () => (await cluster.list('apps/v1', 'deployments')).map(({ metadata }) => metadata.name);
const routeSpec = async () => (await cluster.get('gateway.networking.k8s.io/v1', 'httproutes/web'))['spec'];
const weights = async () =>
  (await routeSpec()).rules[0].backendRefs.map(({ name, weight }: { name: string; weight: number }) => [name, weight]);

/** Changes the image, and waits until a release of it is on its way. */
async function change(env: Record<string, string> = {}): Promise<string> {
  version += 1;
  await setTemplate(cluster, 'web', { version: `v${version}`, env });
  await untilPipeline(cluster, 'web', ({ stage }) => stage !== undefined);
  return `v${version}`;
}

describe('a good version', () => {
  test('goes 10, 25, 50, 100 %, is promoted into the user’s own Deployment, and leaves nothing behind', async () => {
    const before = { spec: await routeSpec(), deployments: await deployments() };
    const name = await change();
    expect(await deployments()).toContainEqual(expect.stringMatching(/^web-candidate-[0-9a-f]{10}$/));
    const shares: Record<string, number> = {};
    for (const [stage, weight] of [
      ['1/4', 10],
      ['2/4', 25],
      ['3/4', 50],
    ] as const) {
      await untilPipeline(cluster, 'web', status => status.stage === stage);
      await until(`the route gives ${weight} %`, async () => (await weights())[1]?.[1] === weight);
      // The data plane follows the object by some tenths of a second, more where the machine is busy.
      const fromMs = performance.now() + 1_000;
      await until('a thousand have been answered', () => traffic!.since(fromMs).length >= 1_000);
      shares[stage] = shareOf(name, traffic!.since(fromMs));
    }
    for (const [stage, weight] of Object.entries({ '1/4': 10, '2/4': 25, '3/4': 50 }))
      expect(Math.abs(shares[stage]! - weight), `${stage}: ${shares[stage]} %`).toBeLessThan(5);
    const done = await untilPipeline(cluster, 'web', ({ phase }) => phase === 'serving', 90_000);
    expect(conditionOf(done['status'], 'Ready')).toMatchObject({ status: 'True', reason: 'Serving' });
    await until('nothing is left', async () => (await deployments()).join() === before.deployments.join());
    expect(await routeSpec()).toEqual(before.spec);
    await untilServed(host, { [name]: 1 });
    expect(broken(traffic!.answers)).toEqual([]);
    expect(traffic!.answers.filter(({ status }) => status !== 200)).toEqual([]);
  });
});

describe('a version that fails half of its requests', () => {
  test('is at weight 0 within seconds, its Deployment is as it was, and the digest does not start again', async () => {
    const before = { spec: await routeSpec(), deployments: await deployments() };
    await cluster.api.patch(`/apis/spillway.dev/v1alpha1/namespaces/${cluster.namespace}/pipelines/web`, 'merge', {
      spec: { rollout: { stages: [{ weight: 25 }, { weight: 100 }] } },
    });
    const name = await change({ FAIL_SHARE: '0.5' });
    const first = await until('the first bad answer', () =>
      traffic!.answers.find(({ status, version }) => version === name && status === 500),
    );
    await until('weight 0', async () => (await weights())[1]?.[1] !== 25, { everyMs: 50 });
    const tookMs = performance.now() - first.endedMs;
    expect(tookMs, 'from the first bad answer to weight 0').toBeLessThan(5_000);
    const status = (await untilPipeline(cluster, 'web', ({ phase }) => phase === 'serving'))['status'];
    // S19: of several metrics one fails, and that is enough.
    const { rollback, verdict } = await releaseOf({ server }, status.release);
    expect(rollback.trigger).toMatch(/^(errorRate|performance)$/);
    expect([verdict.kind, verdict.metrics.length], 'of as many').toEqual(['fail', 2]);
    expect(verdict.reason).toMatch(/error/);
    await until('nothing is left', async () => (await deployments()).join() === before.deployments.join());
    expect(await routeSpec()).toEqual(before.spec);
    expect(broken(traffic!.answers)).toEqual([]);
    const { stdout } = await run(room, ['history', '--server', server.url]);
    expect(stdout).toMatch(/rollback.*errors/);
  });
});
