/**
 * Which template serves. For a Deployment that rolls freely it is its own; for one whose changed template is held it is that of
 * the ReplicaSet that has the pods.
 */
import type { Json } from '../config/plan.ts';
import type { KubeClient, KubeObject } from '../kube/client.ts';
import type { Deployment, PodTemplate } from './objects.ts';
import { templateOf, versionOf } from './template.ts';

interface ReplicaSet extends KubeObject {
  spec: { template: PodTemplate };
  status?: { replicas?: number };
}

const HASH = 'pod-template-hash';

/** Undefined when no ReplicaSet has pods. */
export async function servingTemplate(
  deployment: Deployment,
  client: KubeClient,
): Promise<{ version: string; template: Json } | undefined> {
  if (deployment.spec.paused !== true) return { version: versionOf(deployment), template: templateOf(deployment) };
  const { namespace = 'default', uid } = deployment.metadata;
  const { items } = await client.list<ReplicaSet>(`/apis/apps/v1/namespaces/${namespace}/replicasets`);
  const own = items.filter(({ metadata }) => metadata.ownerReferences?.some(owner => owner.uid === uid));
  const [largest] = own.sort((a, b) => (b.status?.replicas ?? 0) - (a.status?.replicas ?? 0));
  if (!largest?.status?.replicas) return undefined;
  const { metadata = {}, ...rest } = largest.spec.template;
  const { [HASH]: _hash, ...labels } = metadata.labels ?? {};
  const spec = { ...deployment.spec, template: { ...rest, metadata: { ...metadata, labels } } };
  return { version: versionOf({ spec }), template: templateOf({ spec }) };
}
