/**
 * Who writes an object again and again by what is in a repository. Told by the marks that the tools leave on it; a template that
 * Argo CD or Flux own is not put back, since they would only write theirs again.
 */
import type { KubeObject } from '../kube/client.ts';
import { MANAGED_BY } from './labels.ts';
import type { Labels } from './objects.ts';

export type Owner = 'Argo CD' | 'Flux' | 'Helm';

const ARGO_CD = /^argocd\.argoproj\.io\/(instance|tracking-id)$/;
const FLUX = /^(kustomize|helm)\.toolkit\.fluxcd\.io\/name$/;
const HELM = /^meta\.helm\.sh\/release-name$/;

/** Argo CD and Flux also install charts: they come before Helm. */
export function ownerOf({
  metadata: { labels = {}, annotations = {} },
}: Pick<KubeObject, 'metadata'>): Owner | undefined {
  const keys = [...Object.keys(labels), ...Object.keys(annotations)];
  if (keys.some(key => ARGO_CD.test(key))) return 'Argo CD';
  if (keys.some(key => FLUX.test(key))) return 'Flux';
  if (labels[MANAGED_BY] === 'Helm' || keys.some(key => HELM.test(key))) return 'Helm';
  return undefined;
}

/** Why the template of the Deployment is not put back; undefined when it may be. */
export function whyNotReverted(
  deployment: Pick<KubeObject, 'metadata'>,
  { revertTemplate }: { revertTemplate: boolean },
): string | undefined {
  if (!revertTemplate) return '`revertTemplate` is off';
  const owner = ownerOf(deployment);
  return owner === 'Argo CD' || owner === 'Flux' ? `${owner} owns the Deployment and would write it again` : undefined;
}

/** Labels for a copy of an object: those by which a tool would take it for its own, and prune it, are left out. */
export function labelsToCopy(labels: Labels = {}): Labels {
  const isOwners = (key: string) =>
    ARGO_CD.test(key) ||
    /\.fluxcd\.io\//.test(key) ||
    ['app.kubernetes.io/instance', 'helm.sh/chart', MANAGED_BY].includes(key);
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !isOwners(key)));
}
