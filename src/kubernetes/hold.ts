/**
 * The lower bound of an autoscaler, held while a release takes traffic from the pods it counts: they must be there when the traffic
 * comes back at once. What it was stands on the autoscaler itself, written with the hold in one call, so that the two cannot
 * part; at the end it is as it was, and nobody can see in its `managedFields` that it was ever held.
 */
import type { KubeClient, Operation } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { HOLD, pointerTo } from './labels.ts';
import { type HorizontalPodAutoscaler, KINDS, pathOf } from './objects.ts';
import { forgettingPatch, HOLD_MANAGER } from './ownership.ts';

export interface Hold {
  pipeline: string;
  /** Held at this. */
  minReplicas: number;
  /** Given back. */
  before: number;
}

export function holdOf({ metadata }: HorizontalPodAutoscaler): Hold | undefined {
  try {
    const hold = JSON.parse(metadata.annotations?.[HOLD] ?? '') as Partial<Hold>;
    const isWhole =
      typeof hold.pipeline === 'string' && Number.isInteger(hold.minReplicas) && Number.isInteger(hold.before);
    return isWhole ? (hold as Hold) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The hold that should be; undefined when it is. Whoever writes another bound meanwhile means the time after the release.
 * @param stable pods that carry the traffic when the hold begins; later the recorded number counts
 */
export function wantedHold(hpa: HorizontalPodAutoscaler, pipeline: string, stable: number): Hold | undefined {
  const present = hpa.spec.minReplicas ?? 1;
  const held = holdOf(hpa);
  if (held) {
    return held.minReplicas === present ? undefined : { ...held, before: present };
  }
  // An autoscaler counts nothing for a Deployment that is scaled to zero.
  if (stable === 0) return undefined;
  return { pipeline, minReplicas: Math.min(Math.max(stable, present), hpa.spec.maxReplicas), before: present };
}

export async function takeHold(client: KubeClient, hpa: HorizontalPodAutoscaler, hold: Hold): Promise<void> {
  const { namespace, name } = hpa.metadata;
  const object = {
    apiVersion: KINDS.HorizontalPodAutoscaler.apiVersion,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace, annotations: { [HOLD]: JSON.stringify(hold) } },
    spec: { minReplicas: hold.minReplicas },
  };
  await client.apply(pathOf('HorizontalPodAutoscaler', namespace, name), object, { manager: HOLD_MANAGER });
}

/** Whether anything of a hold is left on it: the hold, or its trace. */
export function isMarked(hpa: HorizontalPodAutoscaler): boolean {
  return hpa.metadata.annotations?.[HOLD] !== undefined || forgettingPatch(hpa).length > 0;
}

/** Gives the bound back, then the ownership of it. @returns false when somebody wrote meanwhile: look again */
export async function giveBack(client: KubeClient, hpa: HorizontalPodAutoscaler): Promise<boolean> {
  const path = pathOf('HorizontalPodAutoscaler', hpa.metadata.namespace, hpa.metadata.name);
  try {
    const text = hpa.metadata.annotations?.[HOLD];
    const freed = text === undefined ? hpa : await client.patch<HorizontalPodAutoscaler>(path, freeingPatch(hpa, text));
    const operations = forgettingPatch(freed);
    if (operations.length > 0) await client.patch(path, operations);
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return true;
    if (error instanceof Refusal && (error.status === 409 || error.status === 422)) return false;
    throw error;
  }
}

function freeingPatch(hpa: HorizontalPodAutoscaler, text: string): Operation[] {
  const annotation = `/metadata/annotations/${pointerTo(HOLD)}`;
  const hold = holdOf(hpa);
  const freed: Operation[] = [
    { op: 'test', path: annotation, value: text },
    { op: 'remove', path: annotation },
  ];
  if (!hold || hpa.spec.minReplicas !== hold.minReplicas) return freed;
  return [
    ...freed,
    { op: 'test', path: '/spec/minReplicas', value: hold.minReplicas },
    { op: 'replace', path: '/spec/minReplicas', value: hold.before },
  ];
}
