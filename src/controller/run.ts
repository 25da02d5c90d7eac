/**
 * One active release as this process holds it: the newest state, what the store has of it, and the work under way.
 * The lease in the store makes this the only copy that acts; the state version fences it where a lease is not enough.
 */
import type { Verdict } from '../analysis/verdict.ts';
import type { Json } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import { clockedMs, isActive, type Release, type RollbackClocks } from '../rollout/release.ts';
import type { AuditDraft, AuditEvent, SaveExtra, StoredRelease } from '../store/store.ts';
import type { EvidenceFolder, RollbackNote, TestRun, World } from './world.ts';

/** A rollback by hand whose route goes live ahead of its turn. */
export interface Overtaken {
  note: RollbackNote;
  /** Monotonic. */
  decidedAtMs: number;
  /** Absent while the route is not live. */
  decisionToWriteMs?: number;
}

export interface Run {
  release: Release;
  /**
   * Whether this process has the lease. One that is not held is only lent: for a command, or until its rollback is stored.
   * Nothing else is done about it here.
   */
  isHeld: boolean;
  /** State version that the store has; the fence of the next save. */
  stateVersion: number;
  /** A rollback that the store has not taken yet: traffic has moved, the note is in the journal. */
  unsaved?: { note: RollbackNote; events: AuditDraft[] };
  /** Newest verdict on live traffic; the stored copy keeps that of the last checkpoint. */
  verdict?: Verdict;
  /** Whether the wanted weight was live at the last look; undefined before the first. */
  isRouted?: boolean;
  /** Monotonic time of the pass before; undefined when this process has not passed yet, so that downtime never counts. */
  passedAtMs?: number;
  /** Monotonic time of the last save that took the evidence along. */
  checkpointedAtMs: number;
  /** Stage clock of the last save, so that one that stands still is not saved again. */
  savedElapsedMs?: number;
  /** When listeners were last told of it. */
  shownAtMs?: number;
  /** Of the rollback, from its first live route on. */
  clocks?: RollbackClocks;
  /** The gateways have taken the rollback up, and all is known of it that will be. */
  isConfirmed?: boolean;
  /** Monotonic time of the rollback's decision, when this process made it. */
  decidedAtMs?: number;
  /** The rollback took longer than its SLA, and that was said. */
  hasAlerted?: boolean;
  evidence?: EvidenceFolder;
  tests?: { abort: AbortController; done: Promise<void>; result?: TestRun };
  /** Passes of one release follow one another. */
  tail: Promise<unknown>;
  /** Something new is to be judged. */
  isDirty: boolean;
  /** A pass by schedule is under way or waits for its turn: another one would add nothing. */
  isPassing?: boolean;
  /** A rollback by hand that did not wait for its turn. */
  overtaken?: Overtaken;
  /** Monotonic time at which the live route was first seen to say that the release was rolled back, and no record did. */
  tombstoneSeenAtMs?: number;
}

/** @throws SpillwayError STORE_CORRUPT when the row holds no release: better here than deep in a decision */
export function releaseOf(stored: Pick<StoredRelease, 'id' | 'state'>): Release {
  const release = stored.state as unknown as Release;
  if (release?.id === stored.id && typeof release.phase === 'string' && Array.isArray(release.stages) && release.plan)
    return release;
  throw new SpillwayError('STORE_CORRUPT', `What is stored as release ${stored.id} is no release.`);
}

export function toRun(stored: StoredRelease, nowMs: number): Run {
  return {
    release: releaseOf(stored),
    isHeld: false,
    stateVersion: stored.stateVersion,
    checkpointedAtMs: nowMs,
    tail: Promise.resolve(),
    isDirty: true,
  };
}

export function toStored(
  release: Release,
  stateVersion: number,
  world: Pick<World, 'clock' | 'owner'>,
  leaseMs: number,
): StoredRelease {
  const nowMs = world.clock.nowMs();
  return {
    id: release.id,
    artifact: release.artifact,
    active: isActive(release),
    stateVersion,
    state: release as unknown as Json,
    dueAt: 0, // always due: what is wanted is level-triggered, and a wall clock that jumps back delays nothing
    leaseOwner: world.owner,
    leaseUntil: nowMs + leaseMs,
    createdAt: Date.parse(release.createdAt),
    updatedAt: nowMs,
  };
}

/** The next look opens it anew, from the snapshot in the store. */
export function dropEvidence(run: Run): void {
  run.evidence?.close?.();
  delete run.evidence;
}

/**
 * Saves the release with its events in one transaction and takes it as the present state.
 * @throws SpillwayError STATE_MOVED when another actor was faster, STORE_UNAVAILABLE; then the run is as it was
 */
export async function saveRun(
  run: Run,
  next: Release,
  events: AuditDraft[],
  world: World,
  extra?: SaveExtra,
): Promise<AuditEvent[]> {
  const outcome = await world.store.saveRelease(
    toStored(next, run.stateVersion, world, 0),
    run.stateVersion,
    events,
    extra,
  );
  if (outcome === 'moved') throw new SpillwayError('STATE_MOVED', `Release ${next.id} was changed by another actor.`);
  run.release = next;
  run.stateVersion += 1;
  run.savedElapsedMs = clockedMs(next);
  return outcome.saved;
}
