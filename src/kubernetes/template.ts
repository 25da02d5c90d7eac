/**
 * What a version of a workload is: the pod template of its Deployment, less what changes without a change of the program. Its
 * digest names the version, so a change of this form would start a release of every workload at the next upgrade of
 * Spillway: a golden test holds it.
 */
import { digestOf } from '../config/digest.ts';
import type { Json } from '../config/plan.ts';
import type { Deployment, PodTemplate } from './objects.ts';

/** Written by `kubectl rollout restart`: the same program once more, which is no release. */
export const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

/** The template as it is stored with a version: without the mark of a restart and without `creationTimestamp`. */
export function templateOf(deployment: Pick<Deployment, 'spec'>): Json {
  const { metadata = {}, ...rest } = deployment.spec.template;
  const { creationTimestamp: _, annotations = {}, ...kept } = metadata;
  const { [RESTARTED_AT]: __, ...others } = annotations;
  const hasAnnotations = Object.keys(others).length > 0;
  const template = { ...rest, metadata: { ...kept, ...(hasAnnotations ? { annotations: others } : {}) } };
  return template as unknown as Json;
}

/** `sha256:<hex>`. */
export function versionOf(deployment: Pick<Deployment, 'spec'>): string {
  return digestOf(templateOf(deployment));
}

/** The first ten digits: short enough for names and labels. */
export function hashOf(version: string): string {
  return version.replace(/^sha256:/, '').slice(0, 10);
}

/**
 * A stored template as it is put back into a Deployment: with the mark of a restart that stands there now, so that pods which
 * run it already are not started again for the lack of it.
 */
export function putBack(stored: Json, present: Pick<Deployment, 'spec'>): PodTemplate {
  const template = stored as unknown as PodTemplate;
  const restartedAt = present.spec.template.metadata?.annotations?.[RESTARTED_AT];
  if (restartedAt === undefined) return template;
  const { metadata = {} } = template;
  const annotations = { ...metadata.annotations, [RESTARTED_AT]: restartedAt };
  return { ...template, metadata: { ...metadata, annotations } };
}
