/** What Spillway has made for a pipeline and is still there, by its labels: in the order in which it may go. Pure. */
import type { KubeObject } from '../kube/client.ts';
import type { Cluster } from './cluster.ts';
import { holdOf, isMarked } from './hold.ts';
import { CANDIDATE, isOurs, PIPELINE } from './labels.ts';
import type { Deployment, HorizontalPodAutoscaler, Kind } from './objects.ts';
import { scales } from './share.ts';

export interface Leftovers {
  /** Deployments last: as long as one is there, a look at the cluster tells that there is something to do. */
  objects: { kind: Kind; object: KubeObject }[];
  /** Pods and EndpointSlices, which go after what made them. */
  dependents: KubeObject[];
  /** Held for this pipeline. */
  held: HorizontalPodAutoscaler[];
}

/** @param own the user's Deployment: its autoscalers may have the trace of a hold */
export function leftoversOf(cluster: Cluster, namespace: string, pipeline: string, own?: Deployment): Leftovers {
  const ours = <T extends KubeObject>(kind: Kind, objects: readonly T[]) =>
    objects.filter(({ metadata }) => isOurs(metadata.labels, pipeline)).map(object => ({ kind, object }));
  const isIts = ({ metadata: { labels } }: KubeObject) => labels?.[PIPELINE] === pipeline;
  return {
    objects: [
      ...ours('PodMonitor', cluster.podMonitors.list(namespace)),
      ...ours('Service', cluster.services.list(namespace)),
      ...ours('PodDisruptionBudget', cluster.podDisruptionBudgets.list(namespace)),
      ...ours('NetworkPolicy', cluster.networkPolicies.list(namespace)),
      ...ours('Deployment', cluster.deployments.list(namespace)),
    ],
    dependents: [
      ...cluster.pods.list(namespace).filter(pod => isIts(pod) && pod.metadata.labels?.[CANDIDATE] !== undefined),
      ...cluster.endpointSlices.list(namespace).filter(isIts),
    ],
    held: cluster.autoscalers
      .list(namespace)
      .filter(hpa => holdOf(hpa)?.pipeline === pipeline || (own && scales(hpa, own) && isMarked(hpa))),
  };
}

export const isNothingLeft = ({ objects, dependents, held }: Leftovers) =>
  objects.length + dependents.length + held.length === 0;
