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
import { writeOne } from './write.ts';

export interface GatewayOptions extends Time {
  client: KubeClient;
  routes: readonly RouteAddress[];
  baseline: Backend;
  candidate: Backend;
  probe?: Probe;
  /** For one write, one acceptance, one verification: default 15 s. */
  deadlineMs?: number;
}

/** One of the three is set. Times are monotonic milliseconds. */
export interface RouteOutcome {
  route: RouteAddress;
  failure?: SpillwayError;
  /** When it was so, and of which generation of the object. */
  atMs?: number;
  generation?: number;
}

export interface GatewayRouter {
  /** What each object says; never what was asked for. */
  read(): Promise<{ route: RouteAddress; reading?: RouteReading; failure?: SpillwayError }[]>;
  /** Idempotent. A `Route` is an order. Failures: EPOCH_STALE, WEIGHT_REJECTED, RIGHTS_MISSING, NOT_FOUND, CLUSTER_UNREACHABLE. */
  write(order: WeightOrder): Promise<RouteOutcome[]>;
  /** Waits until every parent of each written route has seen that generation and serves it. Failed routes stay as they are. */
  accepted(written: readonly RouteOutcome[]): Promise<RouteOutcome[]>;
  /** Waits until the data plane obeys; undefined without a probe. @throws SpillwayError WEIGHT_REJECTED when it does not in time */
  verified(order: WeightOrder): Promise<number | undefined>;
  /** What the cluster cannot do of what is wanted, in sentences; empty when it can do all. Look before the first raise. */
  check(): Promise<string[]>;
  /** Puts back what others change, until the signal. Resolves when it has stopped. */
  watch(duty: DriftDuty, signal: AbortSignal): Promise<void>;
  /** Repairs since the start. */
  repairs(): number;
}

const DEADLINE_MS = 15_000;

export function gatewayRouter(options: GatewayOptions): GatewayRouter {
  const { client, routes, clock, random, deadlineMs = DEADLINE_MS } = options;
  const time: Time = { clock, random };
  const seen = new Map<RouteAddress, RouteObject>();
  const targetOf = (address: RouteAddress): Target => ({
    address,
    baseline: options.baseline,
    candidate: options.candidate,
  });
  let repairs = 0;

  async function writeRoute(route: RouteAddress, order: WeightOrder): Promise<RouteOutcome> {
    const untilMs = clock.monotonicMs() + deadlineMs;
    try {
      const written = await writeOne({ client, target: targetOf(route), order, seen: seen.get(route), untilMs }, time);
      seen.set(route, written);
      return { route, atMs: clock.monotonicMs(), generation: written.metadata.generation ?? 0 };
    } catch (error) {
      seen.delete(route);
      return { route, failure: asSpillwayError(error) };
    }
  }

  async function acceptedRoute(written: RouteOutcome): Promise<RouteOutcome> {
    const { route, generation = 0 } = written;
    const untilMs = clock.monotonicMs() + deadlineMs;
    let last = 'no gateway has taken it up';
    for (let attempt = 0; ; attempt++) {
      try {
        const found = await client.get<RouteObject>(pathOf(route, route.name));
        const acceptance = acceptanceOf({ ...readWeight(found, targetOf(route)), generation });
        if (acceptance.is === 'accepted') return { ...written, atMs: clock.monotonicMs() };
        if (acceptance.is === 'refused') return failed(route, `is not served: ${acceptance.why}`);
        last = acceptance.why;
      } catch (error) {
        if (!(error instanceof Refusal) || !error.isTransient)
          return { route, failure: asFailure(error, `${nameOf(route)} cannot be read`) };
        last = error.message;
      }
      // A gateway answers within tenths of a second, or is ill: asked often at first, then seldom.
      const waitMs = Math.min(pauseMs(attempt, random), 500);
      if (clock.monotonicMs() + waitMs >= untilMs) return failed(route, `was not accepted in time: ${last}`);
      await clock.sleep(waitMs);
    }
  }

  return {
    read: () =>
      Promise.all(
        routes.map(async route => {
          try {
            const found = await client.get<RouteObject>(pathOf(route, route.name));
            seen.set(route, found);
            return { route, reading: readWeight(found, targetOf(route)) };
          } catch (error) {
            return { route, failure: asFailure(error, `${nameOf(route)} cannot be read`) };
          }
        }),
      ),
    write: order => Promise.all(routes.map(route => writeRoute(route, order))),
    accepted: written => Promise.all(written.map(one => (one.failure ? one : acceptedRoute(one)))),
    verified: async order =>
      options.probe && probeUntil(options.probe, order.weight, clock.monotonicMs() + deadlineMs, time),
    check: async () => (await Promise.all(routes.map(route => capabilityProblems(client, targetOf(route))))).flat(),
    async watch(duty, signal) {
      const report = (drift: Drift) => {
        if (drift.is === 'repaired') repairs += 1;
        duty.onDrift(drift);
      };
      const each = (route: RouteAddress) => ({
        client,
        target: targetOf(route),
        duty: { ...duty, onDrift: report },
        write: (order: WeightOrder) => writeRoute(route, order),
        onSeen: (found: RouteObject) => void seen.set(route, found),
      });
      await Promise.all(routes.map(route => watchDrift(each(route), time, signal)));
    },
    repairs: () => repairs,
  };
}

function failed(route: RouteAddress, why: string): RouteOutcome {
  return { route, failure: new SpillwayError('WEIGHT_REJECTED', `${nameOf(route)} ${why}.`) };
}
