/**
 * The face of the engine: takes up the active releases of the store, passes over each when something is new and at least
 * every second, and serves commands. It schedules; deciding is rollout's, acting is pass.ts, order is engine.ts.
 */
import { asSpillwayError, SpillwayError } from '../errors.ts';
import { type Command, decideCommand } from '../rollout/command.ts';
import { type Release, stageNumberOf } from '../rollout/release.ts';
import { begin } from './begin.ts';
import { pipelineOf } from './create.ts';
import { createEngine } from './engine.ts';
import type { Controller } from './face.ts';
import { giveBack, overtake } from './overtake.ts';
import { keep } from './pass.ts';
import { recover } from './recovery.ts';
import { type Run, releaseOf, toRun } from './run.ts';
import type { World } from './world.ts';

const LEASE_MS = 15_000;
const CLAIM_EVERY_MS = 5_000;
const CLAIM_LIMIT = 10_000;
const IDLE_PASS_MS = 1_000;
/** New outcomes are judged at most this often for one release: a look is cheap, and free of charge statistically. */
const BUSY_PASS_MS = 25;
/** Outcomes that a failed clean-up left behind. */
const KEEP_OUTCOMES_MS = 24 * 3_600_000;
const TIDY_EVERY_MS = 3_600_000;

export interface DrivenController extends Controller {
  /** One pass over every active release, awaited: for tests and simulations that move the clock themselves. */
  passAll(): Promise<void>;
}

export function createController(world: World): DrivenController {
  const { store, clock, log } = world;
  const stopping = new AbortController();
  let nap = new AbortController();
  const engine = createEngine(world, () => nap.abort());
  const { runs } = engine;
  /** Creations of one artifact follow one another: each must see what the other began. */
  const creating = new Map<string, Promise<unknown>>();
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

  async function schedule(): Promise<void> {
    let claimedAt = clock.monotonicMs();
    while (!stopping.signal.aborted) {
      nap = new AbortController();
      const now = clock.monotonicMs();
      if (now - claimedAt >= CLAIM_EVERY_MS) {
        claimedAt = now;
        claimAside();
      }
      for (const run of runs.values()) if (!run.isPassing && isDue(run, now)) void engine.passQuietly(run);
      await clock.sleep(BUSY_PASS_MS, nap.signal);
    }
  }

  function isDue(run: Run, now: number): boolean {
    const since = now - (run.passedAtMs ?? Number.NEGATIVE_INFINITY);
    return since >= IDLE_PASS_MS || (run.isDirty && since >= BUSY_PASS_MS);
  }

  async function runOf(releaseId: string): Promise<Run> {
    const known = runs.get(releaseId);
    if (known) return known;
    const stored = await store.getRelease(releaseId);
    if (!stored) throw new SpillwayError('NOT_FOUND', `There is no release ${releaseId}.`);
    return stored.active ? engine.adopt(stored) : toRun(stored, clock.monotonicMs());
  }

  async function command(releaseId: string, asked: Command): Promise<Release> {
    const run = await runOf(releaseId);
    decideCommand(run.release, asked); // refused at once, where it can be
    // Two promotes at once mean one stage, not two: each is for the stage that it was given in.
    const given = asked.kind === 'promote' ? { fromStage: stageNumberOf(run.release), ...asked } : asked;
    const overtaken = await overtake(run, asked, world);
    if (overtaken) run.overtaken = overtaken;
    return engine.exclusively(run, async () => {
      try {
        await engine.passOver(run, given);
      } finally {
        await giveBack(run, world);
      }
      return engine.view(run);
    });
  }

  return {
    command,
    onEvent: engine.onEvent,
    async start() {
      for (const run of await recover(world)) runs.set(run.release.id, run);
      await claim();
      // Before anyone is served: what a crash left between a save and its route is closed.
      await Promise.all([...runs.values()].map(engine.passQuietly));
      loop = schedule();
    },
    async stop() {
      stopping.abort();
      engine.tests.beginNoMore();
      nap.abort();
      await loop;
      await Promise.all([...creating.values(), claiming]);
      await Promise.all([...runs.values()].map(run => run.tail));
      await Promise.all([...runs.values()].map(run => keep(run, world).catch(() => undefined)));
      await Promise.all([...runs.values()].map(engine.tests.stop));
      await store.releaseLeases(world.owner).catch(() => undefined);
    },
    async createRelease(request) {
      const { artifact } = await pipelineOf(request.pipeline, world);
      const before = creating.get(artifact) ?? Promise.resolve();
      const result = before.then(() => begin(request, artifact, engine, LEASE_MS));
      const turn = result.catch(() => undefined);
      creating.set(artifact, turn);
      void turn.then(() => creating.get(artifact) === turn && creating.delete(artifact));
      return result;
    },
    async release(releaseId) {
      const run = runs.get(releaseId);
      if (run) return engine.view(run);
      const stored = await store.getRelease(releaseId);
      return stored && releaseOf(stored);
    },
    async releases(query) {
      const { releases, next } = await store.listReleases(query);
      const newest = releases.map(stored => {
        const run = runs.get(stored.id);
        return run ? engine.view(run) : releaseOf(stored);
      });
      return next === null ? { releases: newest } : { releases: newest, next };
    },
    wake(artifact) {
      for (const run of runs.values()) if (run.release.artifact === artifact) run.isDirty = true;
      nap.abort();
    },
    load: () => ({ queued: waiting, active: runs.size }),
    passAll: async () => {
      await Promise.all([...runs.values()].map(engine.passQuietly));
    },
  };
}
