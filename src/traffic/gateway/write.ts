/**
 * Gives one route its weight: look, patch, look at the answer, until it says what is wanted or the time is over. What went
 * wrong decides what comes next: a conflict is looked at afresh, an overloaded server gets its pause, a missing right ends
 * it. Weight 0 is patched from what was last seen, without a look; a raise looks first, at the gateways too.
 */
import { SpillwayError } from '../../errors.ts';
import type { KubeClient, Operation } from '../../kube/client.ts';
import { pauseMs, type Time } from '../../kube/pause.ts';
import { asFailure, Refusal } from '../../kube/refusal.ts';
import { nameOf, pathOf, type RouteObject } from './object.ts';
import { type Target, type WeightOrder, weightPatch } from './patch.ts';
import { acceptanceOf, readWeight } from './reading.ts';

export interface WriteOne {
  client: KubeClient;
  target: Target;
  order: WeightOrder;
  /** Where it was last seen; may be old. */
  seen: RouteObject | undefined;
  /** Monotonic. */
  untilMs: number;
}

/** Look again and compute anew. `why` is what a user is told when the time is over first. */
class Again extends Error {}

/** @returns the object that says what is wanted. @throws SpillwayError why it does not */
export async function writeOne(write: WriteOne, time: Time): Promise<RouteObject> {
  const { target, order } = write;
  const what = `${nameOf(target.address)} was not given weight ${order.weight}`;
  let seen = order.weight === 0 ? write.seen : undefined;
  let refused: string | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      const { found, operations } = await attemptOne(write, seen);
      if (operations.length === 0) return found;
      const answer = await patchOne(write, operations, refused);
      if (weightPatch(answer, target, order).isObeyed) return answer;
      throw new Again('what is written there is changed at once');
    } catch (error) {
      if (error instanceof Conflict) refused = error.operations;
      if (!isWorthAnother(error)) throw asFailure(error, what);
      const waitMs = pauseMs(attempt, time.random, error);
      if (time.clock.monotonicMs() + waitMs >= write.untilMs) throw inTime(error, what);
      // An overload says nothing about the object; a conflict does.
      if (error instanceof Again) seen = undefined;
      await time.clock.sleep(waitMs);
    }
  }
}

class Conflict extends Again {
  readonly operations: string;
  constructor(message: string, operations: string) {
    super(message);
    this.operations = operations;
  }
}

function isWorthAnother(error: unknown): boolean {
  return error instanceof Again || (error instanceof Refusal && error.isTransient);
}

function inTime(error: unknown, what: string): SpillwayError {
  if (error instanceof Again) return new SpillwayError('WEIGHT_REJECTED', `${what} in time: ${error.message}.`);
  return asFailure(error, `${what} in time`);
}

async function attemptOne({ client, target, order }: WriteOne, seen: RouteObject | undefined) {
  if (seen !== undefined) {
    const { operations } = weightPatch(seen, target, order);
    // Nothing to do, by an old look: only a fresh one may say so.
    if (operations.length > 0) return { found: seen, operations };
  }
  const found = await client.get<RouteObject>(pathOf(target.address, target.address.name));
  const { operations, isRaise } = weightPatch(found, target, order);
  if (isRaise) refuseUnserved(found, target, order);
  return { found, operations };
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

/** @param refused the patch that was refused last, as text: the same one again, from a fresh look, is refused for good */
async function patchOne(
  { client, target }: WriteOne,
  operations: readonly Operation[],
  refused: string | undefined,
): Promise<RouteObject> {
  try {
    return await client.patch<RouteObject>(pathOf(target.address, target.address.name), operations);
  } catch (error) {
    if (!(error instanceof Refusal) || (error.status !== 409 && error.status !== 422)) throw error;
    const text = JSON.stringify(operations);
    if (error.status === 422 && text === refused) throw error;
    throw new Conflict(`${error.status} ${error.message}`, error.status === 422 ? text : '');
  }
}
