/** Weights of an HTTPRoute, held to what the data plane really does; and its counters in Prometheus. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import { PROMETHEUS } from './plane/addresses.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { send, untilServed } from './support/traffic.ts';
import { backendRefs, route, untilRolledOut, type Weights, workload } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
let host: string;
const REQUESTS = 2_000;

beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  const { namespace } = cluster;
  host = `${namespace}.example`;
  const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' };
  for (const name of ['stable', 'candidate'])
    await cluster.apply(...workload(namespace, { name, version: name, annotations }));
  await cluster.apply(route(namespace, 'web', { host, weights: { stable: 80, candidate: 20 } }));
  for (const name of ['stable', 'candidate']) await untilRolledOut(cluster, name);
  await untilServed(host, { stable: 80, candidate: 20 });
});
afterAll(() => room.end());

async function setWeights(weights: Weights): Promise<void> {
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${cluster.namespace}/httproutes/web`;
  const operations = [{ op: 'replace', path: '/spec/rules/0/backendRefs', value: backendRefs(weights) }];
  await cluster.api.patch(path, 'json', operations);
}

async function query(expression: string): Promise<number> {
  const answer = await fetch(`${PROMETHEUS}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? Number.NaN);
}

test('requests are split as the weights say', async () => {
  const { byVersion, failed } = await send(host, REQUESTS);
  expect(failed).toBe(0);
  expect(Math.abs(byVersion['candidate']! / REQUESTS - 0.2)).toBeLessThan(0.05);
});

test('a changed weight is obeyed without a failed request, and zero means none', async () => {
  await setWeights({ stable: 40, candidate: 60 });
  await until('the split has moved', async () => {
    const { byVersion } = await send(host, 200);
    return (byVersion['candidate'] ?? 0) > 90;
  });
  const half = await send(host, REQUESTS);
  expect(half.failed).toBe(0);
  expect(Math.abs(half.byVersion['candidate']! / REQUESTS - 0.6)).toBeLessThan(0.05);

  await setWeights({ stable: 100, candidate: 0 });
  await untilServed(host, { stable: 100 });
  expect(await send(host, REQUESTS)).toEqual({ byVersion: { stable: REQUESTS }, failed: 0 });
});

test("Prometheus has the gateway's counters and those of annotated pods", async () => {
  const { namespace } = cluster;
  await send(host, 100);
  const ofGateway = `sum(traefik_service_requests_total{service=~"${namespace}-.*",code="200"})`;
  await until('the gateway is counted', async () => (await query(ofGateway)) >= 100);
  const ofPods = `sum(app_requests_total{namespace="${namespace}",app="stable"})`;
  await until('the pods are counted', async () => (await query(ofPods)) >= 100);
});
