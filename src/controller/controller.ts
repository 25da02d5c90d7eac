/**
 * The face of the engine: starts and stops it, serves commands, and answers what is asked of releases. Deciding is
 * rollout's, acting is pass.ts, order is engine.ts, time is schedule.ts.
 */
import { SpillwayError } from '../errors.ts';
import { type Command, decideCommand } from '../rollout/command.ts';
import { type Release, stageNumberOf } from '../rollout/release.ts';
import { begin } from './begin.ts';
import { pipelineOf } from './create.ts';
import { createEngine } from './engine.ts';
import type { Controller } from './face.ts';
import { obey } from './obey.ts';
import { giveBack, overtake } from './overtake.ts';
import { keep } from './pass.ts';
import { recover } from './recovery.ts';
import { followReplicas } from './replicas.ts';
import { dropEvidence, type Run, releaseOf } from './run.ts';
import { createSchedule, LEASE_MS } from './schedule.ts';
import type { World } from './world.ts';

export interface DrivenController extends Controller {
  /** One pass over every active release, awaited: for tests and simulations that move the clock themselves. */
  passAll(): Promise<void>;
}

export function createController(world: World): DrivenController {
  const { store } = world;
  let nap = new AbortController();
  const wake = () => nap.abort();
  const engine = createEngine(world, wake);
  const { runs } = engine;
  const schedule = createSchedule(engine, {
    wake,
    next() {
      nap = new AbortController();
      return nap.signal;
    },
    lookAtRoutes: () => replicas.lookAtRoutes(),
  });
  const replicas = followReplicas(engine, () => schedule.claimSoon(), news);
  /** Creations of one artifact follow one another: each must see what the other began. */
  const creating = new Map<string, Promise<unknown>>();

  function news(artifact: string): void {
    for (const run of runs.values()) if (run.release.artifact === artifact) run.isDirty = true;
    wake();
  }

  async function runOf(releaseId: string, asked: Command): Promise<Run> {
    const known = runs.get(releaseId);
    if (known) return known;
    const stored = await store.getRelease(releaseId).catch((error: unknown) => {
      // Another replica holds it, and the store is away: what was last heard is enough to take it back here.
      const heard = asked.kind === 'rollback' ? replicas.lastHeard(releaseId) : undefined;
      if (heard) return heard;
      throw error;
    });
    if (!stored) throw new SpillwayError('NOT_FOUND', `There is no release ${releaseId}.`);
    return engine.runFor(stored);
  }

  async function command(releaseId: string, asked: Command): Promise<Release> {
    const run = await runOf(releaseId, asked);
    decideCommand(run.release, asked); // refused at once, where it can be
    // Two promotes at once mean one stage, not two: each is for the stage that it was given in.
    const given = asked.kind === 'promote' ? { fromStage: stageNumberOf(run.release), ...asked } : asked;
    await overtake(run, asked, world);
    return engine.exclusively(run, async () => {
      try {
        await obey(run, given, engine);
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
      await replicas.begin();
      await schedule.claim();
      // Before anyone is served: what a crash left between a save and its route is closed.
      await Promise.all([...runs.values()].map(engine.passQuietly));
      schedule.begin();
    },
    async stop() {
      engine.tests.beginNoMore();
      replicas.end();
      await schedule.end();
      await Promise.all(creating.values());
      await Promise.all([...runs.values()].map(run => run.tail));
      const held = [...runs.values()].filter(run => run.isHeld);
      await Promise.all(held.map(run => keep(run, world).catch(() => undefined)));
      for (const run of runs.values()) dropEvidence(run);
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
    wake: news,
    load: () => ({ queued: schedule.waiting(), active: runs.size }),
    passAll: async () => {
      await Promise.all([...runs.values()].map(engine.passQuietly));
    },
  };
}
