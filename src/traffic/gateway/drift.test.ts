import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../clock.ts';
import { type ApiServer, apiServer } from '../../kube/api-server.test-support.ts';
import type { Drift } from './drift.ts';
import { EPOCH } from './object.ts';
import type { WeightOrder } from './patch.ts';
import { type RouteFeed, routeFeed } from './route-feed.ts';
import { type GatewayRouter, gatewayRouter } from './router.ts';
import { order, rollback, routeWith, split } from './routes.test-support.ts';

const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/web';
let api: ApiServer;
let stop: AbortController;
let watching: Promise<void>;
let feed: RouteFeed;
let router: GatewayRouter;
let wanted: WeightOrder;
let mayRaise: () => Promise<boolean>;
const drifts: Drift[] = [];
const candidate = () => api.objects.get(path)!.spec!.rules![0]!.backendRefs![1]!.weight;

/** As GitOps does it: the weights of Git, annotations of others kept. */
function reset(weight: number, annotations = api.objects.get(path)?.metadata.annotations): void {
  const route = routeWith([split(100 - weight, weight)], annotations);
  const fieldsV1 = { 'f:spec': { 'f:rules': {} } };
  route.metadata.managedFields = [{ manager: 'argocd-controller', time: '2026-01-01T00:00:00Z', fieldsV1 }];
  api.put(path, route);
}

async function begin(first: WeightOrder): Promise<void> {
  wanted = first;
  await router.write(first);
  watching = router.watch(
    { wanted: () => wanted, mayRaise: () => mayRaise(), onDrift: drift => void drifts.push(drift) },
    stop.signal,
  );
  await until('it watches', () => api.watchers.length === 2);
}

beforeEach(async () => {
  api = await apiServer();
  stop = new AbortController();
  drifts.length = 0;
  mayRaise = async () => true;
  reset(0);
  const time = { clock: systemClock, random: () => 0.5 };
  feed = routeFeed({ client: api.client, namespace: 'shop' }, time, stop.signal);
  await feed.synced;
  router = gatewayRouter({
    client: api.client,
    follow: feed.follow,
    routes: [{ namespace: 'shop', name: 'web', kind: 'HTTPRoute' }],
    baseline: { name: 'stable' },
    candidate: { name: 'canary' },
    ...time,
  });
});
afterEach(async () => {
  stop.abort();
  await watching;
  await feed.ended;
  await api.close();
});

test('a weight that somebody resets is put back, and who did it is said', async () => {
  await begin(order(40));
  reset(0);
  await until('it is put back', () => candidate() === 40);
  await until('it is said', () => drifts.length === 1);
  expect(drifts[0]).toMatchObject({ is: 'repaired', who: 'argocd-controller', seen: 0, wanted: 40 });
  expect(router.repairs()).toBe(1);
});

test('a raise is not put back without the word of the store', async () => {
  mayRaise = () => Promise.reject(new Error('the store is down'));
  await begin(order(40));
  reset(0);
  await until('it is said', () => drifts.length === 1);
  expect(drifts[0]).toMatchObject({ is: 'left', seen: 0, wanted: 40 });
  expect(candidate()).toBe(0);
});

test('a rollback is put back without asking, at most once a second', async () => {
  mayRaise = () => Promise.reject(new Error('must not be asked'));
  await begin(order(40));
  wanted = rollback(6);
  await router.write(wanted);
  const startedMs = performance.now();
  for (let round = 1; round <= 3; round++) {
    reset(40);
    await until('the rollback is back', () => candidate() === 0);
    await until('it is counted', () => router.repairs() === round);
  }
  expect(performance.now() - startedMs).toBeGreaterThan(1_990);
});

test('a newer epoch is no drift', async () => {
  await begin(order(40));
  const patches = api.calls.length;
  reset(70, { [EPOCH]: '9' });
  await until('it is said', () => drifts.length === 1);
  expect(drifts[0]).toMatchObject({ is: 'overtaken', seen: 70 });
  expect([candidate(), api.calls.length]).toEqual([70, patches]);
});

test('a status write of a gateway is no drift', async () => {
  await begin(order(40));
  for (let n = 0; n < 5; n++) api.put(path, api.objects.get(path)!);
  reset(0);
  await until('the real one is put back', () => candidate() === 40);
  expect(router.repairs()).toBeLessThanOrEqual(1);
});
