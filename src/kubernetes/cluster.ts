/**
 * What is known of the cluster without asking it: the newest objects of each kind, as watches brought them. A pass that finds all
 * as it should be makes no call. What is read here may be some milliseconds old, so every write is guarded, or safe to repeat.
 */
import type { KubeClient, KubeObject } from '../kube/client.ts';
import { type Informer, startInformer } from '../kube/informer.ts';
import { pauseMs, type Time } from '../kube/pause.ts';
import { Refusal } from '../kube/refusal.ts';
import { keptDeployment, keptSlice, withoutManagers } from './kept.ts';
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
  pods: Informer<Pod>;
  endpointSlices: Informer<EndpointSlice>;
  /** Resolves when each kind was listed once; never while one may not be read: then `broken` says why. */
  synced: Promise<void>;
  /** The failure of the newest call for a kind that cannot be read now; undefined when all can. */
  broken(): unknown;
  /** Resolves when every watch has stopped after the signal. */
  ended: Promise<void>;
}

export interface ClusterOptions extends Time {
  client: KubeClient;
  /** One namespace; all by default. */
  namespace?: string | undefined;
  signal: AbortSignal;
}

export function startCluster({ client, namespace, signal, ...time }: ClusterOptions): StartedCluster {
  const informers: Informer<KubeObject>[] = [];
  const start = <T extends KubeObject>(kind: Kind, keep: (object: T) => T, labelSelector?: string): Informer<T> => {
    const selected = labelSelector === undefined ? {} : { labelSelector };
    const informer = startInformer<T>({ client, path: pathOf(kind, namespace), keep, ...selected }, time, signal);
    informers.push(informer as unknown as Informer<KubeObject>);
    return informer;
  };
  const monitors = startWhereServed(() => start<PodMonitor>('PodMonitor', withoutManagers), {
    client,
    namespace,
    signal,
    ...time,
  });
  const cluster = {
    deployments: start<Deployment>('Deployment', keptDeployment),
    services: start<Service>('Service', withoutManagers),
    pods: start<Pod>('Pod', withoutManagers, PIPELINE),
    endpointSlices: start<EndpointSlice>('EndpointSlice', keptSlice),
    autoscalers: start<HorizontalPodAutoscaler>('HorizontalPodAutoscaler', all => all),
    networkPolicies: start<NetworkPolicy>('NetworkPolicy', withoutManagers),
    podDisruptionBudgets: start<PodDisruptionBudget>('PodDisruptionBudget', withoutManagers),
    podMonitors: monitors.lookup,
  };
  return {
    ...cluster,
    synced: Promise.all([...informers, monitors].map(({ synced }) => synced)).then(() => undefined),
    broken: () => [...informers, monitors].map(one => one.broken()).find(error => error !== undefined),
    ended: monitors.started.then(() => Promise.all(informers.map(({ ended }) => ended))).then(() => undefined),
  };
}

interface WhereServed {
  lookup: Lookup<PodMonitor>;
  started: Promise<Informer<PodMonitor> | undefined>;
  synced: Promise<void>;
  broken(): unknown;
}

/** A kind that comes with an operator: where it is not served there are none. One that is installed later is seen after a restart. */
function startWhereServed(start: () => Informer<PodMonitor>, options: ClusterOptions): WhereServed {
  let informer: Informer<PodMonitor> | undefined;
  let broken: unknown;
  const { client, namespace, signal, clock, random } = options;
  async function find(): Promise<Informer<PodMonitor> | undefined> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await client.list(`${pathOf('PodMonitor', namespace)}?limit=1`);
        broken = undefined;
        informer = start();
        return informer;
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) return undefined;
        broken = error;
        await clock.sleep(pauseMs(attempt, random, error), signal);
      }
    }
    return undefined;
  }
  const started = find();
  return {
    lookup: { get: (space, name) => informer?.get(space, name), list: space => informer?.list(space) ?? [] },
    started,
    synced: started.then(found => found?.synced),
    broken: () => broken,
  };
}
