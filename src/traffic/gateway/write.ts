/**
 * Gives one route its weight. Weight 0 is patched from what was last seen, without a look; a raise looks first, at the
 * gateways too, and puts the candidate's reference there where somebody took it away.
 */
import { SpillwayError } from '../../errors.ts';
import type { KubeClient, Operation } from '../../kube/client.ts';
import type { Time } from '../../kube/pause.ts';
import { attachPatch } from './attach.ts';
import { Again, type Insisted, insist } from './insist.ts';
import { nameOf, type RouteObject } from './object.ts';
import { refuseStale, type Target, type WeightOrder, weightPatch } from './patch.ts';
import { acceptanceOf, readWeight } from './reading.ts';

export interface WriteOne {
  client: KubeClient;
  target: Target;
  order: WeightOrder;
  /** Where it was last seen; may be old. */
  seen: RouteObject | undefined;
  /** Monotonic. */
  untilMs: number;
  /** Whether the candidate's reference is ours to add. */
  isAttaching?: boolean;
}

/** @throws SpillwayError why the object does not say what is wanted */
export function writeOne(write: WriteOne, time: Time): Promise<Insisted> {
  const { client, target, order, untilMs } = write;
  const what = `${nameOf(target.address)} was not given weight ${order.weight}`;
  return insist(
    {
      client,
      address: target.address,
      what,
      untilMs,
      seen: order.weight === 0 ? write.seen : undefined,
      plan: (found, isFresh) => planOf(write, found, isFresh),
      isDone: answer => isObeyed(answer, write),
    },
    time,
  );
}

function planOf({ target, order, isAttaching }: WriteOne, found: RouteObject, isFresh: boolean): readonly Operation[] {
  if (isAttaching && order.weight > 0) {
    refuseStale(found, target, order); // a late raise must not leave a reference behind that nobody takes out again
    const attaching = attachPatch(found, target);
    if (attaching.length > 0) return attaching; // the weight is the next patch, when the gateways know the reference
  }
  const { operations, isRaise } = weightPatch(found, target, order);
  if (isRaise && isFresh) refuseUnserved(found, target, order);
  return operations;
}

function isObeyed(answer: RouteObject, { target, order, isAttaching }: WriteOne): boolean {
  if (isAttaching && order.weight > 0 && attachPatch(answer, target).length > 0) return false;
  return weightPatch(answer, target, order).isObeyed;
}

/** A share is not raised where a gateway does not serve what there is already. */
function refuseUnserved(found: RouteObject, target: Target, { weight }: WeightOrder): void {
  const acceptance = acceptanceOf(readWeight(found, target));
  if (acceptance.is === 'pending') throw new Again(acceptance.why);
  if (acceptance.is === 'refused')
    throw new SpillwayError(
      'WEIGHT_REJECTED',
      `${nameOf(target.address)} was not raised to ${weight}: ${acceptance.why}.`,
    );
}
