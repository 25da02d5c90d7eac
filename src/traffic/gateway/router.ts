/**
 * The split of requests by the cluster's gateways: the weights of one pair of backends in one or more routes. All routes are
 * written at once, each for itself: one that fails neither stops nor delays the others. Written, accepted and verified are
 * three moments and never stand for each other. What a user may do wrong is an outcome of its route, not an exception.
 */
import { asSpillwayError, SpillwayError } from '../../errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { pauseMs, type Time } from '../../kube/pause.ts';
import { asFailure, Refusal } from '../../kube/refusal.ts';
import { capabilityProblems } from './capability.ts';
import { type Drift, type DriftDuty, watchDrift } from './drift.ts';
import { type Backend, nameOf, pathOf, type RouteAddress, type RouteObject } from './object.ts';
import type { Target, WeightOrder } from './patch.ts';
import { type Probe, probeUntil } from './probe.ts';
import { acceptanceOf, type RouteReading, readWeight } from './reading.ts';
import { type FollowRoute, followEach } from './route-feed.ts';
import { writeOne } from './write.ts';

export interface GatewayOptions extends Time {
  client: KubeClient;
  routes: readonly RouteAddress[];
  baseline: Backend;
  candidate: Backend;
  probe?: Probe;
  /** For one write, one acceptance, one verification: default 15 s. */
  deadlineMs?: number;
  /** Whether a raise adds the candidate's reference where a route has none. */
  isAttaching?: boolean;
  /** How the watch learns of changes: by one of its own for each route, unless there is one for all. */
  follow?: FollowRoute | undefined;
}

/** One of the three is set. Times are monotonic milliseconds. */
export interface RouteOutcome {
  route: RouteAddress;
  failure?: SpillwayError;
  /** When it was so, and of which generation of the object. */
  atMs?: number;
  generation?: number;
  /** It said what was wanted already. */
  isUnchanged?: boolean;
}

export interface GatewayRouter {
  /** What each object says; never what was asked for. */
  read(): Promise<{ route: RouteAddress; reading?: RouteReading; failure?: SpillwayError }[]>;
  /** Idempotent. A `Route` is an order. Failures: EPOCH_STALE, WEIGHT_REJECTED, RIGHTS_MISSING, NOT_FOUND, CLUSTER_UNREACHABLE. */
  write(order: WeightOrder, withinMs?: number): Promise<RouteOutcome[]>;
  /** Waits until every parent of each written route has seen that generation and serves it. Failed routes stay as they are. */
  accepted(written: readonly RouteOutcome[], wait?: AcceptanceWait): Promise<RouteOutcome[]>;
  /** Waits until the data plane obeys; undefined without a probe. @throws SpillwayError WEIGHT_REJECTED when it does not in time */
  verified(order: WeightOrder, withinMs?: number): Promise<number | undefined>;
  /** The newest object of each route that is known to be there, by the watch, a look or a write. */
  seen(): Sighting[];
  /** What the cluster cannot do of what is wanted, in sentences; empty when it can do all. Look before the first raise. */
  check(): Promise<string[]>;
  /** Puts back what others change, until the signal. Resolves when it has stopped. */
  watch(duty: DriftDuty, signal: AbortSignal): Promise<void>;
  /** Repairs since the start. */
  repairs(): number;
}

export interface Sighting {
  route: RouteAddress;
  object: RouteObject;
}

export interface AcceptanceWait {
  withinMs?: number;
  /** That it was seen is enough: for weight 0, where a candidate that cannot be reached any more is no reason to wait. */
  isSeenEnough?: boolean;
}

const DEADLINE_MS = 15_000;

