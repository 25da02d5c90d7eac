/**
 * What of a workload's route is live, by its objects: the row that was written last, unless an object says otherwise. A
 * tombstone in any of them is obeyed, whoever put it there. Pure.
 */
import { SpillwayError } from '../errors.ts';
import { epochOf, tombstoneOf } from './gateway/object.ts';
import { type Target, type WeightOrder, weightPatch } from './gateway/patch.ts';
import { readWeight } from './gateway/reading.ts';
import type { Sighting } from './gateway/router.ts';
import type { Route } from './router.ts';
import type { Sides } from './sides.ts';

export const orderOf = ({ releaseId, candidate, weight, epoch, rolledBack }: Route): WeightOrder => ({
  releaseId,
  weight: candidate === null ? 0 : weight,
  epoch,
  rolledBack,
});

/**
 * @param seen the objects that are known
 * @param isCarriedOut this process gave all of them this route: what they say since is drift, which is the watch's
 */
export function liveRoute(route: Route, sides: Sides, seen: readonly Sighting[], isCarriedOut: boolean): Route {
  const tombstone = graveOf(route, seen);
  if (tombstone !== undefined) return rolledBackTo(route, tombstone);
  const epochs = seen.map(({ object }) => epochOf(object) ?? -1);
  const newest = Math.max(-1, ...epochs);
  if (newest > route.epoch) return { ...route, epoch: newest, weight: shareOf(sides, seen) };
  if (isCarriedOut || seen.every(one => isObeyed(one, route, sides))) return route;
  return { ...route, epoch: Math.min(route.epoch - 1, ...epochs), weight: shareOf(sides, seen) };
}

/** Epoch of a rollback of the route's release that is not in the route yet. */
function graveOf({ releaseId }: Route, seen: readonly Sighting[]): number | undefined {
  const graves = seen.flatMap(({ object }) => tombstoneOf(object) ?? []).filter(grave => grave.releaseId === releaseId);
  return graves.length === 0 ? undefined : Math.max(...graves.map(({ epoch }) => epoch));
}

function rolledBackTo(route: Route, epoch: number): Route {
  const { artifact, baseline, releaseId } = route;
  const rolledBack = `${releaseId}@${epoch}`;
  return { artifact, releaseId: null, salt: '', epoch, weight: 0, baseline, candidate: null, rolledBack };
}

/** Percent that the candidate's backend has in the object that gives it most. */
function shareOf(sides: Sides, seen: readonly Sighting[]): number {
  const shares = seen.map(one => readWeight(one.object, targetOf(one, sides)).weight ?? 0);
  return Math.round(Math.max(0, ...shares));
}

function isObeyed(one: Sighting, route: Route, sides: Sides): boolean {
  try {
    return weightPatch(one.object, targetOf(one, sides), orderOf(route)).isObeyed;
  } catch (error) {
    if (error instanceof SpillwayError) return false;
    throw error;
  }
}

const targetOf = ({ route: address }: Sighting, { baseline, candidate }: Sides): Target => ({
  address,
  baseline,
  candidate,
});
