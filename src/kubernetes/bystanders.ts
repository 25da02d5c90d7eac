/**
 * Everything else in the namespace that knows the stable pods by labels which the candidate's do not have: without it a
 * candidate would run under other rules than what it replaces (no network, no budget, no scraping, no spread), and the
 * comparison would be of rules and not of programs. Policies are copied, terms of the template are rewritten. Pure.
 */
import type { KubeObject, OwnerReference } from '../kube/client.ts';
import { labelsToCopy } from './gitops.ts';
import { MANAGED_BY, SPILLWAY, selects } from './labels.ts';
import {
  KINDS,
  type LabelSelector,
  type Labels,
  type NetworkPolicy,
  type NetworkPolicyPeer,
  type PodDisruptionBudget,
  type PodMonitor,
  type PodTemplate,
  type PodTerm,
} from './objects.ts';

/** The stable pods' labels, the candidate's, and what selects only the candidate's. */
export interface Arms {
  stable: Labels;
  candidate: Labels;
  selector: LabelSelector;
}

export interface Bystanders {
  networkPolicies: readonly NetworkPolicy[];
  podDisruptionBudgets: readonly PodDisruptionBudget[];
  podMonitors: readonly PodMonitor[];
}

export interface CopyOrder extends Arms {
  /** Of the copies: those that everything of ours has. */
  labels: Labels;
  /** The name of a copy. */
  rename(name: string): string;
  owner?: OwnerReference | undefined;
}

export type Copy = (NetworkPolicy | PodDisruptionBudget | PodMonitor) & { kind: CopiedKind };
type CopiedKind = 'NetworkPolicy' | 'PodDisruptionBudget' | 'PodMonitor';

/** What stands beside the stable pods and not beside the candidate's. */
const isMissed = (selector: LabelSelector, { stable, candidate }: Arms) =>
  selects(selector, stable) && !selects(selector, candidate);

/** Copies for the candidate's pods. A name that is taken is refused by whoever writes them. */
export function copiesOf(of: Bystanders, order: CopyOrder): Copy[] {
  const theirs = <T extends KubeObject>(objects: readonly T[]) =>
    objects.filter(({ metadata: { labels } }) => labels?.[MANAGED_BY] !== SPILLWAY);
  const policies = theirs(of.networkPolicies).flatMap(policy => {
    const spec = policySpec(policy.spec, order);
    return spec ? [{ ...head('NetworkPolicy', policy, order), spec }] : [];
  });
  const budgets = theirs(of.podDisruptionBudgets)
    .filter(({ spec }) => isMissed(spec.selector ?? {}, order))
    .map(one => ({ ...head('PodDisruptionBudget', one, order), spec: budgetSpec(one.spec, order) }));
  const monitors = theirs(of.podMonitors)
    .filter(({ spec }) => isMissed(spec.selector, order))
    .map(one => ({ ...head('PodMonitor', one, order), spec: { ...one.spec, selector: order.selector } }));
  return [...policies, ...budgets, ...monitors];
}

function head<K extends CopiedKind>(kind: K, { metadata }: KubeObject, order: CopyOrder) {
  const { namespace, name, labels } = metadata;
  return {
    apiVersion: KINDS[kind].apiVersion,
    kind,
    metadata: {
      name: order.rename(name),
      ...(namespace === undefined ? {} : { namespace }),
      // An operator may pick the objects it reads by their labels.
      labels: { ...labelsToCopy(labels), ...order.labels },
      ...(order.owner ? { ownerReferences: [order.owner] } : {}),
    },
  };
}

/**
 * Policies only ever allow more: a copy for the candidate's pods, or for others' pods that let the stable ones in. In it each peer
 * that means the stable pods is joined by one that means the candidate's. Undefined where the policy says nothing of them.
 */
function policySpec(spec: NetworkPolicy['spec'], order: CopyOrder): NetworkPolicy['spec'] | undefined {
  const isOfStable = isMissed(spec.podSelector ?? {}, order);
  let isOfPeers = false;
  const joined = (peers: NetworkPolicyPeer[] | undefined) =>
    peers?.flatMap(peer => {
      if (peer.podSelector === undefined || !isMissed(peer.podSelector, order)) return [peer];
      isOfPeers = true;
      return [peer, { ...peer, podSelector: order.selector }];
    });
  const copy: NetworkPolicy['spec'] = { ...spec };
  if (spec.ingress) copy.ingress = spec.ingress.map(rule => withPeers(rule, 'from', joined(rule.from)));
  if (spec.egress) copy.egress = spec.egress.map(rule => withPeers(rule, 'to', joined(rule.to)));
  if (isOfStable) return { ...copy, podSelector: order.selector };
  return isOfPeers ? copy : undefined;
}

function withPeers<R extends object>(rule: R, key: 'from' | 'to', peers: NetworkPolicyPeer[] | undefined): R {
  return peers === undefined ? rule : { ...rule, [key]: peers };
}

/** A number of pods that must stay is that of the stable ones: of the candidate, which has fewer, one must. */
function budgetSpec(spec: PodDisruptionBudget['spec'], { selector }: CopyOrder): PodDisruptionBudget['spec'] {
  const isCount = typeof spec.minAvailable === 'number' && spec.minAvailable > 1;
  return { ...spec, selector, ...(isCount ? { minAvailable: 1 } : {}) };
}

type PodAffinity = NonNullable<NonNullable<PodTemplate['spec']['affinity']>['podAffinity']>;

/**
 * The template with its own terms about stable pods turned to the candidate's: they stay away from, or near to, each other.
 * @param namespace of the pods: a term may look in others only
 */
export function rewriteTerms(template: PodTemplate, arms: Arms, namespace?: string): PodTemplate {
  const { affinity, topologySpreadConstraints: spread, ...rest } = template.spec;
  const looksHere = ({ namespaces = [], namespaceSelector }: PodTerm) =>
    namespaceSelector !== undefined || namespaces.length === 0 || namespaces.includes(namespace ?? '');
  const turned = <T extends PodTerm>(term: T): T =>
    term.labelSelector && looksHere(term) && isMissed(term.labelSelector, arms)
      ? { ...term, labelSelector: arms.selector }
      : term;
  return {
    ...template,
    spec: {
      ...rest,
      ...(affinity ? { affinity: turnedAffinity(affinity, turned) } : {}),
      ...(spread ? { topologySpreadConstraints: spread.map(turned) } : {}),
    },
  };
}

function turnedAffinity(
  affinity: NonNullable<PodTemplate['spec']['affinity']>,
  turned: (term: PodTerm) => PodTerm,
): NonNullable<PodTemplate['spec']['affinity']> {
  const { podAffinity, podAntiAffinity } = affinity;
  return {
    ...affinity,
    ...(podAffinity ? { podAffinity: turnedGroup(podAffinity, turned) } : {}),
    ...(podAntiAffinity ? { podAntiAffinity: turnedGroup(podAntiAffinity, turned) } : {}),
  };
}

function turnedGroup(group: PodAffinity, turned: (term: PodTerm) => PodTerm): PodAffinity {
  const {
    requiredDuringSchedulingIgnoredDuringExecution: required,
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
  } = group;
  const wished = preferred?.map(one => ({ ...one, podAffinityTerm: turned(one.podAffinityTerm) }));
  return {
    ...group,
    ...(required ? { requiredDuringSchedulingIgnoredDuringExecution: required.map(turned) } : {}),
    ...(wished ? { preferredDuringSchedulingIgnoredDuringExecution: wished } : {}),
  };
}
