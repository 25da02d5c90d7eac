/**
 * What is written into the user's own Deployment, and what its roll has come to. Each patch is tested against what was looked at:
 * a template that somebody writes at the same moment is never let loose unseen. Pure.
 */
import type { Operation } from '../kube/client.ts';
import { HELD, KEPT_PAUSED } from './gate-policy.ts';
import { pointerTo } from './labels.ts';
import type { Deployment, PodTemplate } from './objects.ts';

/** Whether its template is held back: by the gate, or because it stays paused between releases. */
export const isHeld = ({ metadata, spec }: Deployment) =>
  spec.paused === true || metadata.annotations?.[HELD] !== undefined;

/** Lets it roll, if its template is still the one that was looked at. Empty when nothing holds it. */
export function resumePatch(deployment: Deployment): Operation[] {
  const release = lettingGo(deployment);
  if (release.length === 0) return [];
  return [{ op: 'test', path: '/spec/template', value: deployment.spec.template }, ...release];
}

/** Puts a template back and lets it roll, if nothing of its spec has changed since it was looked at. */
export function putBackPatch(deployment: Deployment, template: PodTemplate): Operation[] {
  return [
    { op: 'test', path: '/metadata/generation', value: deployment.metadata.generation },
    { op: 'replace', path: '/spec/template', value: template },
    ...lettingGo(deployment),
  ];
}

/** For the gate without a policy: the next change of the template waits. */
export function pausePatch(deployment: Deployment): Operation[] {
  const { annotations } = deployment.metadata;
  return [
    { op: 'test', path: '/spec/template', value: deployment.spec.template },
    { op: 'add', path: '/spec/paused', value: true },
    ...(annotations === undefined ? [{ op: 'add', path: '/metadata/annotations', value: {} } as const] : []),
    { op: 'add', path: markOf(KEPT_PAUSED), value: 'true' },
  ];
}

function lettingGo({ metadata, spec }: Deployment): Operation[] {
  const marks = [HELD, KEPT_PAUSED].filter(mark => metadata.annotations?.[mark] !== undefined);
  return [
    ...(spec.paused === true ? [{ op: 'remove', path: '/spec/paused' } as const] : []),
    ...marks.map(mark => ({ op: 'remove', path: markOf(mark) }) as const),
  ];
}

const markOf = (key: string) => `/metadata/annotations/${pointerTo(key)}`;

/** Paused by the API server for its template, or by us where that is not how it is done any more. */
export function isOurs({ metadata: { annotations = {} } }: Deployment, gate: 'policy' | 'paused'): boolean {
  return annotations[HELD] !== undefined || (gate === 'policy' && annotations[KEPT_PAUSED] !== undefined);
}

/** Whether all of it runs the present template, each pod ready for `minReadySeconds`; and if not, what is missing. */
export function rollOf({ metadata, spec, status = {} }: Deployment): { isDone: boolean; why: string } {
  const wanted = spec.replicas ?? 1;
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const is = `Deployment ${metadata.name}`;
  const waiting = (why: string) => ({ isDone: false, why });
  if (wanted === 0) return waiting(`${is} is scaled to zero, and would take the traffic with no pods`);
  if (observedGeneration < (metadata.generation ?? 0)) return waiting(`${is} was changed, and is not looked at yet`);
  if (spec.paused) return waiting(`${is} is paused`);
  const stuck = status.conditions?.find(({ type, status }) => type === 'Progressing' && status === 'False');
  const slow = stuck ? ` (${stuck.reason ?? 'no progress'}: ${stuck.message ?? ''})` : '';
  if (updatedReplicas < wanted) return waiting(`${updatedReplicas} of ${wanted} pods of ${is} are replaced${slow}`);
  if (replicas > updatedReplicas) return waiting(`${replicas - updatedReplicas} old pods of ${is} still run${slow}`);
  if (availableReplicas < wanted)
    return waiting(`${availableReplicas} of ${wanted} pods of ${is} are available${slow}`);
  return { isDone: true, why: `all ${wanted} pods of ${is} run the version` };
}
