/**
 * The routes of a release as its candidate is concerned: named in them, no longer getting anything, out of them again. What the
 * watch has says whether there is anything to do, so that a pass in order makes no call.
 */
import type { Clock } from '../clock.ts';
import type { KubernetesPlan } from '../config/plan.ts';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { attach, attachPatch, detach, detachPatch } from '../traffic/gateway/attach.ts';
import { epochOf, nameOf, pathOf, type RouteAddress, type RouteObject } from '../traffic/gateway/object.ts';
import type { Target } from '../traffic/gateway/patch.ts';
import { readWeight } from '../traffic/gateway/reading.ts';
import type { Clearance } from './clearance.ts';
import { type Located, locateByRoutes } from './locate.ts';

export interface CandidateRoutes {
  attach(artifact: string): Promise<{ isAttached: boolean; why: string }>;
  /** @param plan where it is not known where the artifact is routed, its routes say whether they name a candidate */
  detach(artifact: string, plan?: KubernetesPlan): Promise<{ isDetached: boolean; why: string }>;
  clearance(artifact: string, plan?: KubernetesPlan): Clearance;
}

/** By fresh looks at the routes: which of them gives the candidate something, if one does. */
export async function freshlyGiven(
  place: Located | undefined,
  { client }: { client: KubeClient },
): Promise<string | undefined> {
  for (const address of place?.routes ?? []) {
    try {
      const route = await client.get<RouteObject>(pathOf(address, address.name));
      const { weight = 0 } = readWeight(route, { address, baseline: place!.baseline, candidate: place!.candidate });
      if (weight > 0) return `${nameOf(address)} gives the candidate ${Math.round(weight)} %`;
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 404)) throw error;
    }
  }
  return undefined;
}

interface Routes {
  client: KubeClient;
  clock: Clock;
  random: () => number;
  /** As it was seen last. */
  route(address: RouteAddress): RouteObject | undefined;
  located(artifact: string): Located | undefined;
}

/** A pass waits for a write of this; what does not come soon comes with a later one. */
const WRITE_MS = 3_000;
const NOTHING: RouteObject = { metadata: { name: '' } };
const UNKNOWN = 'where it is routed is not known yet';

export function candidateRoutes({ client, clock, random, route, located }: Routes): CandidateRoutes {
  /** Since when the candidate was seen to get nothing (monotonic), by the epochs of that: another one is another release's. */
  const clearSince = new Map<string, { epochs: string; sinceMs: number }>();

  const targetsOf = (place: Located): Target[] =>
    place.routes.map(address => ({ address, baseline: place.baseline, candidate: place.candidate }));

  /** What has had a weight meanwhile, unseen here, has a newer epoch. */
  const epochsOf = (place: Located | undefined): string =>
    (place?.routes ?? []).map(address => epochOf(route(address) ?? NOTHING) ?? '').join();

  const namesCandidate = (plan: KubernetesPlan | undefined) =>
    plan !== undefined && locateByRoutes(plan, plan.routes.map(route)) !== undefined;

  /** One that fails never stops the others. @returns why not all are done, if so */
  async function each(
    place: Located,
    isDone: (route: RouteObject, target: Target) => boolean,
    carryOut: typeof attach,
  ): Promise<string | undefined> {
    const work = targetsOf(place).map(async target => {
      const seen = route(target.address);
      if (seen && isDone(seen, target)) return;
      await carryOut({ client, target, untilMs: clock.monotonicMs() + WRITE_MS }, { clock, random });
    });
    const failed = (await Promise.allSettled(work)).find(one => one.status === 'rejected');
    return failed && asSpillwayError(failed.reason).message;
  }

  return {
    async attach(artifact) {
      const place = located(artifact);
      if (!place) return { isAttached: false, why: UNKNOWN };
      const why = await each(place, (seen, target) => attachPatch(seen, target).length === 0, attach);
      return { isAttached: why === undefined, why: why ?? 'the routes name the candidate' };
    },
    async detach(artifact, plan) {
      const place = located(artifact);
      if (!place) return { isDetached: !namesCandidate(plan), why: UNKNOWN };
      // What is not there any more names nobody.
      const there = { ...place, routes: place.routes.filter(address => route(address)) };
      const failed = await each(there, (seen, target) => detachPatch(seen, target).length === 0, detach);
      // The Service goes next: no gateway may still look for it.
      const why = failed ?? targetsOf(there).flatMap(target => whyLate(route(target.address), target) ?? [])[0];
      return { isDetached: why === undefined, why: why ?? 'the routes are as they were' };
    },
    clearance(artifact, plan) {
      const place = located(artifact);
      if (!place && namesCandidate(plan)) return { isClear: false, why: UNKNOWN };
      const why = place && targetsOf(place).flatMap(target => whyNotClear(route(target.address), target) ?? [])[0];
      if (why !== undefined) {
        clearSince.delete(artifact);
        return { isClear: false, why };
      }
      const epochs = epochsOf(place);
      const before = clearSince.get(artifact);
      const sinceMs = before?.epochs === epochs ? before.sinceMs : clock.monotonicMs();
      clearSince.set(artifact, { epochs, sinceMs });
      return { isClear: true, sinceMs, why: place ? 'no route sends to it' : UNKNOWN };
    },
  };
}

function whyNotClear(seen: RouteObject | undefined, target: Target): string | undefined {
  const { weight = 0 } = seen ? readWeight(seen, target) : {};
  if (weight > 0) return `${nameOf(target.address)} gives it ${Math.round(weight)} %`;
  return whyLate(seen, target);
}

/** A gateway that has not seen the generation yet may still send to the candidate. */
function whyLate(seen: RouteObject | undefined, target: Target): string | undefined {
  if (!seen) return undefined;
  const { generation, parents } = readWeight(seen, target);
  const late = parents.find(({ observedGeneration }) => observedGeneration < generation);
  return late && `${late.parent} has not taken up generation ${generation} of ${nameOf(target.address)}`;
}
