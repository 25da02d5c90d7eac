/**
 * All that is made for a candidate, out of the user's objects as they are now; or why it cannot be made, in a sentence. Asked with
 * each pass of a release, and before one begins, so that what cannot be tried says so while nothing has started. Pure.
 */
import type { Json, KubernetesPlan } from '../config/plan.ts';
import type { OwnerReference } from '../kube/client.ts';
import { type Copy, copiesOf } from './bystanders.ts';
import { type Candidate, candidateName, candidateOf, ourLabels, stableServiceOf } from './candidate.ts';
import type { Cluster } from './cluster.ts';
import { CANDIDATE } from './labels.ts';
import { type Deployment, nameOf, type Service } from './objects.ts';
import { hashOf, templateOf, versionOf } from './template.ts';

export interface Stable {
  namespace: string;
  deployment: Deployment;
  service: Service;
}

export interface Parts {
  candidate: Candidate;
  copies: Copy[];
}

export interface PartsOrder {
  pipeline: string;
  releaseId: string;
  version: string;
  template: Json;
  replicas: number;
  owner?: OwnerReference | undefined;
}

/** Of a managed workload. */
export function stableOf(
  { namespace, workload }: KubernetesPlan,
  cluster: Pick<Cluster, 'deployments' | 'services'>,
): Stable | { refused: string } {
  if ('external' in workload) throw new Error('not a managed workload');
  const { deployment: name, service: named } = workload.managed;
  const deployment = cluster.deployments.get(namespace, name);
  if (!deployment)
    return {
      refused: `${nameOf('Deployment', { namespace, name })} is not there; create it, or name another in \`deployment\``,
    };
  const service = stableServiceOf(deployment, cluster.services.list(namespace), named);
  return 'refused' in service ? service : { namespace, deployment, service };
}

export function partsOf(
  order: PartsOrder,
  { namespace, deployment, service }: Stable,
  cluster: Cluster,
): Parts | { refused: string } {
  const { version, template, owner } = order;
  const candidate = candidateOf({ ...order, deployment, service, services: cluster.services.list(namespace) });
  if ('refused' in candidate) return candidate;
  const bystanders = {
    networkPolicies: cluster.networkPolicies.list(namespace),
    podDisruptionBudgets: cluster.podDisruptionBudgets.list(namespace),
    podMonitors: cluster.podMonitors.list(namespace),
  };
  const copies = copiesOf(bystanders, {
    stable: (template as { metadata?: { labels?: Record<string, string> } }).metadata?.labels ?? {},
    candidate: candidate.labels,
    selector: { matchLabels: candidate.selector },
    labels: { ...ourLabels(order), [CANDIDATE]: hashOf(version) },
    rename: name => candidateName(name, version),
    owner,
  });
  return { candidate, copies };
}

/** What keeps a candidate of the Deployment as it is from being made at all; undefined when nothing does, or it is not there. */
export function whyNoCandidate(plan: KubernetesPlan, pipeline: string, cluster: Cluster): string | undefined {
  const { workload, namespace } = plan;
  const deployment = 'managed' in workload && cluster.deployments.get(namespace, workload.managed.deployment);
  if (!deployment) return undefined;
  const stable = stableOf(plan, cluster);
  if ('refused' in stable) return stable.refused;
  const of = { version: versionOf(deployment), template: templateOf(deployment) };
  const parts = partsOf({ ...of, pipeline, releaseId: 'none', replicas: 1 }, stable, cluster);
  return 'refused' in parts ? parts.refused : undefined;
}
