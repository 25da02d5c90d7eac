/** The apiserver dies as in a power cut and comes back: whoever follows it must know the world again, and miss nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import { follow } from './client/follow.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { ask, untilServed } from './support/traffic.ts';
import { route, untilRolledOut, workload } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
});
afterAll(() => room.end());

test('controllers, the process kubelet, the gateway and followers carry on when the apiserver is back', async () => {
  const { namespace, api } = cluster;
  const host = `${namespace}.example`;
  const web = (replicas: number) => workload(namespace, { name: 'web', version: 'v1', replicas });
  await cluster.apply(...web(1), route(namespace, 'web', { host, weights: { web: 1 } }));
  await untilRolledOut(cluster, 'web');
  await untilServed(host, { v1: 1 });

  const stop = new AbortController();
  room.atEnd(() => stop.abort());
  const known = new Map<string, string>();
  const follower = {
    onSet: ({ metadata, ...rest }: { metadata: { name: string }; data?: { state?: string } }) =>
      void known.set(metadata.name, rest.data?.state ?? ''),
    onGone: ({ metadata }: { metadata: { name: string } }) => void known.delete(metadata.name),
  };
  void follow(api, `/api/v1/namespaces/${namespace}/configmaps`, follower, stop.signal);
  const configMap = (name: string, state: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data: { state },
  });
  await cluster.apply(configMap('changed', 'before'), configMap('removed', 'before'));
  await until('the follower knows them', () => known.get('removed') === 'before');

  await cluster.control('kube-apiserver', 'kill');
  await expect(api.call('GET', '/readyz')).rejects.toThrow();
  expect(await ask(host), 'the data plane serves without the apiserver').toBe('v1');
  await cluster.control('kube-apiserver', 'start');
  await until('the apiserver is back', () => api.call('GET', '/readyz'), { withinMs: 60_000 });

  await cluster.apply(configMap('changed', 'after'));
  await api.call('DELETE', `/api/v1/namespaces/${namespace}/configmaps/removed`);
  await until('the follower knows what is now', () => known.get('changed') === 'after' && !known.has('removed'));
  await cluster.apply(...web(3));
  await untilRolledOut(cluster, 'web');
  await cluster.apply(...workload(namespace, { name: 'next', version: 'v2' }));
  await untilRolledOut(cluster, 'next');
  await cluster.apply(route(namespace, 'web', { host, weights: { web: 0, next: 1 } }));
  await untilServed(host, { v2: 1 });
});
