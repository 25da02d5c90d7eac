/** Objects of the tests, and waiting for what becomes of them. */
import { until } from '../../support/until.ts';
import type { KubeObject } from '../client/objects.ts';
import type { Container, Pod, PodSpec } from '../kubelet/pod.ts';
import { GATEWAY_NAME, GATEWAY_NAMESPACE } from '../plane/addresses.ts';
import type { Cluster } from './cluster.ts';

export const PORT = 8080;

export interface Workload {
  name: string;
  /** Of the image `app`; it answers with it. */
  version: string;
  replicas?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  container?: Partial<Container>;
  pod?: Partial<PodSpec>;
}

/** The app as a container, ready when it answers. */
export function appContainer(version: string, more: Partial<Container> = {}): Container {
  return {
    name: 'app',
    image: `app:${version}`,
    ports: [{ name: 'http', containerPort: PORT }],
    env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
    ...more,
  };
}

/** A Deployment and the Service in front of it. */
export function workload(namespace: string, of: Workload): KubeObject[] {
  const { name, version, replicas = 1, annotations = {} } = of;
  const labels = { app: name };
  const spec = {
    replicas,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels, annotations },
      spec: { terminationGracePeriodSeconds: 5, ...of.pod, containers: [appContainer(version, of.container)] },
    },
  };
  return [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, labels: { ...of.labels } }, spec },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
  ];
}

export type Weights = Readonly<Record<string, number>>;

/** An HTTPRoute for one host to services with weights, behind the cluster's Gateway. */
export function route(
  namespace: string,
  name: string,
  { host, weights }: { host: string; weights: Weights },
): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace },
    spec: {
      hostnames: [host],
      parentRefs: [{ name: GATEWAY_NAME, namespace: GATEWAY_NAMESPACE }],
      rules: [{ backendRefs: backendRefs(weights) }],
    },
  };
}

export const backendRefs = (weights: Weights) =>
  Object.entries(weights).map(([name, weight]) => ({ name, port: 80, weight }));

export function pod(namespace: string, name: string, spec: PodSpec): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { terminationGracePeriodSeconds: 2, ...spec },
  };
}

/** Waits until all replicas of the present template are available and no others are left. */
export async function untilRolledOut(cluster: Cluster, name: string): Promise<KubeObject> {
  const read = () => cluster.get('apps/v1', `deployments/${name}`);
  const isOut = async () => {
    const deployment = await read();
    const { metadata, spec, status } = deployment;
    const isSeen = status.observedGeneration === (metadata as { generation?: number }).generation;
    const counts = [status.replicas, status.updatedReplicas, status.availableReplicas].map(count => count ?? 0);
    return isSeen && counts.every(count => count === spec.replicas) && deployment;
  };
  return until(`${name} is rolled out`, isOut, { withinMs: 60_000, instead: async () => (await read())['status'] });
}

/** Waits until a pod is as `look` says. */
export async function untilPod(cluster: Cluster, name: string, look: (pod: Pod) => unknown): Promise<Pod> {
  const read = async () => (await cluster.get('v1', `pods/${name}`)) as Pod;
  const isSo = async () => {
    const found = await read();
    return look(found) ? found : undefined;
  };
  return until(`pod ${name}: ${look}`, isSo, { withinMs: 40_000, instead: async () => (await read()).status });
}

export const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
