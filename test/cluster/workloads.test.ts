/** Deployments, Jobs and pods on the process kubelet, as Kubernetes's own controllers drive them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import type { Pod } from './kubelet/pod.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { appContainer, isReady, PORT, pod, untilPod, untilRolledOut, workload } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
beforeEach(async () => {
  room = openRoom();
  cluster = await openCluster(room);
});
afterEach(() => room.end());

const pods = () => cluster.list('v1', 'pods') as Promise<Pod[]>;
const first = ({ status }: Pod) => status?.containerStatuses?.[0];
const shell = (script: string) => ({ name: 'c', image: 'any', command: ['sh', '-c', script] });
const become = (address: string, what: string) => fetch(`http://${address}:${PORT}/become/${what}`, { method: 'POST' });

test('a Deployment of three becomes available, each pod on an address of its own', async () => {
  await cluster.apply(...workload(cluster.namespace, { name: 'web', version: 'v1', replicas: 3 }));
  await untilRolledOut(cluster, 'web');
  const addresses = (await pods()).map(({ status }) => status!.podIP!);
  expect(new Set(addresses).size).toBe(3);
  for (const address of addresses)
    expect(await (await fetch(`http://${address}:${PORT}/`)).json()).toMatchObject({ version: 'v1' });
});

test('a rolling update replaces every pod and never goes below its number', async () => {
  await cluster.apply(...workload(cluster.namespace, { name: 'web', version: 'v1', replicas: 3 }));
  await untilRolledOut(cluster, 'web');
  const old = new Set((await pods()).map(({ metadata }) => metadata.uid));
  await cluster.apply(...workload(cluster.namespace, { name: 'web', version: 'v2', replicas: 3 }));
  let fewest = 3;
  const isReplaced = async () => {
    const { status } = await cluster.get('apps/v1', 'deployments/web');
    fewest = Math.min(fewest, status.availableReplicas ?? 0);
    const present = await pods();
    return present.length === 3 && present.every(({ metadata }) => !old.has(metadata.uid)) && present.every(isReady);
  };
  await until('only new pods are left, and ready', isReplaced, { withinMs: 60_000 });
  // 25 % of three may be away, rounded down: none.
  expect(fewest).toBe(3);
  for (const { spec } of await pods()) expect(spec.containers[0]!.image).toBe('app:v2');
});

describe('probes', () => {
  test('a pod that says it is not ready leaves the endpoints, and comes back', async () => {
    await cluster.apply(...workload(cluster.namespace, { name: 'web', version: 'v1' }));
    await untilRolledOut(cluster, 'web');
    const [{ metadata, status }] = (await pods()) as [Pod];
    const inEndpoints = async () => {
      const slices = await cluster.list('discovery.k8s.io/v1', 'endpointslices');
      return slices.some(({ endpoints }) =>
        endpoints?.some((one: { conditions: { ready: boolean } }) => one.conditions.ready),
      );
    };
    await until('it is in the endpoints', inEndpoints);
    await become(status!.podIP!, 'unready');
    await until('it has left the endpoints', async () => !(await inEndpoints()));
    await become(status!.podIP!, 'ready');
    await until('it is back', inEndpoints);
    expect(first(await untilPod(cluster, metadata.name, isReady))?.restartCount).toBe(0);
  });

  test('a pod that is no longer alive is started again', async () => {
    const livenessProbe = { httpGet: { path: '/alive', port: 'http' }, periodSeconds: 1, failureThreshold: 2 };
    const startupProbe = { tcpSocket: { port: 'http' }, periodSeconds: 1, failureThreshold: 30 };
    const containers = [appContainer('v1', { livenessProbe, startupProbe })];
    await cluster.apply(pod(cluster.namespace, 'web', { containers }));
    const { status } = await untilPod(cluster, 'web', isReady);
    await become(status!.podIP!, 'sick');
    const again = await untilPod(cluster, 'web', one => first(one)?.restartCount === 1 && isReady(one));
    expect(first(again)?.lastState.terminated).toMatchObject({ exitCode: 0 });
    expect(again.status!.podIP).toBe(status!.podIP);
  });

  test('a command in the container can be the probe', async () => {
    const readinessProbe = { exec: { command: ['test', '-e', '/mark/there'] }, periodSeconds: 1 };
    const container = {
      ...shell('sleep 1; touch /mark/there; exec sleep 1000'),
      readinessProbe,
      volumeMounts: [{ name: 'mark', mountPath: '/mark' }],
    };
    const spec = { containers: [container], volumes: [{ name: 'mark', emptyDir: {} }] };
    await cluster.apply(pod(cluster.namespace, 'marked', spec));
    await untilPod(cluster, 'marked', isReady);
  });
});

describe('ends', () => {
  test('a container that fails is started again with growing pauses', async () => {
    await cluster.apply(pod(cluster.namespace, 'failing', { containers: [shell('exit 3')] }));
    const looping = await untilPod(cluster, 'failing', one => {
      const state = first(one)?.state;
      return state && 'waiting' in state && state.waiting.reason === 'CrashLoopBackOff';
    });
    expect(first(looping)?.lastState.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  });

  test('a Job runs to its end', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [shell('echo done')] } };
    const metadata = { name: 'once', namespace: cluster.namespace };
    await cluster.apply({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template } });
    await until('it has succeeded', async () => (await cluster.get('batch/v1', 'jobs/once'))['status'].succeeded === 1);
    expect(await cluster.kubectl('logs', 'job/once')).toBe('done\n');
  });

  test('a pod is deleted when its process has had its grace', async () => {
    const container = shell("trap '' TERM; echo deaf; while :; do sleep 0.1; done");
    const spec = { terminationGracePeriodSeconds: 2, containers: [container] };
    await cluster.apply(pod(cluster.namespace, 'stubborn', spec));
    const isDeaf = async () => (await cluster.kubectl('logs', 'stubborn')) === 'deaf\n';
    await until('it has set its trap', isDeaf, { everyMs: 200 });
    const startedMs = performance.now();
    await cluster.kubectl('delete', 'pod', 'stubborn');
    expect(performance.now() - startedMs).toBeGreaterThan(1_900);
    expect(await pods()).toEqual([]);
  });

  test('an image that is missing is waited for', async () => {
    await cluster.apply(pod(cluster.namespace, 'lost', { containers: [{ name: 'c', image: 'missing/app:v1' }] }));
    const waiting = await untilPod(cluster, 'lost', one => {
      const state = first(one)?.state;
      return state && 'waiting' in state && state.waiting.reason === 'ImagePullBackOff';
    });
    expect(waiting.status!.phase).toBe('Pending');
  });
});

test('ConfigMaps, Secrets and the account reach a container as variables and files', async () => {
  const { namespace } = cluster;
  const metadata = { name: 'settings', namespace };
  await cluster.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { mode: 'fast' } },
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { key: 'sesame' } },
  );
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  const container = {
    ...shell(
      `echo $MODE $(cat /etc/app/mode /etc/keys/key ${account}/namespace); test -s ${account}/token && echo token`,
    ),
    env: [{ name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } }],
    volumeMounts: [
      { name: 'settings', mountPath: '/etc/app' },
      { name: 'keys', mountPath: '/etc/keys', readOnly: true },
    ],
  };
  const volumes = [
    { name: 'settings', configMap: { name: 'settings' } },
    { name: 'keys', secret: { secretName: 'settings' } },
  ];
  await cluster.apply(pod(namespace, 'reader', { restartPolicy: 'Never', containers: [container], volumes }));
  await untilPod(cluster, 'reader', ({ status }) => status?.phase === 'Succeeded');
  expect(await cluster.kubectl('logs', 'reader')).toBe(`fast fastsesame${namespace}\ntoken\n`);
});

test("Spillway's own image runs this checkout", async () => {
  const env = [{ name: 'SPILLWAY_TOKEN', value: 'of-this-test-and-long-enough-to-be-taken' }];
  const args = ['serve', '--host', '$(POD_IP)', '--port', '7411', '--data', '/data'];
  const readinessProbe = { httpGet: { path: '/readyz', port: 7411 }, periodSeconds: 1 };
  const volumeMounts = [{ name: 'data', mountPath: '/data' }];
  const container = { name: 'spillway', image: 'example.com/any/spillway:0', args, env, readinessProbe, volumeMounts };
  const spec = { containers: [container], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
  await cluster.apply(pod(cluster.namespace, 'spillway', spec));
  await untilPod(cluster, 'spillway', isReady);
});
