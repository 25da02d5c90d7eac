/**
 * When to pass over which release: at once when something is new, at least every second otherwise; and the claims, which
 * take up what no other process holds. Each release has one scheduled pass under way at most. Acts on nothing itself.
 */
import { asSpillwayError } from '../errors.ts';
import type { Engine } from './engine.ts';
import type { Run } from './run.ts';

export const LEASE_MS = 15_000;
const CLAIM_EVERY_MS = 5_000;
const CLAIM_LIMIT = 10_000;
const IDLE_PASS_MS = 1_000;
/** New outcomes are judged at most this often for one release: a look is cheap, and free of charge statistically. */
const BUSY_PASS_MS = 25;
/** Outcomes that a failed clean-up left behind. */
const KEEP_OUTCOMES_MS = 24 * 3_600_000;
const TIDY_EVERY_MS = 3_600_000;

export interface Schedule {
  /** Takes up what is due in the store; a store that is away is asked again later. */
  claim(): Promise<void>;
  /** Leases may have become free: claims at the next turn. */
  claimSoon(): void;
  begin(): void;
  /** Ends the loop and waits for it and for a claim under way; passes under way are the engine's. */
  end(): Promise<void>;
  /** Releases that were due and unclaimed at the last look. */
  waiting(): number;
}

interface Wakes {
  /** The nap to come; aborts when something is new. */
  next(): AbortSignal;
  wake(): void;
  /** With each round of claims: a route that was not heard of goes live too. */
  lookAtRoutes(): Promise<void>;
}

export function createSchedule(engine: Engine, napping: Wakes): Schedule {
  const { world, runs } = engine;
  const { store, clock, log } = world;
  let isEnding = false;
  let loop: Promise<void> | undefined;
  let claiming: Promise<void> | undefined;
  let tidied = { atMs: clock.monotonicMs(), wallMs: clock.nowMs() };
  let waiting = 0;
  let isClaimWanted = false;
  let looking: Promise<void> | undefined;

  async function claim(): Promise<void> {
    try {
      const before = [...runs.values()].filter(run => run.isHeld);
      const claimed = await store.claimReleases(world.owner, clock.nowMs(), LEASE_MS, CLAIM_LIMIT);
      for (const stored of claimed) engine.adopt(stored);
      await letGoOfLost(before, new Set(claimed.map(({ id }) => id)));
      await napping.lookAtRoutes();
      waiting = await store.countWaiting(clock.nowMs());
      await tidy();
    } catch (error) {
      log.warn({ code: asSpillwayError(error).code }, 'leases could not be claimed; releases held before go on');
    }
  }

  /** A release that a claim did not give may be held by another process since our lease lapsed, or have ended there. */
  async function letGoOfLost(before: readonly Run[], claimed: ReadonlySet<string>): Promise<void> {
    for (const run of before) {
      if (claimed.has(run.release.id)) continue;
      const stored = await store.getRelease(run.release.id);
      if (!stored) continue;
      if (stored.active && stored.leaseOwner !== world.owner) void engine.letGo(run);
      else void engine.refresh(run, stored.stateVersion).catch(() => undefined);
    }
  }

  /** Rows are dated by the wall clock: after a jump of it nothing is dropped, for the jump may have aged what is new. */
  async function tidy(): Promise<void> {
    const [now, wall] = [clock.monotonicMs(), clock.nowMs()];
    if (now - tidied.atMs < TIDY_EVERY_MS) return;
    const hasJumped = Math.abs(wall - tidied.wallMs - (now - tidied.atMs)) > 60_000;
    tidied = { atMs: now, wallMs: wall };
    if (!hasJumped) await store.dropOutcomesBefore(wall - KEEP_OUTCOMES_MS);
  }

  /** A store that hangs holds up the claims, never the passes. */
  function claimAside(): void {
    claiming ??= claim().finally(() => {
      claiming = undefined;
    });
  }

  /** On a shared store: what a dead replica held is taken up when its lease ends, not at the next round of claims. */
  function lookForFree(): void {
    if (store.onChange === undefined) return;
    looking ??= store
      .countWaiting(clock.nowMs())
      .then(count => {
        waiting = count;
        if (count > 0) isClaimWanted = true;
      })
      .catch(() => undefined) // the claims say it
      .finally(() => {
        looking = undefined;
      });
  }

  function isDue(run: Run, now: number): boolean {
    if (!run.isHeld && !run.unsaved) return false;
    const since = now - (run.passedAtMs ?? Number.NEGATIVE_INFINITY);
    return since >= IDLE_PASS_MS || (run.isDirty && since >= BUSY_PASS_MS);
  }

  async function passForEver(): Promise<void> {
    let claimedAt = clock.monotonicMs();
    let lookedAt = claimedAt;
    while (!isEnding) {
      const nap = napping.next();
      const now = clock.monotonicMs();
      if (!claiming && (isClaimWanted || now - claimedAt >= CLAIM_EVERY_MS)) {
        claimedAt = now;
        isClaimWanted = false; // before the claim: what is asked for from here on is another one
        claimAside();
      }
      if (now - lookedAt >= IDLE_PASS_MS) {
        lookedAt = now;
        lookForFree();
      }
      for (const run of runs.values()) if (!run.isPassing && isDue(run, now)) void engine.passQuietly(run);
      await clock.sleep(BUSY_PASS_MS, nap);
    }
  }

  return {
    claim,
    claimSoon() {
      isClaimWanted = true;
      napping.wake();
    },
    begin() {
      loop = passForEver();
    },
    async end() {
      isEnding = true;
      napping.wake();
      await loop;
      await claiming;
      await looking;
    },
    waiting: () => waiting,
  };
}
