/**
 * Brings one route to say what is wanted: look, patch, look at the answer, again until it does or the time is over. What went
 * wrong decides what comes next: a conflict is looked at afresh, an overloaded server gets its pause, a missing right ends
 * it. Knows nothing of what is wanted; that is the plan's.
 */
import { SpillwayError } from '../../errors.ts';
import type { KubeClient, Operation } from '../../kube/client.ts';
import { pauseMs, type Time } from '../../kube/pause.ts';
import { asFailure, Refusal } from '../../kube/refusal.ts';
import { pathOf, type RouteAddress, type RouteObject } from './object.ts';

export interface Insistence {
  client: KubeClient;
  address: RouteAddress;
  /** What is said when it fails: "HTTPRoute shop/web was not given weight 25". */
  what: string;
  /** Patched without a look first; may be old. */
  seen?: RouteObject | undefined;
  /** Monotonic. */
  untilMs: number;
  /**
   * What is to be written; nothing when the object says what is wanted already. Pure.
   * @throws SpillwayError what must not be written; Again what cannot be yet
   */
  plan(found: RouteObject, isFresh: boolean): readonly Operation[];
  /** Whether the object that a patch came back with says what is wanted. */
  isDone(answer: RouteObject): boolean;
}

/** Look again and compute anew. `why` is what a user is told when the time is over first. */
export class Again extends Error {}

class Conflict extends Again {
  readonly operations: string;
  constructor(message: string, operations: string) {
    super(message);
    this.operations = operations;
  }
}

export interface Insisted {
  /** Says what is wanted. */
  object: RouteObject;
  /** Whether it had to be written. */
  isChanged: boolean;
}

/** @throws SpillwayError why the object does not say what is wanted */
export async function insist(on: Insistence, time: Time): Promise<Insisted> {
  let { seen } = on;
  let refused: string | undefined;
  let isChanged = false;
  for (let attempt = 0; ; attempt++) {
    try {
      const { found, operations } = await attemptOne(on, seen);
      if (operations.length === 0) return { object: found, isChanged };
      const answer = await patchOne(on, operations, refused);
      isChanged = true;
      if (on.isDone(answer)) return { object: answer, isChanged };
      throw new Again('what is written there is changed at once');
    } catch (error) {
      if (error instanceof Conflict) refused = error.operations;
      if (!isWorthAnother(error)) throw asFailure(error, on.what);
      const waitMs = pauseMs(attempt, time.random, error);
      if (time.clock.monotonicMs() + waitMs >= on.untilMs) throw inTime(error, on.what);
      // An overload says nothing about the object; a conflict does.
      if (error instanceof Again) seen = undefined;
      await time.clock.sleep(waitMs);
    }
  }
}

function isWorthAnother(error: unknown): boolean {
  return error instanceof Again || (error instanceof Refusal && error.isTransient);
}

function inTime(error: unknown, what: string): SpillwayError {
  if (error instanceof Again) return new SpillwayError('WEIGHT_REJECTED', `${what} in time: ${error.message}.`);
  return asFailure(error, `${what} in time`);
}

async function attemptOne({ client, address, plan }: Insistence, seen: RouteObject | undefined) {
  if (seen !== undefined) {
    const operations = plan(seen, false);
    // Nothing to do, by an old look: only a fresh one may say so.
    if (operations.length > 0) return { found: seen, operations };
  }
  const found = await client.get<RouteObject>(pathOf(address, address.name));
  return { found, operations: plan(found, true) };
}

/** @param refused the patch that was refused last, as text: the same one again, from a fresh look, is refused for good */
async function patchOne(
  { client, address }: Insistence,
  operations: readonly Operation[],
  refused: string | undefined,
): Promise<RouteObject> {
  try {
    return await client.patch<RouteObject>(pathOf(address, address.name), operations);
  } catch (error) {
    if (!(error instanceof Refusal) || (error.status !== 409 && error.status !== 422)) throw error;
    const text = JSON.stringify(operations);
    if (error.status === 422 && text === refused) throw error;
    throw new Conflict(`${error.status} ${error.message}`, error.status === 422 ? text : '');
  }
}
