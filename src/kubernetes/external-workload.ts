/**
 * A workload of two backends that exist already, as a pipeline sees it: which of them serves, and what the document names for
 * the other. They take turns: what was tried serves afterwards, and the next version is for the backend that has no traffic
 * then. Who serves is told by the stored baseline; before there is one, by the weights of the routes. Pure.
 */
import { digestOf } from '../config/digest.ts';
import type { Json, KubernetesPlan } from '../config/plan.ts';
import { type Backend, nameOf, nameOfBackend, type RouteObject } from '../traffic/gateway/object.ts';
import { readWeight } from '../traffic/gateway/reading.ts';
import { backendOf, type Place, sidesOf } from '../traffic/sides.ts';
import type { WorkloadView } from './next-step.ts';

export interface ExternalVersion {
  /** As the document names it. */
  version: string;
  /** That runs it. */
  backend: Backend;
}

export interface ExternalLook {
  view: WorkloadView;
  /** What the document asks for: content of a version, as it is stored. */
  applied: ExternalVersion;
  /** With the sides as they are now. */
  sides: Place;
}

interface Known {
  place: Place;
  /** As watches brought them; undefined where there is none. */
  routes: readonly (RouteObject | undefined)[];
  /** Of the stored baseline; undefined before the first look. */
  serves: Json | undefined;
}

/** A name that is the serving version's asks for nothing; another one is for the backend without traffic. */
export function lookAtExternal(
  { workload }: KubernetesPlan,
  { place, routes, serves }: Known,
): ExternalLook | { problems: string[] } {
  if ('managed' in workload) throw new Error('not an external workload');
  const { version } = workload.external;
  if (serves === undefined) {
    const serving = servingByWeight(place, routes);
    return 'problems' in serving ? serving : lookOf({ version, backend: serving.backend }, serving.backend, place);
  }
  const stored = serves as unknown as ExternalVersion;
  const backend = backendOf(serves);
  const { baseline, candidate } = place;
  if (!backend || ![baseline, candidate].some(one => isSameObject(one, backend)))
    return {
      problems: [
        `${backend ? nameOfBackend(backend) : 'what serves'} is neither spec.target.kubernetes.baseline nor candidate, and serves everyone: name it as one of the two`,
      ],
    };
  const idle = sidesOf(place, backend).candidate;
  return lookOf(version === stored.version ? stored : { version, backend: idle }, backend, place);
}

/** It never rolls by itself, so a changed one is as good as held: nobody meets it before the route sends to it. */
function lookOf(applied: ExternalVersion, serving: Backend, place: Place): ExternalLook {
  const version = digestOf(applied as unknown as Json);
  const view = { version, isPaused: true, isHeld: false, isRolledOut: true, mayRevert: false };
  return { view, applied, sides: sidesOf(place, serving) };
}

function servingByWeight(
  { routes: addresses, baseline, candidate }: Place,
  routes: Known['routes'],
): { backend: Backend } | { problems: string[] } {
  const shares = addresses.flatMap((address, at) => {
    const route = routes[at];
    const share = route && readWeight(route, { address, baseline, candidate }).weight;
    return share === undefined ? [] : [{ address, share }];
  });
  const split = shares.find(({ share }) => share > 0 && share < 100) ?? differing(shares);
  if (split)
    return {
      problems: [
        `${nameOf(split.address)} sends to both ${nameOfBackend(baseline)} and ${nameOfBackend(candidate)}: give the one that is to be tried weight 0 in every route, so that it is known which one serves`,
      ],
    };
  return { backend: shares[0]?.share === 100 ? candidate : baseline };
}

const differing = <T extends { share: number }>(shares: readonly T[]) =>
  shares.find(({ share }) => share !== shares[0]!.share);

const isSameObject = (a: Backend, b: Backend) =>
  a.name === b.name && (a.kind ?? 'Service') === (b.kind ?? 'Service') && (a.group ?? '') === (b.group ?? '');
