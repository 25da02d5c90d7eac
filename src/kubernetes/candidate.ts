/**
 * The candidate of a managed workload, out of the user's own Deployment and Service: the same pods with the new template, under
 * labels that nothing of the stable ones selects, behind a Service of their own. Pure; what is returned is applied as it is.
 */
import { createHash } from 'node:crypto';
import type { Json } from '../config/plan.ts';
import type { OwnerReference } from '../kube/client.ts';
import { rewriteTerms } from './bystanders.ts';
import { disjointLabels, mayFind, type NamedSelector } from './disjoint.ts';
import { labelsToCopy } from './gitops.ts';
import { CANDIDATE, hasSelector, MANAGED_BY, PIPELINE, RELEASE, SPILLWAY, selectsPods } from './labels.ts';
import { type Deployment, type Labels, nameOf, type PodTemplate, type Service } from './objects.ts';
import { hashOf } from './template.ts';

export interface CandidateOrder {
  pipeline: string;
  releaseId: string;
  version: string;
  /** Of the version, as it is stored. */
  template: Json;
  /** The user's own, and the Service that stands in the route. */
  deployment: Deployment;
  service: Service;
  /** All Services of the namespace: none of them may select the candidate's pods. */
  services: readonly Service[];
  replicas: number;
  /** The Pipeline resource: with it everything of ours goes. */
  owner?: OwnerReference | undefined;
}

export interface Candidate {
  deployment: Deployment;
  service: Service;
  /** Labels of its pods, and the ones by which only they are selected. */
  labels: Labels;
  selector: Labels;
}

const OBJECT_NAME_MAX = 253;
const SERVICE_NAME_MAX = 63;

export const candidateName = (deployment: string, version: string) =>
  fitted(deployment, `-candidate-${hashOf(version)}`, OBJECT_NAME_MAX);

/** The same at every release, so that routes and metrics may name it. */
export const candidateServiceName = (service: string) => fitted(service, '-candidate', SERVICE_NAME_MAX);

/** A name that is too long keeps its beginning, and a digest that tells it from others with the same one. */
export function fitted(name: string, suffix: string, max: number): string {
  if (name.length + suffix.length <= max) return name + suffix;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, max - suffix.length - digest.length - 1).replace(/[-.]+$/, '')}-${digest}${suffix}`;
}

export function candidateOf(order: CandidateOrder): Candidate | { refused: string } {
  const template = order.template as unknown as PodTemplate;
  const stable = template.metadata?.labels ?? {};
  const disjoint = disjointLabels(stable, selectorsOf(order, stable));
  if ('refused' in disjoint) return disjoint;
  const selector = { [PIPELINE]: order.pipeline, [CANDIDATE]: hashOf(order.version) };
  const labels: Labels = { ...disjoint.labels, ...ourLabels(order), ...selector };
  // Helm and Kustomize write `managed-by` on pods too; what stands there stays, since dashboards may group by it.
  const kept = disjoint.labels[MANAGED_BY];
  if (kept !== undefined) labels[MANAGED_BY] = kept;
  const terms = { stable, candidate: labels, selector: { matchLabels: selector } };
  return {
    labels,
    selector,
    deployment: deploymentOf(order, {
      selector,
      labels,
      template: rewriteTerms(template, terms, order.deployment.metadata.namespace),
    }),
    service: serviceOf(order, selector),
  };
}

/** Our own Service selects the candidate's pods, and shall; one without a selector selects nothing. */
function selectorsOf({ deployment, service, services }: CandidateOrder, labels: Labels): NamedSelector[] {
  const own = candidateServiceName(service.metadata.name);
  const selectors: NamedSelector[] = [
    { name: nameOf('Deployment', deployment.metadata), selector: deployment.spec.selector },
  ];
  for (const { metadata, spec } of services)
    if (metadata.name !== own && hasSelector(spec.selector) && mayFind(spec.selector, labels))
      selectors.push({ name: nameOf('Service', metadata), selector: { matchLabels: spec.selector } });
  return selectors;
}

export function ourLabels({ pipeline, releaseId }: Pick<CandidateOrder, 'pipeline' | 'releaseId'>): Labels {
  return { [PIPELINE]: pipeline, [RELEASE]: releaseId, [MANAGED_BY]: SPILLWAY };
}

export function ownedBy(owner: OwnerReference | undefined): { ownerReferences?: OwnerReference[] } {
  return owner ? { ownerReferences: [owner] } : {};
}

function deploymentOf(
  order: CandidateOrder,
  { selector, labels, template }: { selector: Labels; labels: Labels; template: PodTemplate },
): Deployment {
  const { namespace, name } = order.deployment.metadata;
  const { strategy, minReadySeconds, progressDeadlineSeconds } = order.deployment.spec;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: candidateName(name, order.version),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...ourLabels(order), [CANDIDATE]: hashOf(order.version) },
      ...ownedBy(order.owner),
    },
    spec: {
      replicas: order.replicas,
      selector: { matchLabels: selector },
      template: { ...template, metadata: { ...template.metadata, labels } },
      ...(strategy === undefined ? {} : { strategy }),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      ...(progressDeadlineSeconds === undefined ? {} : { progressDeadlineSeconds }),
    },
  };
}

/** Plain, whatever the stable one is: a load balancer or a port of every node is for the outside, which comes by the route. */
function serviceOf(order: CandidateOrder, selector: Labels): Service {
  const { namespace, name, labels } = order.service.metadata;
  const ports = (order.service.spec.ports ?? []).map(({ nodePort: _, ...port }) => port);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: candidateServiceName(name),
      ...(namespace === undefined ? {} : { namespace }),
      // So that what scrapes the stable Service by its labels scrapes this one too.
      labels: { ...labelsToCopy(labels), ...ourLabels(order) },
      ...ownedBy(order.owner),
    },
    spec: { type: 'ClusterIP', selector, ports },
  };
}

/** The Service of the plan, or the only one that selects the Deployment's pods. */
export function stableServiceOf(
  deployment: Deployment,
  services: readonly Service[],
  named?: string,
): Service | { refused: string } {
  const what = nameOf('Deployment', deployment.metadata);
  if (named !== undefined) {
    const found = services.find(({ metadata }) => metadata.name === named);
    return found ?? { refused: `Service ${named} of ${what} is not there; create it, or name another in \`service\`` };
  }
  const labels = deployment.spec.template.metadata?.labels ?? {};
  const found = services.filter(
    ({ spec: { selector }, metadata }) => metadata.labels?.[MANAGED_BY] !== SPILLWAY && selectsPods(selector, labels),
  );
  if (found.length === 1) return found[0]!;
  const names = found.map(({ metadata }) => metadata.name).join(', ');
  if (found.length === 0) return { refused: `no Service selects the pods of ${what}; create one that does` };
  return {
    refused: `several Services select the pods of ${what} (${names}); name the one of the route in \`service\``,
  };
}
