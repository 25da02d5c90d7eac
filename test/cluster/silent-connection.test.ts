/**
 * A connection to the API server that is silently dead, as after a load balancer has forgotten it: nothing refuses, nothing
 * answers. New connections work.
 */
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { accessOfKubeconfig } from '../../src/kube/access.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { gatewayRouter } from '../../src/traffic/gateway/router.ts';
import { openRoom, type Room } from '../support/room.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { route } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;

beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  const host = `${cluster.namespace}.example`;
  await cluster.apply(route(cluster.namespace, 'web', { host, weights: { stable: 75, candidate: 25 } }));
});
afterAll(() => room.end());

/** In front of the API server; `silence` keeps what is open open, and lets nothing through any more. */
async function relay(server: string) {
  const { hostname, port } = new URL(server);
  const pairs: [Socket, Socket][] = [];
  const listener = createServer(near => {
    const far = connect(Number(port), hostname);
    pairs.push([near, far]);
    near.pipe(far).pipe(near);
    for (const one of [near, far]) one.on('error', () => undefined);
  });
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
  room.atEnd(() => {
    for (const one of pairs.flat()) one.destroy();
    listener.close();
  });
  return {
    url: `https://127.0.0.1:${(listener.address() as { port: number }).port}`,
    opened: () => pairs.length,
    silence() {
      for (const [near, far] of pairs) {
        near.unpipe().pause();
        far.unpipe().pause();
      }
    },
  };
}

test('a rollback is written by a new connection, within its deadline', async () => {
  const access = accessOfKubeconfig([process.env['KUBECONFIG']!]);
  const wire = await relay(access.server);
  const client = kubeClient({ ...access, server: wire.url });
  room.atEnd(() => client.close());
  const router = gatewayRouter({
    client,
    routes: [{ kind: 'HTTPRoute', namespace: cluster.namespace, name: 'web' }],
    baseline: { name: 'stable' },
    candidate: { name: 'candidate' },
    clock: systemClock,
    random: Math.random,
  });
  const order = { releaseId: 'rel_1', weight: 25, epoch: 1, rolledBack: null };
  // As a server is busy with several pipelines: more than one connection may be in use, and is about to be silent.
  await Promise.all([1, 2, 3].map(() => router.read()));
  expect(await router.write(order)).toMatchObject([{ atMs: expect.any(Number) }]);
  wire.silence();
  const sentMs = performance.now();
  const [outcome] = await router.write({ ...order, weight: 0, epoch: 2, rolledBack: 'rel_1@2' }, 15_000);
  expect(outcome).toMatchObject({ atMs: expect.any(Number) });
  expect(performance.now() - sentMs).toBeLessThan(12_000);
  const found = await cluster.get('gateway.networking.k8s.io/v1', 'httproutes/web');
  expect(found['spec'].rules[0].backendRefs[1].weight).toBe(0);
});
