/**
 * Many pipelines in one cluster, as small as a machine of two cores carries them: each has its Deployment of one pod that only
 * sleeps, its Service, its route and its document. And objects of others, which nobody here releases.
 */

import type { KubeObject } from '../../test/cluster/client/objects.ts';
import type { Cluster } from '../../test/cluster/support/cluster.ts';
import { pipeline } from '../../test/cluster/support/pipelines.ts';
import { route } from '../../test/cluster/support/workloads.ts';
import { until } from '../../test/support/until.ts';

const IMAGE = 'sleeper';
const AT_ONCE = 16;

export const nameOf = (at: number) => `web-${at}`;

/** Calls in parallel, but not all at once. */
export async function each(count: number, work: (at: number) => Promise<unknown>, from = 0): Promise<void> {
  let next = from;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

/** Those from `from` on, up to `count`; returns when all pods run. */
export async function addPipelines(cluster: Cluster, from: number, count: number): Promise<void> {
  await cluster.setImage(IMAGE, ['sleep', 'infinity']);
  await each(count, at => cluster.apply(...workloadOf(cluster.namespace, nameOf(at))), from);
  await until(
    `${count} Deployments are available`,
    async () => {
      const all = await cluster.list('apps/v1', 'deployments');
      const ready = all.filter(
        ({ status, metadata }) => metadata.name.startsWith('web-') && status?.availableReplicas === 1,
      );
      return ready.length >= count;
    },
    { withinMs: 240_000, everyMs: 500 },
  );
  await each(count, at => cluster.apply(documentOf(cluster.namespace, nameOf(at))), from);
}

/** A release of all of them that stays in its first stage. */
export async function changeAll(cluster: Cluster, count: number, version: string): Promise<void> {
  await each(count, at =>
    cluster.api.patch(`/apis/apps/v1/namespaces/${cluster.namespace}/deployments/${nameOf(at)}`, 'strategic', {
      spec: { template: { spec: { containers: [{ name: 'app', image: `${IMAGE}:${version}` }] } } },
    }),
  );
}

export async function phases(cluster: Cluster): Promise<Map<string, number>> {
  const { items } = await cluster.api.call('GET', pipelinesPath(cluster.namespace));
  const counts = new Map<string, number>();
  for (const { status } of items as KubeObject[]) {
    const phase = status?.phase ?? 'none';
    counts.set(phase, (counts.get(phase) ?? 0) + 1);
  }
  return counts;
}

export async function untilPhase(cluster: Cluster, count: number, phase: string, withinMs = 300_000): Promise<void> {
  const show = async () => JSON.stringify([...(await phases(cluster))]);
  await until(`${count} pipelines are ${phase}`, async () => ((await phases(cluster)).get(phase) ?? 0) >= count, {
    withinMs,
    everyMs: 500,
    instead: show,
  });
}

export const pipelinesPath = (namespace: string) => `/apis/spillway.dev/v1alpha1/namespaces/${namespace}/pipelines`;

/** Deployments with the fields that charts write, Services and slices of three addresses: none of them is anybody's pipeline. */
export async function addForeign(cluster: Cluster, count: number): Promise<string> {
  const namespace = `${cluster.namespace}-foreign`;
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await each(count, at => cluster.apply(...foreign(namespace, `other-${at}`, at)));
  return namespace;
}

function workloadOf(namespace: string, name: string): KubeObject[] {
  const labels = { app: name };
  const container = { name: 'app', image: `${IMAGE}:v1`, ports: [{ name: 'http', containerPort: 8080 }] };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, labels: { 'spillway.dev/gate': name } },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    route(namespace, name, { host: `${name}.${namespace}.example`, weights: { [name]: 1 } }),
  ];
}

/** Nobody sends requests here: the stage is held, and looked at every second all the same. */
function documentOf(namespace: string, name: string): KubeObject {
  return pipeline(namespace, name, {
    stages: [{ weight: 25 }, { weight: 100 }],
    stage: { hold: '2h', timeout: '4h' },
    prometheus: { silentAfter: '1h' },
  });
}

function foreign(namespace: string, name: string, at: number): KubeObject[] {
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': name, team: `team-${at % 20}` };
  const env = Array.from({ length: 15 }, (_, i) => ({ name: `SETTING_${i}`, value: `value-${at}-${i}` }));
  const probe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 10 };
  const container = {
    name: 'app',
    image: `registry.example/${name}:v1.2.3`,
    ports: [{ name: 'http', containerPort: 8080 }],
    env,
    readinessProbe: probe,
    livenessProbe: probe,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  };
  const address = (i: number) => `10.244.${200 + (at % 50)}.${1 + ((Math.floor(at / 50) * 3 + i) % 250)}`;
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, labels },
      // Paused: the control plane need not make anything of it.
      spec: {
        paused: true,
        replicas: 3,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name, ...labels } }, spec: { containers: [container] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, labels },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-abcde`, namespace, labels: { ...labels, 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [0, 1, 2].map(i => ({
        addresses: [address(i)],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${i}`,
        targetRef: {
          kind: 'Pod',
          namespace,
          name: `${name}-${i}`,
          uid: `00000000-0000-4000-8000-${String(at * 10 + i).padStart(12, '0')}`,
        },
      })),
    } as KubeObject,
  ];
}
