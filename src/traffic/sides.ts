/**
 * Where a workload is routed, and which of its two backends is the baseline's. Of a managed workload that never changes. Of an
 * external one the two take turns: after a release the backend that was the candidate's serves, and the next release is split
 * towards the other. Who serves is told by the version that the route names. Pure.
 */
import type { Json } from '../config/plan.ts';
import type { Backend, RouteAddress } from './gateway/object.ts';
import type { Probe } from './gateway/probe.ts';

export interface Place {
  routes: readonly RouteAddress[];
  baseline: Backend;
  candidate: Backend;
  probe?: Probe;
}

/** A place for one route: with the sides as they are now. */
export interface Sides extends Place {
  /** Whether the candidate's reference is ours to add: both backends of an external workload are in its owner's route. */
  isAttaching: boolean;
}

/** @param serving backend of the version that serves; undefined for a managed workload */
export function sidesOf(place: Place, serving: Backend | undefined): Sides {
  const isAttaching = serving === undefined;
  const isTurned = serving !== undefined && isSame(serving, place.candidate) && !isSame(serving, place.baseline);
  if (!isTurned) return { ...place, isAttaching };
  const { baseline: candidate, candidate: baseline, probe } = place;
  const turned = probe && { ...probe, baseline: probe.candidate, candidate: probe.baseline };
  return { ...place, baseline, candidate, isAttaching, ...(turned ? { probe: turned } : {}) };
}

/** Of a version of an external workload, `{ version, backend }`; undefined for a managed one, whose spec is a pod template. */
export function backendOf(spec: Json): Backend | undefined {
  const { backend } = spec as { backend?: Partial<Backend> };
  return typeof backend?.name === 'string' ? (backend as Backend) : undefined;
}

/** What only one of them says (a port, a namespace) does not tell them apart. */
function isSame(a: Backend, b: Backend): boolean {
  const agree = <T>(one: T | undefined, other: T | undefined) =>
    one === undefined || other === undefined || one === other;
  return (
    a.name === b.name &&
    (a.group ?? '') === (b.group ?? '') &&
    (a.kind ?? 'Service') === (b.kind ?? 'Service') &&
    agree(a.namespace, b.namespace) &&
    agree(a.port, b.port)
  );
}
