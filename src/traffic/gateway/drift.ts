/**
 * Sees when somebody else changes the weights of a route, says who, and puts them back. What lowers the candidate is put
 * back at once, at most once a second; what raises it only after the store was read afresh, with growing pauses, because a
 * person who takes the candidate's traffic away may know why. Stands down before a newer epoch.
 */
import { SpillwayError } from '../../errors.ts';
import type { Time } from '../../kube/pause.ts';
import { epochOf, type RouteAddress, type RouteObject } from './object.ts';
import { type Target, type WeightOrder, weightPatch } from './patch.ts';
import { lastWriter, readWeight } from './reading.ts';
import type { FollowRoute } from './route-feed.ts';
import type { RouteOutcome } from './router.ts';

export interface Drift {
  route: RouteAddress;
  /** `left`: a raise that the store does not want any more; `overtaken`: a newer epoch or a tombstone is in force. */
  is: 'repaired' | 'failed' | 'left' | 'overtaken' | 'gone';
  /** Field manager of whoever wrote the rules last. */
  who: string;
  /** Percent; undefined when no rule is split. */
  seen: number | undefined;
  wanted: number;
  failure?: SpillwayError;
}

export interface DriftDuty {
  /** What is wanted now; undefined: nothing, look on only. */
  wanted(): WeightOrder | undefined;
  /** Reads the store afresh: whether the wanted weight is still that of the release. A throw is a no. */
  mayRaise(order: WeightOrder): Promise<boolean>;
  /** Must not throw and must not wait. */
  onDrift(drift: Drift): void;
}

interface DriftWatch {
  follow: FollowRoute;
  target: Target;
  duty: DriftDuty;
  write(order: WeightOrder): Promise<RouteOutcome>;
  /** @returns false for what is older than our own last write */
  onSeen(route: RouteObject): boolean;
  onGone(): void;
  /** By the watch, or by an answer to a write of ours. */
  newest(): RouteObject | undefined;
  /** Ends when no order is being written: what is seen meanwhile is half of it. */
  settled(): Promise<void> | undefined;
}

const REPAIR_MS = 1_000;
const REPAIR_MAX_MS = 30_000;
/** After this long without drift the next one is put back at once again. */
const QUIET_MS = 60_000;

export async function watchDrift(watch: DriftWatch, time: Time, signal: AbortSignal): Promise<void> {
  const { target, duty } = watch;
  const { clock } = time;
  let isAtWork = false;
  let work = Promise.resolve();
  let repairedAtMs = Number.NEGATIVE_INFINITY;
  let raises = 0;
  let overtakenBy = '';

  function look(route: RouteObject): void {
    if (!watch.onSeen(route)) return;
    if (isAtWork) return; // The one at work looks at the latest when it is done.
    isAtWork = true;
    work = putBack().finally(() => {
      isAtWork = false;
    });
  }

  async function putBack(): Promise<void> {
    let isOpen = true;
    while (isOpen && !signal.aborted) {
      await watch.settled();
      const latest = watch.newest();
      if (latest === undefined) return;
      const found = driftOf(latest, target, duty.wanted());
      if (found === undefined) return;
      if (found.drift.is === 'overtaken') return tellOvertaken(latest, found.drift);
      isOpen = await step(latest, found);
    }
  }

  /** Waits until a repair is due, or makes it. @returns whether there is more to look at */
  async function step(route: RouteObject, { drift, order, isRaise }: Found): Promise<boolean> {
    if (clock.monotonicMs() - repairedAtMs > QUIET_MS) raises = 0;
    const gapMs = isRaise ? Math.min(REPAIR_MS * 2 ** raises, REPAIR_MAX_MS) : REPAIR_MS;
    const waitMs = repairedAtMs + gapMs - clock.monotonicMs();
    if (waitMs > 0) {
      // What is wanted may change meanwhile: a rollback must not wait behind the long pause of a raise.
      await clock.sleep(Math.min(waitMs, REPAIR_MS), signal);
      return true;
    }
    const outcome = await repair(order, isRaise);
    if (outcome === 'wasNone') return watch.newest() !== route;
    repairedAtMs = clock.monotonicMs();
    if (isRaise) raises += 1;
    const { failure: _found, ...found } = drift; // why it was not as wanted says nothing about the repair
    duty.onDrift({ ...found, ...outcome });
    return watch.newest() !== route || outcome.is === 'failed';
  }

  /** Once for each state: status writes of gateways come by all the time. */
  function tellOvertaken(route: RouteObject, drift: Drift): void {
    const state = `${epochOf(route)} ${drift.seen}`;
    if (state !== overtakenBy) duty.onDrift(drift);
    overtakenBy = state;
  }

  async function repair(order: WeightOrder, isRaise: boolean): Promise<Pick<Drift, 'is' | 'failure'> | 'wasNone'> {
    if (isRaise && !(await duty.mayRaise(order).catch(() => false))) return { is: 'left' };
    const { failure, isUnchanged } = await watch.write(order);
    if (isUnchanged) return 'wasNone'; // what we saw was old
    if (failure === undefined) return { is: 'repaired' };
    return { is: failure.code === 'EPOCH_STALE' ? 'overtaken' : 'failed', failure };
  }

  const follower = {
    onSet: look,
    onGone() {
      watch.onGone();
      const order = duty.wanted();
      if (order) duty.onDrift({ route: target.address, is: 'gone', who: '', seen: undefined, wanted: order.weight });
    },
  };
  await watch.follow(target.address, follower, signal);
  await work;
}

interface Found {
  drift: Drift;
  order: WeightOrder;
  isRaise: boolean;
}

function driftOf(route: RouteObject, target: Target, order: WeightOrder | undefined): Found | undefined {
  if (order === undefined) return undefined;
  const { weight: seen } = readWeight(route, target);
  const drift: Drift = { route: target.address, is: 'failed', who: lastWriter(route), seen, wanted: order.weight };
  // A newer writer is in force: whatever it says, it is no drift, not even for a rollback that was written once.
  if ((epochOf(route) ?? -1) > order.epoch) {
    return seen === order.weight ? undefined : { drift: { ...drift, is: 'overtaken' as const }, order, isRaise: false };
  }
  try {
    const { isObeyed, isRaise } = weightPatch(route, target, order);
    return isObeyed ? undefined : { drift, order, isRaise };
  } catch (error) {
    if (!(error instanceof SpillwayError)) throw error;
    const is = error.code === 'EPOCH_STALE' ? ('overtaken' as const) : ('failed' as const);
    return { drift: { ...drift, is, failure: error }, order, isRaise: true };
  }
}
