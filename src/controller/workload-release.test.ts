/** The engine on the router of workloads, as far as no pods are needed: passes, routes on an API server, crashes between. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type ApiServer, apiServer } from '../kube/api-server.test-support.ts';
import { fail } from '../rollout/release.test-support.ts';
import { ATTACHED, EPOCH, TOMBSTONE } from '../traffic/gateway/object.ts';
import { ref, routeWith } from '../traffic/gateway/routes.test-support.ts';
import { splitRouter } from '../traffic/split-router.ts';
import { type Place, type WorkloadRouter, workloadRouter } from '../traffic/workload-router.ts';
import { type Bench, exposed, openBench, promptOf } from './world.test-support.ts';

const ARTIFACT = 'shop.web';
const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/web';
const place: Place = {
  routes: [{ namespace: 'shop', name: 'web', kind: 'HTTPRoute' }],
  baseline: { name: 'stable', port: 80 },
  candidate: { name: 'canary', port: 80 },
};
let api: ApiServer;
let bench: Bench;
let workloads: WorkloadRouter;
let isPlaced: boolean;

beforeEach(async () => {
  api = await apiServer();
  api.put(path, routeWith([{ backendRefs: [ref('stable', 7)] }]));
  isPlaced = true;
  bench = await openBench({
    artifact: ARTIFACT,
    async wrapRouter(registry, store, manual) {
      await workloads?.close();
      // Time is the test's; pauses between calls of the API server pass by themselves.
      const clock: Clock = { ...manual, sleep: systemClock.sleep };
      const log = { warn: () => undefined };
      workloads = workloadRouter({ store, client: api.client, clock, random: () => 0.5, log });
      await workloads.load();
      if (isPlaced) workloads.place(ARTIFACT, place);
      return splitRouter(registry, workloads);
    },
  });
});
afterEach(async () => {
  await bench.close();
  await workloads.close();
  await api.close();
});

const object = () => api.objects.get(path)!;
const weights = () => object().spec!.rules![0]!.backendRefs!.map(({ weight }) => weight);
const release = async (id: string) => (await bench.controller.release(id))!;

async function passAfter(ms: number): Promise<void> {
  bench.clock.advance(ms);
  await bench.controller.passAll();
}

test('a release reaches the route stage by stage, and ends with its version serving', async () => {
  const { id } = await exposed(bench, 1);
  expect(weights()).toEqual([75, 25]);
  expect(object().metadata.annotations).toHaveProperty([ATTACHED]);
  await bench.drive(async () => (await release(id)).phase === 'succeeded');
  expect(weights(), 'of a managed workload the route goes back to its own Service').toEqual([100, 0]);
  expect(await bench.store.getRoute(ARTIFACT)).toMatchObject({ weight: 0, candidate: null });
});

test('a failing candidate is taken back with both clocks, and the next release begins above its epoch', async () => {
  const { id } = await exposed(bench, 2);
  bench.verdict = fail;
  await passAfter(1_000);
  expect(weights()).toEqual([100, 0]);
  const ended = await release(id);
  expect(ended).toMatchObject({ phase: 'rolledBack', rollback: { withinSla: true } });
  expect(ended.rollback?.clocks).toEqual({ decisionToWriteMs: 0, writeToAcceptedMs: 0 });
  expect(object().metadata.annotations![TOMBSTONE]).toBe(`${id}@${ended.epoch}`);
  bench.verdict = { kind: 'pass', reason: 'no harm seen', metrics: [] };
  const next = await bench.controller.createRelease({ pipeline: 'support-bot', spec: promptOf('v3'), actor: 'ann' });
  await bench.drive(async () => (await release(next.id)).weight === 10 && weights()[1] === 10);
  expect(Number(object().metadata.annotations![EPOCH])).toBeGreaterThan(ended.epoch);
});

test('a stage whose weight the cluster does not take stands still, and goes on when it does', async () => {
  const { id } = await exposed(bench, 0);
  for (let n = 0; n < 100; n++) api.faults.push({ method: 'PATCH', fault: { status: 403 } });
  await bench.drive(async () => (await release(id)).stageIndex === 1);
  const before = (await release(id)).stageElapsedMs;
  await passAfter(5_000);
  await passAfter(5_000);
  expect([weights(), (await release(id)).stageIndex]).toEqual([[90, 10], 1]);
  expect((await release(id)).stageElapsedMs).toBe(before);
  api.faults.length = 0;
  await passAfter(5_000);
  expect(weights()).toEqual([75, 25]);
});

test('a tombstone that somebody left in the route is obeyed and recorded', async () => {
  const { id } = await exposed(bench, 1);
  await until('the route is watched', () => api.watchers[0]);
  const buried = structuredClone(object());
  Object.assign(buried.metadata.annotations!, { [EPOCH]: '90', [TOMBSTONE]: `${id}@90` });
  api.put(path, buried);
  await until('it is seen', async () => (await workloads.readRoute(ARTIFACT))?.rolledBack === `${id}@90`);
  await bench.drive(async () => (await release(id)).phase === 'rolledBack', 1_000);
  expect(weights()).toEqual([100, 0]);
  expect(await bench.store.getRoute(ARTIFACT)).toMatchObject({ rolledBack: `${id}@90`, weight: 0 });
});

test('a rollback that only the journal has is carried on after a crash, also before the cluster was looked at', async () => {
  const { id } = await exposed(bench, 2);
  for (let n = 0; n < 100; n++) api.faults.push({ method: 'PATCH', fault: { status: 403 } });
  bench.faults.fail('saveRelease', 'putRoute');
  bench.verdict = fail;
  await passAfter(1_000);
  expect([weights(), (await release(id)).phase]).toEqual([[50, 50], 'rollingBack']);
  isPlaced = false;
  await bench.crash();
  api.faults.length = 0;
  await passAfter(1_000);
  expect((await release(id)).phase, 'the start is not held up').toBe('rollingBack');
  workloads.place(ARTIFACT, place);
  await passAfter(1_000);
  expect([weights(), (await release(id)).phase]).toEqual([[100, 0], 'rolledBack']);
});
