/**
 * What is known of the cluster without asking it: the newest objects of each kind, as watches brought them. A pass that finds all
 * as it should be makes no call. What is read here may be some milliseconds old, so every write is guarded, or safe to repeat.
 */
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { type Informer, startInformer } from '../kube/informer.ts';
import type { Time } from '../kube/pause.ts';
import { Refusal } from '../kube/refusal.ts';
import { PIPELINE } from './labels.ts';
import {
  type Deployment,
  type EndpointSlice,
  type HorizontalPodAutoscaler,
  type Kind,
  type NetworkPolicy,
  type Pod,
  type PodDisruptionBudget,
  type PodMonitor,
  pathOf,
  type Service,
} from './objects.ts';

/** An informer is one. */
export interface Lookup<T extends KubeObject> {
  get(namespace: string, name: string): T | undefined;
  list(namespace: string): T[];
}

/** Each must have been listed once before it is asked: what is not known yet would be taken for absent. */
export interface Cluster {
  deployments: Lookup<Deployment>;
  services: Lookup<Service>;
  /** At least those of candidates: with the label `spillway.dev/pipeline`. */
  pods: Lookup<Pod>;
  endpointSlices: Lookup<EndpointSlice>;
  autoscalers: Lookup<HorizontalPodAutoscaler>;
  networkPolicies: Lookup<NetworkPolicy>;
  podDisruptionBudgets: Lookup<PodDisruptionBudget>;
  /** Empty where the cluster does not serve the kind. */
  podMonitors: Lookup<PodMonitor>;
}

export interface StartedCluster extends Cluster {
  deployments: Informer<Deployment>;
  services: Informer<Service>;
  /** Of the first kind that cannot be read; undefined when all can. */
  broken(): unknown;
  /** Resolves when every watch has stopped after the signal. */
  ended: Promise<void>;
}

export interface ClusterOptions extends Time {
  client: KubeClient;
  /** One namespace; all by default. */
  namespace?: string;
  signal: AbortSignal;
}

/** Resolves when everything was listed once. @throws Refusal when the kinds of Prometheus's operator cannot be asked for */
export async function startCluster({ client, namespace, signal, ...time }: ClusterOptions): Promise<StartedCluster> {
  const informers: Informer<KubeObject>[] = [];
  const start = <T extends KubeObject>(kind: Kind, labelSelector?: string): Informer<T> => {
    const of = { client, path: pathOf(kind, namespace), ...(labelSelector === undefined ? {} : { labelSelector }) };
    const informer = startInformer<T>(of, time, signal);
    informers.push(informer as unknown as Informer<KubeObject>);
    return informer;
  };
  const hasMonitors = await isServed(client, pathOf('PodMonitor', namespace));
  const cluster = {
    deployments: start<Deployment>('Deployment'),
    services: start<Service>('Service'),
    pods: start<Pod>('Pod', PIPELINE),
    endpointSlices: start<EndpointSlice>('EndpointSlice'),
    autoscalers: start<HorizontalPodAutoscaler>('HorizontalPodAutoscaler'),
    networkPolicies: start<NetworkPolicy>('NetworkPolicy'),
    podDisruptionBudgets: start<PodDisruptionBudget>('PodDisruptionBudget'),
    podMonitors: hasMonitors ? start<PodMonitor>('PodMonitor') : nothing,
  };
  await Promise.race([Promise.all(informers.map(({ synced }) => synced)), aborted(signal)]);
  return {
    ...cluster,
    broken: () => informers.map(informer => informer.broken()).find(error => error !== undefined),
    ended: Promise.all(informers.map(({ ended }) => ended)).then(() => undefined),
  };
}

const nothing: Lookup<never> = { get: () => undefined, list: () => [] };

async function isServed(client: KubeClient, path: string): Promise<boolean> {
  try {
    await client.list(`${path}?limit=1`);
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return false;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
