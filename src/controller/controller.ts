/**
 * The engine: holds the active releases of this process, passes over each when something is new and at least every second,
 * and serves the commands. It schedules and serialises; deciding is rollout's and acting is pass.ts. One change at a time
 * a release; releases do not wait for one another.
 */
import { toTimestamp } from '../clock.ts';
import { asSpillwayError, SpillwayError } from '../errors.ts';
import { decideCommand } from '../rollout/command.ts';
import { isActive, isExposed, type Release } from '../rollout/release.ts';
import type { StoredRelease } from '../store/store.ts';
import { createdEvent, prepareRelease, storedForm, supersede } from './create.ts';
import type { Controller, ControllerEvent, ReleaseCommand, ReleaseRequest } from './face.ts';
import { pass } from './pass.ts';
import { recover } from './recovery.ts';
import { overdueAlert, reloadRun } from './rollback.ts';
import { type Run, toRun } from './run.ts';
import { testWork } from './test-work.ts';
import { wantedRoute } from './wanted-route.ts';
import type { World } from './world.ts';

const LEASE_MS = 15_000;
const CLAIM_EVERY_MS = 5_000;
const IDLE_PASS_MS = 1_000;
/** New outcomes are judged at most this often for one release: a look is cheap, and free of charge statistically. */
const BUSY_PASS_MS = 25;
const CLAIM_LIMIT = 10_000;
const SHOW_EVERY_MS = 200;

export interface DrivenController extends Controller {
  /** One pass over every active release, awaited: for tests and simulations that move the clock themselves. */
  passAll(): Promise<void>;
}

