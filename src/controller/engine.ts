/**
 * The releases of this process and the one way to act on them: passes of one release follow one another, those of
 * different releases do not wait for each other, and listeners hear of whatever was committed, also when what came after
 * failed. Knows no command and no schedule.
 */
import { asSpillwayError } from '../errors.ts';
import type { Command } from '../rollout/command.ts';
import { isActive, isExposed, type Release } from '../rollout/release.ts';
import type { AuditEvent, StoredRelease } from '../store/store.ts';
import type { ControllerEvent } from './face.ts';
import { type PassReport, pass } from './pass.ts';
import { overdueAlert, reloadRun } from './rollback.ts';
import { dropEvidence, type Run, toRun } from './run.ts';
import { type TestWork, testWork } from './test-work.ts';
import { wantedRoute } from './wanted-route.ts';
import type { World } from './world.ts';

/** Listeners are told of new numbers at most this often; of a change at once. */
const SHOW_EVERY_MS = 200;

export interface Engine {
  world: World;
  runs: Map<string, Run>;
  tests: TestWork;
  onEvent(listener: (event: ControllerEvent) => void): () => void;
  emit(event: ControllerEvent): void;
  emitAudit(events: readonly AuditEvent[]): void;
  /** The run of an active release whose lease this process has, made when it did not hold it yet. */
  adopt(stored: StoredRelease): Run;
  /** The run for a command: adopted where no other process has the lease, else lent for this once. */
  runFor(stored: StoredRelease): Run;
  /** Reads a run anew when the store has a later state than ours: another process saved. */
  refresh(run: Run, stateVersion: number): Promise<void>;
  /** Another process has the lease: nothing more is done here, but for a rollback that is not stored yet. */
  letGo(run: Run): Promise<void>;
  /** Waits for what is under way on this release, then runs; a failure of one does not stop the next. */
  exclusively<T>(run: Run, work: () => Promise<T>): Promise<T>;
  /** One pass, within `exclusively`. @throws what the pass throws; the state is then as before, or safer */
  passOver(run: Run, command?: Command): Promise<void>;
  /** One pass by itself: a failure is logged, and the next pass repeats it. */
  passQuietly(run: Run): Promise<void>;
  /** With the newest verdict, which the stored copy may lack by some seconds. */
  view(run: Run): Release;
}

/** @param wake something is to be looked at soon */
export function createEngine(world: World, wake: () => void): Engine {
  const runs = new Map<string, Run>();
  const listeners = new Set<(event: ControllerEvent) => void>();
  const tests = testWork(
    world,
    progress => emit({ type: 'progress', progress }),
    run => {
      run.isDirty = true;
      wake();
    },
  );

  function emit(event: ControllerEvent): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        // What was done is done: a listener's fault must not make a command look failed.
        world.log.error({ cause: asSpillwayError(error).message }, 'a listener failed');
      }
    }
  }

  function emitAudit(events: readonly AuditEvent[]): void {
    for (const event of events) emit({ type: 'audit', event });
  }

  const view = (run: Run): Release =>
    run.verdict && isExposed(run.release) ? { ...run.release, verdict: run.verdict } : run.release;

  function tell(run: Run, report: PassReport, hadNews: boolean): void {
    emitAudit(report.events);
    const now = world.clock.monotonicMs();
    const isDue = now - (run.shownAtMs ?? Number.NEGATIVE_INFINITY) >= SHOW_EVERY_MS;
    if (report.hasChanged || (hadNews && isDue && isExposed(run.release))) {
      run.shownAtMs = now;
      emit({ type: 'release', release: view(run) });
    }
    const alert = overdueAlert(run, world);
    if (!alert) return;
    world.log.error({ ...alert }, 'a rollback takes longer than its SLA; it is tried again until it is done');
    emit({ type: 'alert', alert });
  }

  async function passOver(run: Run, command?: Command): Promise<void> {
    const hadNews = run.isDirty;
    run.isDirty = false;
    const report: PassReport = { events: [], hasChanged: false };
    try {
      await pass(run, world, tests, report, command);
    } catch (error) {
      if (asSpillwayError(error).code === 'STATE_MOVED') {
        await reloadRun(run, world);
        run.isDirty = true;
      }
      throw error;
    } finally {
      tell(run, report, hadNews);
      if (!isActive(run.release)) await retire(run);
    }
  }

  /** Lets an ended release go, once its route is live. Until then it stays, so that the next pass closes the gap. */
  async function retire(run: Run): Promise<void> {
    if (run.unsaved) return;
    const wanted = wantedRoute(run.release);
    const live = await world.router.readRoute(run.release.artifact);
    if (wanted && (live?.epoch ?? -1) < wanted.epoch) return;
    runs.delete(run.release.id);
    dropEvidence(run);
    void tests.stop(run);
  }

  function exclusively<T>(run: Run, work: () => Promise<T>): Promise<T> {
    const result = run.tail.then(work);
    run.tail = result.catch(() => undefined);
    return result;
  }

  async function refresh(run: Run, stateVersion: number): Promise<void> {
    await exclusively(run, async () => {
      if (stateVersion > run.stateVersion && !run.unsaved) await reloadRun(run, world);
    });
  }

  function adopt(stored: StoredRelease): Run {
    const run = runs.get(stored.id) ?? toRun(stored, world.clock.monotonicMs());
    runs.set(stored.id, run);
    run.isHeld = true;
    if (stored.stateVersion > run.stateVersion) void refresh(run, stored.stateVersion).catch(() => undefined);
    return run;
  }

  return {
    world,
    runs,
    tests,
    emit,
    emitAudit,
    view,
    passOver,
    exclusively,
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    adopt,
    refresh,
    runFor(stored) {
      const { leaseOwner, leaseUntil } = stored;
      const isElsewhere = leaseOwner !== null && leaseOwner !== world.owner && leaseUntil > world.clock.nowMs();
      if (stored.active && !isElsewhere) return adopt(stored);
      return runs.get(stored.id) ?? toRun(stored, world.clock.monotonicMs());
    },
    async letGo(run) {
      run.isHeld = false;
      await exclusively(run, async () => {
        if (run.isHeld || run.unsaved) return;
        runs.delete(run.release.id);
        dropEvidence(run);
        await tests.stop(run);
      });
    },
    async passQuietly(run) {
      run.isPassing = true;
      try {
        await exclusively(run, () => passOver(run));
      } catch (error) {
        const { code, message } = asSpillwayError(error);
        world.log.warn({ release: run.release.id, code }, `a pass could not be finished and is repeated: ${message}`);
      } finally {
        run.isPassing = false;
      }
    },
  };
}
