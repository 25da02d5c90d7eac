/**
 * Objects of the cluster as far as they are looked into here, and where they live. Fields that are not named are kept,
 * never read: a template or a policy goes into a copy as it is.
 */
import type { KubeObject } from '../kube/client.ts';
import type { Managed } from './ownership.ts';

export type Labels = { [key: string]: string };

export interface Requirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values?: string[];
}

/** Without any requirement it selects everything, where the kind of the object does not say otherwise. */
export interface LabelSelector {
  matchLabels?: Labels;
  matchExpressions?: Requirement[];
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** A term of pod affinity, or a constraint of the spread over the topology: both select pods by labels. */
export interface PodTerm {
  labelSelector?: LabelSelector;
  namespaces?: string[];
  namespaceSelector?: LabelSelector;
  topologyKey?: string;
}

interface PodAffinity {
  requiredDuringSchedulingIgnoredDuringExecution?: PodTerm[];
  preferredDuringSchedulingIgnoredDuringExecution?: { weight: number; podAffinityTerm: PodTerm }[];
}

export interface PodTemplate {
  metadata?: { labels?: Labels; annotations?: Labels; creationTimestamp?: string | null };
  spec: {
    affinity?: { podAffinity?: PodAffinity; podAntiAffinity?: PodAffinity };
    topologySpreadConstraints?: PodTerm[];
    containers: { name: string; image?: string }[];
  };
}

export interface Deployment extends Managed {
  spec: {
    replicas?: number;
    paused?: boolean;
    selector: LabelSelector;
    template: PodTemplate;
    strategy?: object;
    minReadySeconds?: number;
    progressDeadlineSeconds?: number;
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    conditions?: Condition[];
  };
}

export interface ServicePort {
  name?: string;
  port: number;
  targetPort?: number | string;
  protocol?: string;
  appProtocol?: string;
  nodePort?: number;
}

export interface Service extends KubeObject {
  spec: { type?: string; clusterIP?: string; selector?: Labels; ports?: ServicePort[] };
}

interface Terminated {
  exitCode?: number;
  reason?: string;
}

export interface ContainerStatus {
  name: string;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: Terminated; running?: object };
  lastState?: { terminated?: Terminated };
}

export interface Pod extends KubeObject {
  status?: {
    phase?: string;
    podIP?: string;
    conditions?: Condition[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

export interface EndpointSlice extends KubeObject {
  addressType?: string;
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean } }[];
}

export interface HorizontalPodAutoscaler extends Managed {
  spec: { scaleTargetRef: { kind: string; name: string }; minReplicas?: number; maxReplicas: number };
}

export interface NetworkPolicyPeer {
  podSelector?: LabelSelector;
  namespaceSelector?: LabelSelector;
  ipBlock?: object;
}

export interface NetworkPolicy extends KubeObject {
  spec: {
    podSelector?: LabelSelector;
    policyTypes?: string[];
    ingress?: { from?: NetworkPolicyPeer[]; ports?: object[] }[];
    egress?: { to?: NetworkPolicyPeer[]; ports?: object[] }[];
  };
}

export interface PodDisruptionBudget extends KubeObject {
  spec: { selector?: LabelSelector; minAvailable?: number | string; maxUnavailable?: number | string };
}

export interface PodMonitor extends KubeObject {
  spec: { selector: LabelSelector; namespaceSelector?: { any?: boolean; matchNames?: string[] } };
}

/** Every kind that is read or made here: its API and the plural in its paths. */
export const KINDS = {
  Deployment: { apiVersion: 'apps/v1', plural: 'deployments' },
  Service: { apiVersion: 'v1', plural: 'services' },
  Pod: { apiVersion: 'v1', plural: 'pods' },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', plural: 'endpointslices' },
  HorizontalPodAutoscaler: { apiVersion: 'autoscaling/v2', plural: 'horizontalpodautoscalers' },
  NetworkPolicy: { apiVersion: 'networking.k8s.io/v1', plural: 'networkpolicies' },
  PodDisruptionBudget: { apiVersion: 'policy/v1', plural: 'poddisruptionbudgets' },
  PodMonitor: { apiVersion: 'monitoring.coreos.com/v1', plural: 'podmonitors' },
} as const;

export type Kind = keyof typeof KINDS;

/** The path of one object; of the collection without a name, and of that of all namespaces without a namespace. */
export function pathOf(kind: Kind, namespace?: string, name?: string): string {
  const { apiVersion, plural } = KINDS[kind];
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const collection = namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
  return name === undefined ? collection : `${collection}/${name}`;
}

/** For people: `Deployment shop/web`. */
export const nameOf = (kind: Kind, { namespace, name }: { namespace?: string; name: string }) =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