export function createController(world: World): DrivenController {
  const runs = new Map<string, Run>();
  const listeners = new Set<(event: ControllerEvent) => void>();
  const creating = new Map<string, Promise<unknown>>();
  const stopping = new AbortController();
  let nap = new AbortController();
  let loop: Promise<void> | undefined;
  let waiting = 0;
  const tests = testWork(
    world,
    progress => emit({ type: 'progress', progress }),
    run => {
      run.isDirty = true;
      nap.abort();
    },
  );

  function emit(event: ControllerEvent): void {
    for (const listener of listeners) listener(event);
  }

  /** Tells listeners of a change at once, of new numbers now and then. */
  function show(run: Run, isUrgent: boolean): void {
    const now = world.clock.monotonicMs();
    if (!isUrgent && now - (run.shownAtMs ?? Number.NEGATIVE_INFINITY) < SHOW_EVERY_MS) return;
    run.shownAtMs = now;
    emit({ type: 'release', release: view(run) });
  }

  function view(run: Run): Release {
    return run.verdict && isActive(run.release) ? { ...run.release, verdict: run.verdict } : run.release;
  }

  /** Waits for the pass before, then runs; a failure of one does not stop the next. */
  function exclusively<T>(run: Run, work: () => Promise<T>): Promise<T> {
    const result = run.tail.then(work);
    run.tail = result.catch(() => undefined);
    return result;
  }

  async function passOver(run: Run, command?: ReleaseCommand): Promise<void> {
    const hasNews = run.isDirty;
    run.isDirty = false;
    try {
      const report = await pass(run, world, tests, command);
      for (const event of report.events) emit({ type: 'audit', event });
      if (report.hasChanged || (hasNews && isExposed(run.release))) show(run, report.hasChanged);
    } catch (error) {
      if (asSpillwayError(error).code !== 'STATE_MOVED') throw error;
      await reloadRun(run, world);
      run.isDirty = true;
      throw error;
    } finally {
      const alert = overdueAlert(run, world);
      if (alert) {
        world.log.error({ ...alert }, 'a rollback takes longer than its SLA; it is tried again until it is done');
        emit({ type: 'alert', alert });
      }
      if (!isActive(run.release) && !run.unsaved) await retire(run);
    }
  }

  async function retire(run: Run): Promise<void> {
    const wanted = wantedRoute(run.release);
    const live = await world.router.readRoute(run.release.artifact);
    // An ended release whose route could not be written stays, so that the next pass closes the gap.
    if (wanted && (live?.epoch ?? -1) < wanted.epoch) return;
    runs.delete(run.release.id);
    void tests.stop(run);
  }

  async function passQuietly(run: Run): Promise<void> {
    try {
      await exclusively(run, () => passOver(run));
    } catch (error) {
      const { code, message } = asSpillwayError(error);
      world.log.warn({ release: run.release.id, code }, `a pass could not be finished and is repeated: ${message}`);
    }
  }

  function adopt(stored: StoredRelease): Run {
    const known = runs.get(stored.id);
    if (!known) {
      const run = toRun(stored, world.clock.monotonicMs());
      runs.set(stored.id, run);
      return run;
    }
    if (stored.stateVersion > known.stateVersion && !known.unsaved)
      void exclusively(known, () => reloadRun(known, world)).catch(() => undefined);
    return known;
  }

  async function claim(): Promise<void> {
    try {
      for (const stored of await world.store.claimReleases(world.owner, world.clock.nowMs(), LEASE_MS, CLAIM_LIMIT))
        adopt(stored);
      waiting = await world.store.countWaiting(world.clock.nowMs());
    } catch (error) {
      world.log.warn({ code: asSpillwayError(error).code }, 'leases could not be claimed; releases held before go on');
    }
  }

  async function schedule(): Promise<void> {
    let claimedAt = world.clock.monotonicMs();
    while (!stopping.signal.aborted) {
      nap = new AbortController();
      const now = world.clock.monotonicMs();
      if (now - claimedAt >= CLAIM_EVERY_MS) {
        claimedAt = now;
        await claim();
      }
      for (const run of runs.values()) {
        const since = now - (run.passedAtMs ?? Number.NEGATIVE_INFINITY);
        if (since >= IDLE_PASS_MS || (run.isDirty && since >= BUSY_PASS_MS)) void passQuietly(run);
      }
      await world.clock.sleep(BUSY_PASS_MS, nap.signal);
    }
  }

  async function begin(request: ReleaseRequest): Promise<Release> {
    const { release, why, unholds } = await prepareRelease(request, world);
    const created = createdEvent(release, why, request.force ? { force: true } : {});
    const holdVersion = unholds ? { holdVersion: { version: release.version, releaseId: null } } : {};
    const active = await world.store.activeRelease(release.artifact);
    if (!active) {
      // What an earlier release left unread says nothing about this one.
      await world.store.trimOutcomes(release.artifact, Number.MAX_SAFE_INTEGER);
      const outcome = await world.store.insertRelease(storedForm(release, world, LEASE_MS), [created]);
      if (outcome === 'activeExists')
        throw new SpillwayError('STATE_MOVED', `Another release of ${release.artifact} began meanwhile.`);
      if (unholds) await world.store.holdVersion(release.artifact, release.version, null);
      for (const event of outcome.saved) emit({ type: 'audit', event });
      return take(storedForm(release, world, LEASE_MS));
    }
    const run = adopt(active);
    return exclusively(run, () => replace(run, release, created, holdVersion));
  }

  async function replace(
    run: Run,
    release: Release,
    created: ReturnType<typeof createdEvent>,
    extra: object,
  ): Promise<Release> {
    if (run.release.version === release.version)
      throw new SpillwayError(
        'COMMAND_REFUSED',
        `Release ${run.release.id} brings this version of ${release.artifact} already.`,
      );
    if (run.unsaved)
      throw new SpillwayError(
        'STORE_UNAVAILABLE',
        `The rollback of ${run.release.id} is not stored yet; nothing new can start.`,
      );
    const nowIso = toTimestamp(world.clock.nowMs());
    const { ended, event } = supersede(run.release, release, release.createdBy, nowIso);
    const next = { ...release, epoch: Math.max(release.epoch, ended.epoch + 1) };
    const inserted = storedForm(next, world, LEASE_MS);
    const outcome = await world.store.replaceRelease({
      ended: { ...storedForm(ended, world, 0), stateVersion: run.stateVersion },
      expected: run.stateVersion,
      inserted,
      events: [event, created],
      extra: { ...extra, snapshot: null },
    });
    if (outcome === 'moved') throw new SpillwayError('STATE_MOVED', `Release ${run.release.id} was changed meanwhile.`);
    await world.store.trimOutcomes(next.artifact, Number.MAX_SAFE_INTEGER);
    run.release = ended;
    runs.delete(run.release.id);
    void tests.stop(run);
    for (const saved of outcome.saved) emit({ type: 'audit', event: saved });
    emit({ type: 'release', release: ended });
    return take(inserted);
  }

  /** The first pass of a new release also takes the weight of a superseded one away: it is awaited. */
  async function take(stored: StoredRelease): Promise<Release> {
    const run = adopt(stored);
    await passQuietly(run);
    return view(run);
  }

  async function runOf(releaseId: string): Promise<Run> {
    const known = runs.get(releaseId);
    if (known) return known;
    const stored = await world.store.getRelease(releaseId);
    if (!stored) throw new SpillwayError('NOT_FOUND', `There is no release ${releaseId}.`);
    return stored.active ? adopt(stored) : toRun(stored, world.clock.monotonicMs());
  }

  return {
    async start() {
      for (const run of await recover(world)) runs.set(run.release.id, run);
      await claim();
      loop = schedule();
    },
    async stop() {
      stopping.abort();
      nap.abort();
      await loop;
      await Promise.all([...runs.values()].map(run => tests.stop(run)));
      await Promise.all([...runs.values()].map(run => run.tail));
      await world.store.releaseLeases(world.owner).catch(() => undefined);
    },
    async createRelease(request) {
      // Two requests for one pipeline follow one another: each must see what the other began.
      const before = creating.get(request.pipeline) ?? Promise.resolve();
      const result = before.then(() => begin(request));
      creating.set(
        request.pipeline,
        result.catch(() => undefined),
      );
      return result;
    },
    async command(releaseId, command) {
      const run = await runOf(releaseId);
      const { phase, stageIndex } = run.release;
      decideCommand(run.release, command);
      return exclusively(run, async () => {
        // Two promotes at once mean one stage, not two: the second was given for a stage that is left.
        if (command.kind === 'promote' && (run.release.phase !== phase || run.release.stageIndex !== stageIndex))
          throw new SpillwayError(
            'STATE_MOVED',
            `Release ${releaseId} moved on before the command could be carried out.`,
          );
        await passOver(run, command);
        return view(run);
      });
    },
    async release(releaseId) {
      const run = runs.get(releaseId);
      if (run) return view(run);
      return (await world.store.getRelease(releaseId))?.state as unknown as Release | undefined;
    },
    async releases(query) {
      const { releases, next } = await world.store.listReleases(query);
      const newest = releases.map(stored => {
        const run = runs.get(stored.id);
        return run ? view(run) : (stored.state as unknown as Release);
      });
      return next === null ? { releases: newest } : { releases: newest, next };
    },
    wake(artifact) {
      for (const run of runs.values()) if (run.release.artifact === artifact) run.isDirty = true;
      nap.abort();
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    load: () => ({ queued: waiting, active: runs.size }),
    passAll: async () => {
      await Promise.all([...runs.values()].map(passQuietly));
    },
  };
}
