/**
 * Spillway's own resources as they are in a cluster: the Pipeline, whose spec is the document, and one Release for each attempt.
 * The status of both is a projection of the store, for people and tools; nothing here ever reads it back as the truth.
 */
import type { KubeObject, ObjectMeta } from '../kube/client.ts';
import type { PipelineStatus, ReleaseSpec, ReleaseStatus } from './resource-status.ts';

export const SPILLWAY = 'spillway.dev';
export const API = `/apis/${SPILLWAY}/v1alpha1`;

/** The stage that the person saw, as the status names it (`2/4`): a promotion of a stage that was left meanwhile is refused. */
export const STAGE = `${SPILLWAY}/stage`;
/** Tells one giving of a command from another: whoever waits for an answer knows by it whether its own was taken. */
export const WORD = `${SPILLWAY}/word`;
/** Keeps a Pipeline until its traffic is back; there only while there is something to bring back. */
export const FINALIZER = `${SPILLWAY}/traffic`;

export interface PipelineResource extends KubeObject {
  spec: { [key: string]: unknown };
  status?: PipelineStatus;
}

export interface ReleaseResource extends KubeObject {
  spec: ReleaseSpec;
  status?: ReleaseStatus;
}

export const pipelinesPath = (namespace: string) => `${API}/namespaces/${namespace}/pipelines`;
export const releasesPath = (namespace: string) => `${API}/namespaces/${namespace}/releases`;

export function pathOfPipeline({ namespace = 'default', name }: ObjectMeta): string {
  return `${pipelinesPath(namespace)}/${name}`;
}
