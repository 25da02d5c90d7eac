/**
 * A controller on the real store, registry and journal in a temporary folder, with the clock, the tests' outcome and the
 * live verdict in the hands of the test. `restart` and `crash` leave the same files, nothing else.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from '../analysis/verdict.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import { digestOf } from '../config/digest.ts';
import type { Json, Plan, PromptSpec } from '../config/plan.ts';
import { pass, samplePlan } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { type Faults, faultyStore, type StoreMethod } from '../store/faulty-store.ts';
import { type Journal, openJournal } from '../store/journal.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type PromptRegistry, promptRegistry } from '../traffic/registry.ts';
import type { TrafficRouter } from '../traffic/router.ts';
import { createController, type DrivenController } from './controller.ts';
import { evidenceFolder } from './evidence.ts';
import type { EvidenceFolder, RollbackJournal, TestRun, Workloads, World } from './world.ts';

export const ARTIFACT = 'support-bot';
export const promptOf = (text: string): PromptSpec => ({ messages: [{ role: 'system', content: text }] });

export interface Bench {
  store: Store;
  faults: Faults;
  journal: Journal;
  registry: PromptRegistry;
  controller: DrivenController;
  clock: ManualClock;
  /** What the next looks at live traffic say. */
  verdict: Verdict;
  testRun: TestRun;
  /** Time and passes, until `done` or the end of patience. */
  drive(done: () => boolean | Promise<boolean>, stepMs?: number): Promise<void>;
  active(): Promise<Release | undefined>;
  /** Stops without a goodbye and starts anew on the same files; these methods of the store fail from the start. */
  restart(...failing: StoreMethod[]): Promise<void>;
  /** As `restart`, without the goodbye: nothing is saved that was not saved before. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

const green: TestRun = {
  summary: { passed: true, complete: true, why: '3 of 3 cases passed', suites: [] },
  baseline: {},
  candidate: {},
};

export async function openBench(
  change: {
    plan?: Plan;
    wrapJournal?: (journal: Journal) => RollbackJournal;
    withRealEvidence?: boolean;
    workloads?: Workloads;
    /** In the place of the verdicts of the test. */
    openEvidence?: (release: Release, world: World, wake: (artifact: string) => void) => Promise<EvidenceFolder>;
    /** Default ARTIFACT. */
    artifact?: string;
    /** At each start. */
    wrapRouter?: (registry: PromptRegistry, store: Store, clock: ManualClock) => TrafficRouter | Promise<TrafficRouter>;
  } = {},
): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-controller-'));
  const clock = manualClock();
  const bench = { clock, verdict: pass, testRun: green } as Bench;
  let ids = 0;

  async function open(failing: StoreMethod[] = []): Promise<void> {
    const { store, faults } = faultyStore(await openSqliteStore({ folder, clock }));
    if (failing.length > 0) faults.fail(...failing);
    const journal = openJournal(join(folder, 'rollback.journal'), { slots: 16 });
    const registry = promptRegistry({ store, clock });
    await registry.load();
    const evidence: EvidenceFolder = {
      judge: async () => bench.verdict,
      snapshot: () => undefined,
      isBehind: () => false,
      saved: () => undefined,
    };
    const quiet = () => undefined;
    const world: World = {
      store,
      router: (await change.wrapRouter?.(registry, store, clock)) ?? registry,
      journal: (change.wrapJournal?.(journal) ?? journal) as RollbackJournal,
      clock,
      log: { info: quiet, warn: quiet, error: quiet },
      owner: `test-${ids}`,
      newId: prefix => `${prefix}_${String(++ids).padStart(4, '0')}`,
      runTests: async () => bench.testRun,
      ...(change.workloads ? { workloads: change.workloads } : {}),
      openEvidence: async release => {
        if (change.openEvidence) return change.openEvidence(release, world, artifact => controller.wake(artifact));
        return change.withRealEvidence ? evidenceFolder(release, world) : evidence;
      },
    };
    const controller = createController(world);
    Object.assign(bench, { store, faults, journal, registry, controller });
    await bench.controller.start();
  }

  Object.assign(bench, {
    async drive(done: () => boolean | Promise<boolean>, stepMs = 5_000) {
      for (let step = 0; step < 400; step++) {
        if (await done()) return;
        clock.advance(stepMs);
        await bench.controller.passAll();
      }
      throw new Error('the release did not get there in 400 passes');
    },
    async active() {
      return (await bench.controller.releases({ active: true })).releases[0];
    },
    async restart(...failing: StoreMethod[]) {
      const { controller, store, journal } = bench;
      await controller.stop().catch(() => undefined);
      await store.close();
      journal.close();
      await open(failing);
    },
    async crash() {
      bench.faults.fail('saveRelease');
      await bench.restart();
    },
    async close() {
      bench.faults.heal();
      await bench.controller.stop();
      await bench.store.close();
      bench.journal.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });

  await open();
  const plan = change.plan ?? samplePlan();
  const prompt = promptOf('v1');
  const bundle = { plan, prompt: { name: ARTIFACT, spec: prompt, version: digestOf(prompt as Json) }, suites: [] };
  await bench.store.putPipeline({
    name: plan.name,
    artifact: change.artifact ?? ARTIFACT,
    document: {},
    bundle: bundle as unknown as Json,
    digest: 'x',
    updatedAt: clock.nowMs(),
  });
  return bench;
}

/** Version 1 serves; version 2 is in stage `stageIndex`. */
export async function exposed(bench: Bench, stageIndex = 0): Promise<Release> {
  await bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf('v1'), actor: 'ann' });
  await bench.drive(async () => (await bench.active()) === undefined);
  const { id } = await bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf('v2'), actor: 'ann' });
  await bench.drive(async () => {
    const release = await bench.controller.release(id);
    return release?.phase === 'rollingOut' && release.stageIndex === stageIndex;
  });
  return (await bench.controller.release(id))!;
}
