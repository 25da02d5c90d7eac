/** What stands around a workload in its namespace, and a look at all of it: before a release, beside it, and after. */
import { GATE_LABEL } from '../../../src/kubernetes/gate-policy.ts';
import type { Deployment, EndpointSlice, HorizontalPodAutoscaler } from '../../../src/kubernetes/objects.ts';
import type { Managed } from '../../../src/kubernetes/ownership.ts';
import type { KubeObject } from '../client/objects.ts';
import type { Cluster } from './cluster.ts';
import { appContainer, type Workload, workload } from './workloads.ts';

/** Labelled as every Deployment that is released: only of those it is known who wrote what. */
export const web = ({ namespace }: Cluster, replicas: number, more: Partial<Workload> = {}) =>
  workload(namespace, { name: 'web', version: 'v1', replicas, labels: { [GATE_LABEL]: 'web' }, ...more });

export const v2 = { containers: [appContainer('v2')] };

/** A process that does nothing, so that many pods cost little: as a patch of the app's container, or in its place. */
export const idle = (image = 'app:v1', command = ['sleep', '1000']) => ({
  name: 'app',
  image,
  command,
  readinessProbe: null as never,
  env: [],
});

/** Everything that a candidate would have to do without if it were not copied, and an autoscaler. */
export function surroundings({ namespace }: Cluster): [autoscaler: KubeObject, ...rules: KubeObject[]] {
  const metadata = { name: 'web', namespace };
  const selector = { matchLabels: { app: 'web' } };
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const ingress = [{ ports: [{ port: 8080 }] }];
  return [
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata,
      spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 9 },
    },
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec: { maxUnavailable: 1, selector } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: { podSelector: selector, policyTypes: ['Ingress'], ingress },
    },
  ];
}

export interface View {
  minReplicas(): Promise<number | undefined>;
  /** Deployments beside the user's own. */
  candidates(): Promise<Deployment[]>;
  /** In the EndpointSlices of a Service, ready or not. */
  addressesOf(service: string): Promise<string[]>;
  /** Those that are not about to end. */
  podsOf(arm: 'candidate' | 'stable'): Promise<KubeObject[]>;
  imagesOf(arm: 'candidate' | 'stable'): Promise<string[]>;
  /** What a user finds in the namespace, less what a roll changes; with every trace of us in `managedFields`. */
  inventory(): Promise<string[]>;
}

const KINDS = [
  ['apps/v1', 'deployments'],
  ['v1', 'services'],
  ['v1', 'configmaps'],
  ['v1', 'secrets'],
  ['v1', 'serviceaccounts'],
  ['discovery.k8s.io/v1', 'endpointslices'],
  ['autoscaling/v2', 'horizontalpodautoscalers'],
  ['policy/v1', 'poddisruptionbudgets'],
  ['networking.k8s.io/v1', 'networkpolicies'],
] as const;
const OF_A_ROLL = ['deployment.kubernetes.io/revision', 'endpoints.kubernetes.io/last-change-trigger-time'];

export function viewOf(cluster: Cluster): View {
  const podsOf: View['podsOf'] = async arm =>
    (await cluster.list('v1', 'pods')).filter(
      ({ metadata: { labels, deletionTimestamp } }) =>
        deletionTimestamp === undefined && (labels?.['spillway.dev/candidate'] !== undefined) === (arm === 'candidate'),
    );
  return {
    podsOf,
    imagesOf: async arm => (await podsOf(arm)).map(({ spec }) => spec.containers[0].image),
    async minReplicas() {
      const autoscaler = await cluster.get('autoscaling/v2', 'horizontalpodautoscalers/web');
      return (autoscaler as unknown as HorizontalPodAutoscaler).spec.minReplicas;
    },
    async candidates() {
      const all = (await cluster.list('apps/v1', 'deployments')) as unknown as Deployment[];
      return all.filter(({ metadata }) => metadata.name !== 'web');
    },
    async addressesOf(service) {
      const slices = (await cluster.list('discovery.k8s.io/v1', 'endpointslices')) as unknown as EndpointSlice[];
      return slices
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
        .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
    },
    async inventory() {
      const found = await Promise.all(
        KINDS.map(async ([api, kind]) => (await cluster.list(api, kind)).map(one => lineOf(kind, one))),
      );
      return found.flat().sort();
    },
  };
}

function lineOf(kind: string, object: KubeObject): string {
  const { name, uid, labels, annotations = {}, managedFields = [] } = object.metadata as Managed['metadata'];
  const kept = Object.entries(annotations).filter(([key]) => !OF_A_ROLL.includes(key));
  const { template: _, ...spec } = object['spec'] ?? {};
  const ours = managedFields.filter(({ manager = '' }) => manager.startsWith('spillway'));
  return JSON.stringify([kind, name, uid, labels, kept, spec, ours]);
}