export function gatewayRouter(options: GatewayOptions): GatewayRouter {
  const { client, routes, clock, random, deadlineMs = DEADLINE_MS } = options;
  const time: Time = { clock, random };
  /** What the next patch may begin from. */
  const seen = new Map<RouteAddress, RouteObject>();
  const newest = new Map<RouteAddress, RouteObject>();
  /** Orders that are being written. */
  const under = new Map<RouteAddress, Promise<void>>();
  const isAttaching = options.isAttaching ?? false;
  const targetOf = (address: RouteAddress): Target => ({
    address,
    baseline: options.baseline,
    candidate: options.candidate,
  });
  let repairs = 0;

  function see(route: RouteAddress, found: RouteObject): void {
    seen.set(route, found);
    newest.set(route, found);
  }

  async function writeRoute(route: RouteAddress, order: WeightOrder, withinMs = deadlineMs): Promise<RouteOutcome> {
    const untilMs = clock.monotonicMs() + withinMs;
    try {
      const { object: written, isChanged } = await writeOne(
        { client, target: targetOf(route), order, seen: seen.get(route), untilMs, isAttaching },
        time,
      );
      see(route, written);
      const generation = written.metadata.generation ?? 0;
      return { route, atMs: clock.monotonicMs(), generation, ...(isChanged ? {} : { isUnchanged: true }) };
    } catch (error) {
      seen.delete(route);
      const failure = asSpillwayError(error);
      // A route that is gone gives nobody anything.
      if (order.weight === 0 && failure.code === 'NOT_FOUND')
        return { route, atMs: clock.monotonicMs(), generation: 0, isUnchanged: true };
      return { route, failure };
    }
  }

  /** What the watch sees while an order is written is no drift: it waits. */
  function ahead(route: RouteAddress, writing: Promise<RouteOutcome>): Promise<RouteOutcome> {
    const all = Promise.all([under.get(route), writing]).then(() => {
      if (under.get(route) === all) under.delete(route);
    });
    under.set(route, all);
    return writing;
  }

  async function acceptedRoute(written: RouteOutcome, wait: AcceptanceWait): Promise<RouteOutcome> {
    const { route } = written;
    const untilMs = clock.monotonicMs() + (wait.withinMs ?? deadlineMs);
    for (let attempt = 0; ; attempt++) {
      const look = await lookForAcceptance(written, wait.isSeenEnough ?? false);
      if (!('pending' in look)) return look;
      // A gateway answers within tenths of a second, or is ill: asked often at first, then seldom.
      const waitMs = Math.min(pauseMs(attempt, random), 500);
      if (clock.monotonicMs() + waitMs >= untilMs) return failed(route, `was not accepted in time: ${look.pending}`);
      await clock.sleep(waitMs);
    }
  }

  async function lookForAcceptance(
    written: RouteOutcome,
    isSeenEnough: boolean,
  ): Promise<RouteOutcome | { pending: string }> {
    const { route, generation = 0 } = written;
    try {
      const found = await client.get<RouteObject>(pathOf(route, route.name));
      const reading = readWeight(found, targetOf(route));
      // One that was made again counts from 1.
      const acceptance = acceptanceOf({ ...reading, generation: Math.min(generation, reading.generation) });
      const isNobodys = isSeenEnough && reading.parents.length === 0;
      if (acceptance.is === 'pending' && !isNobodys) return { pending: acceptance.why };
      if (acceptance.is === 'refused' && !isSeenEnough) return failed(route, `is not served: ${acceptance.why}`);
      return { ...written, atMs: clock.monotonicMs() };
    } catch (error) {
      if (error instanceof Refusal && error.isTransient) return { pending: error.message };
      if (error instanceof Refusal && error.status === 404 && isSeenEnough)
        return { ...written, atMs: clock.monotonicMs() };
      return { route, failure: asFailure(error, `${nameOf(route)} cannot be read`) };
    }
  }

  return {
    read: () =>
      Promise.all(
        routes.map(async route => {
          try {
            const found = await client.get<RouteObject>(pathOf(route, route.name));
            see(route, found);
            return { route, reading: readWeight(found, targetOf(route)) };
          } catch (error) {
            return { route, failure: asFailure(error, `${nameOf(route)} cannot be read`) };
          }
        }),
      ),
    write: (order, withinMs) => Promise.all(routes.map(route => ahead(route, writeRoute(route, order, withinMs)))),
    accepted: (written, wait = {}) => Promise.all(written.map(one => (one.failure ? one : acceptedRoute(one, wait)))),
    verified: async (order, withinMs = deadlineMs) =>
      options.probe && probeUntil(options.probe, order.weight, clock.monotonicMs() + withinMs, time),
    seen: () => [...newest].map(([route, object]) => ({ route, object })),
    check: async () =>
      (await Promise.all(routes.map(route => capabilityProblems(client, targetOf(route), isAttaching)))).flat(),
    async watch(duty, signal) {
      const report = (drift: Drift) => {
        if (drift.is === 'repaired') repairs += 1;
        duty.onDrift(drift);
      };
      const followRoute = options.follow ?? followEach(client, time);
      const each = (route: RouteAddress) => ({
        follow: followRoute,
        target: targetOf(route),
        duty: { ...duty, onDrift: report },
        write: (order: WeightOrder) => writeRoute(route, order),
        onSeen: (found: RouteObject) => {
          if (isOlder(found, newest.get(route))) return false;
          see(route, found);
          return true;
        },
        newest: () => newest.get(route),
        settled: () => under.get(route),
        onGone: () => void newest.delete(route),
      });
      await Promise.all(routes.map(route => watchDrift(each(route), time, signal)));
    },
    repairs: () => repairs,
  };
}

/** A watch comes after the answers to our own writes. */
function isOlder({ metadata: { uid, generation = 0 } }: RouteObject, known: RouteObject | undefined): boolean {
  return known !== undefined && uid === known.metadata.uid && generation < (known.metadata.generation ?? 0);
}

function failed(route: RouteAddress, why: string): RouteOutcome {
  return { route, failure: new SpillwayError('WEIGHT_REJECTED', `${nameOf(route)} ${why}.`) };
}
