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
  nameOf,
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
export const COPIED_KINDS = ['NetworkPolicy', 'PodDisruptionBudget', 'PodMonitor'] as const;
export type CopiedKind = (typeof COPIED_KINDS)[number];

/** What stands beside the stable pods and not beside the candidate's. */
const isMissed = (selector: LabelSelector, { stable, candidate }: Arms) =>
  selects(selector, stable) && !selects(selector, candidate);

/** Copies for the candidate's pods; or what cannot be copied, by name, and what to do. */
export function copiesOf(of: Bystanders, order: CopyOrder): { copies: Copy[] } | { refused: string } {
  const theirs = <T extends KubeObject>(objects: readonly T[]) =>
    objects.filter(({ metadata: { labels } }) => labels?.[MANAGED_BY] !== SPILLWAY);
  const copies: Copy[] = [];
  for (const policy of theirs(of.networkPolicies)) {
    const spec = policySpec(policy.spec, order);
    if (spec) copies.push({ ...head('NetworkPolicy', policy, order), spec });
  }
  for (const budget of theirs(of.podDisruptionBudgets)) {
    if (!isMissed(budget.spec.selector ?? {}, order)) continue;
    const refused = whyNoBudget(budget);
    if (refused) return { refused };
    copies.push({ ...head('PodDisruptionBudget', budget, order), spec: budgetSpec(budget.spec, order) });
  }
  for (const monitor of theirs(of.podMonitors))
    if (isMissed(monitor.spec.selector, order))
      copies.push({
        ...head('PodMonitor', monitor, order),
        spec: { ...monitor.spec, selector: order.selector },
      });
  return { copies };
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

/** Nothing would evict a stable pod either; a copy would keep a node from being drained for as long as a release takes. */
function whyNoBudget({ metadata, spec }: PodDisruptionBudget): string | undefined {
  const isForbidding = spec.maxUnavailable === 0 || spec.maxUnavailable === '0%' || spec.minAvailable === '100%';
  if (!isForbidding) return undefined;
  return `${nameOf('PodDisruptionBudget', metadata)} allows no disruption at all, and a copy of it for the candidate would block every drain of its nodes; allow at least one pod (\`maxUnavailable: 1\`)`;
}

/** The template with its own terms about stable pods turned to the candidate's: they stay away from, or near to, each other. */
export function rewriteTerms(template: PodTemplate, arms: Arms): PodTemplate {
  const { affinity, topologySpreadConstraints: spread, ...rest } = template.spec;
  const rewritten = (term: PodTerm): PodTerm =>
    term.labelSelector && isMissed(term.labelSelector, arms) ? { ...term, labelSelector: arms.selector } : term;
  const group = (of: NonNullable<NonNullable<typeof affinity>['podAffinity']>) => {
    const {
      requiredDuringSchedulingIgnoredDuringExecution: must,
      preferredDuringSchedulingIgnoredDuringExecution: may,
    } = of;
    return {
      ...of,
      ...(must ? { requiredDuringSchedulingIgnoredDuringExecution: must.map(rewritten) } : {}),
      ...(may
        ? {
            preferredDuringSchedulingIgnoredDuringExecution: may.map(one => ({
              ...one,
              podAffinityTerm: rewritten(one.podAffinityTerm),
            })),
          }
        : {}),
    };
  };
  const { podAffinity, podAntiAffinity } = affinity ?? {};
  return {
    ...template,
    spec: {
      ...rest,
      ...(affinity
        ? {
            affinity: {
              ...affinity,
              ...(podAffinity ? { podAffinity: group(podAffinity) } : {}),
              ...(podAntiAffinity ? { podAntiAffinity: group(podAntiAffinity) } : {}),
            },
          }
        : {}),
      ...(spread ? { topologySpreadConstraints: spread.map(rewritten) } : {}),
    },
  };
}
