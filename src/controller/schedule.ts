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
  begin(): void;
  /** Ends the loop and waits for it and for a claim under way; passes under way are the engine's. */
  end(): Promise<void>;
  /** Releases that were due and unclaimed at the last look. */
  waiting(): number;
}

/** @param napping is to abort when something is new */
export function createSchedule(engine: Engine, napping: { next(): AbortSignal; wake(): void }): Schedule {
  const { world, runs } = engine;
  const { store, clock, log } = world;
  let isEnding = false;
  let loop: Promise<void> | undefined;
  let claiming: Promise<void> | undefined;
  let tidied = { atMs: clock.monotonicMs(), wallMs: clock.nowMs() };
  let waiting = 0;

  async function claim(): Promise<void> {
    try {
      for (const stored of await store.claimReleases(world.owner, clock.nowMs(), LEASE_MS, CLAIM_LIMIT))
        engine.adopt(stored);
      waiting = await store.countWaiting(clock.nowMs());
      await tidy();
    } catch (error) {
      log.warn({ code: asSpillwayError(error).code }, 'leases could not be claimed; releases held before go on');
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

  function isDue(run: Run, now: number): boolean {
    const since = now - (run.passedAtMs ?? Number.NEGATIVE_INFINITY);
    return since >= IDLE_PASS_MS || (run.isDirty && since >= BUSY_PASS_MS);
  }

  async function passForEver(): Promise<void> {
    let claimedAt = clock.monotonicMs();
    while (!isEnding) {
      const nap = napping.next();
      const now = clock.monotonicMs();
      if (now - claimedAt >= CLAIM_EVERY_MS) {
        claimedAt = now;
        claimAside();
      }
      for (const run of runs.values()) if (!run.isPassing && isDue(run, now)) void engine.passQuietly(run);
      await clock.sleep(BUSY_PASS_MS, nap);
    }
  }

  return {
    claim,
    begin() {
      loop = passForEver();
    },
    async end() {
      isEnding = true;
      napping.wake();
      await loop;
      await claiming;
    },
    waiting: () => waiting,
  };
}
