/**
 * One workload where it is routed: its routes written together, what they say remembered, and drift put back as long as it is
 * open. Knows what is wanted only by being asked; the rows and their order are the router's.
 */
import { isDeepStrictEqual } from 'node:util';
import { asSpillwayError } from '../errors.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Time } from '../kube/pause.ts';
import type { DriftDuty } from './gateway/drift.ts';
import type { WeightOrder } from './gateway/patch.ts';
import type { FollowRoute } from './gateway/route-feed.ts';
import { type GatewayRouter, gatewayRouter, type RouteOutcome } from './gateway/router.ts';
import type { Confirmation } from './router.ts';
import type { Sides } from './sides.ts';

export interface WorkloadSeat {
  readonly sides: Sides;
  readonly gateway: GatewayRouter;
  isFor(sides: Sides): boolean;
  /** All routes at once; one that fails never stops the others. */
  write(order: WeightOrder): Promise<RouteOutcome[]>;
  /** Looks for about a second. @throws SpillwayError WEIGHT_REJECTED while a gateway has not taken it up */
  confirm(order: WeightOrder): Promise<Confirmation>;
  close(): Promise<void>;
}

/** A pass waits for a write: what does not come soon comes with a later one. A rollback may take longer than a raise. */
const LOWER_MS = 5_000;
const RAISE_MS = 3_000;
const CONFIRM_MS = 1_000;

interface SeatOptions extends Time {
  client: KubeClient;
  follow: FollowRoute | undefined;
}

export function workloadSeat(options: SeatOptions, sides: Sides, duty: DriftDuty): WorkloadSeat {
  const gateway = gatewayRouter({ ...options, ...sides });
  const stop = new AbortController();
  const watching = gateway.watch(duty, stop.signal);
  /** Of the newest order that all routes took. */
  let done: { order: WeightOrder; outcomes: RouteOutcome[]; acceptedAtMs?: number } | undefined;

  async function write(order: WeightOrder): Promise<RouteOutcome[]> {
    const outcomes = await gateway.write(order, order.weight === 0 ? LOWER_MS : RAISE_MS);
    const isWhole = outcomes.every(({ failure }) => failure === undefined);
    if (isWhole && !isDeepStrictEqual(done?.order, order)) done = { order, outcomes };
    return outcomes;
  }

  async function acceptedAtMs(order: WeightOrder): Promise<number> {
    if (!isDeepStrictEqual(done?.order, order)) throwFirst(await write(order));
    const of = done!;
    if (of.acceptedAtMs !== undefined) return of.acceptedAtMs;
    // A candidate that is gone, or was never there, must not keep a rollback from being over.
    const wait = { withinMs: CONFIRM_MS, isSeenEnough: order.weight === 0 };
    const accepted = throwFirst(await gateway.accepted(of.outcomes, wait));
    of.acceptedAtMs = Math.max(...accepted.map(({ atMs = 0 }) => atMs));
    return of.acceptedAtMs;
  }

  async function verification(order: WeightOrder): Promise<Pick<Confirmation, 'verifiedAtMs' | 'unverified'>> {
    try {
      const verifiedAtMs = await gateway.verified(order, CONFIRM_MS);
      return verifiedAtMs === undefined ? {} : { verifiedAtMs };
    } catch (error) {
      return { unverified: asSpillwayError(error).message };
    }
  }

  return {
    sides,
    gateway,
    isFor: other => isDeepStrictEqual(other, sides),
    write,
    async confirm(order) {
      const [accepted, verified] = await Promise.all([acceptedAtMs(order), verification(order)]);
      return { acceptedAtMs: accepted, ...verified };
    },
    async close() {
      stop.abort();
      await watching;
    },
  };
}

/** @throws SpillwayError the first failure */
function throwFirst(outcomes: RouteOutcome[]): RouteOutcome[] {
  const failed = outcomes.find(({ failure }) => failure !== undefined);
  if (failed) throw failed.failure;
  return outcomes;
}
