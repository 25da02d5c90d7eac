/**
 * Spillway's own resources as they are in a cluster: the Pipeline, whose spec is the document, and one Release for each attempt.
 * The status of both is a projection of the store, for people and tools; nothing here ever reads it back as the truth.
 */
import type { KubeObject, ObjectMeta } from '../kube/client.ts';

export const SPILLWAY = 'spillway.dev';
export const API = `/apis/${SPILLWAY}/v1alpha1`;

/** What a person asks for by an annotation; it is taken away when it is done. */
export const COMMAND = `${SPILLWAY}/command`;
export const REASON = `${SPILLWAY}/reason`;
/** Who wrote the command, stamped by the API server. */
export const ACTOR = `${SPILLWAY}/actor`;
/** Keeps a Pipeline until its traffic is back; there only while there is something to bring back. */
export const FINALIZER = `${SPILLWAY}/traffic`;

export type ConditionType = 'Ready' | 'Progressing' | 'Degraded';

export interface StatusCondition {
  type: ConditionType;
  status: 'True' | 'False' | 'Unknown';
  /** CamelCase. */
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration: number;
}

/** What every condition says but for its time. */
export type ConditionDraft = Omit<StatusCondition, 'lastTransitionTime' | 'observedGeneration'>;

export interface PipelineStatus {
  observedGeneration?: number;
  phase?: string;
  /** `2/4`, `bake`; absent where nothing is rolled out. */
  stage?: string;
  weight?: number;
  baseline?: string;
  candidate?: string;
  release?: string;
  verdict?: { kind: string; reason: string };
  hold?: { reason: string; since: string };
  gate?: 'policy' | 'paused';
  /** What became of the newest command. */
  lastCommand?: { command: string; actor: string; at: string; result: string };
  conditions?: StatusCondition[];
}

export interface PipelineResource extends KubeObject {
  spec: { [key: string]: unknown };
  status?: PipelineStatus;
}

export interface ReleaseStatus {
  phase: string;
  weight: number;
  stages: { weight: number; enteredAt?: string; leftAt?: string }[];
  verdict?: { kind: string; reason: string };
  rollback?: { trigger: string; reason: string; at: string; clocks?: object };
  message?: string;
  startedAt: string;
  endedAt?: string;
}

export interface ReleaseResource extends KubeObject {
  spec: { release: string; pipeline: string; artifact: string; version: string; baseline: string };
  status?: ReleaseStatus;
}

export const pipelinesPath = (namespace: string) => `${API}/namespaces/${namespace}/pipelines`;
export const releasesPath = (namespace: string) => `${API}/namespaces/${namespace}/releases`;

export function pathOfPipeline({ namespace = 'default', name }: ObjectMeta): string {
  return `${pipelinesPath(namespace)}/${name}`;
}
