/**
 * What may come between: a store that hangs, fails once or forgets its answer; commands and releases that arrive while a
 * pass is under way; listeners and housekeeping that fail. Each of these was a fault once.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { digestOf } from '../config/digest.ts';
import type { Json } from '../config/plan.ts';
import { SpillwayError } from '../errors.ts';
import { fail, samplePlan, unsure } from '../rollout/release.test-support.ts';
import type { Store } from '../store/store.ts';
import type { Route, TrafficRouter } from '../traffic/router.ts';
import { ARTIFACT, type Bench, exposed, openBench, promptOf } from './world.test-support.ts';

const v = (text: string) => digestOf(promptOf(text) as Json);
let bench: Bench;
afterEach(async () => bench.close());

const live = () => bench.registry.assignment(ARTIFACT)!;
const phaseOf = async (id: string) => (await bench.controller.release(id))?.phase;
const rollback = { kind: 'rollback', reason: 'users complain', actor: 'ann' } as const;
const promote = { kind: 'promote', full: false, actor: 'ann' } as const;
const create = (text: string) =>
  bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf(text), actor: 'ann' });
const turns = async (count: number, stepMs = 0) => {
  for (let turn = 0; turn < count; turn++) {
    if (stepMs > 0) bench.clock.advance(stepMs);
    await new Promise(resolve => setImmediate(resolve));
  }
};
const passes = async (count: number, stepMs = 1_000) => {
  for (let pass = 0; pass < count; pass++) {
    bench.clock.advance(stepMs);
    await bench.controller.passAll();
  }
};

/** The method answers only after `open` was called. */
function hang(method: keyof Store): () => void {
  let open = () => {};
  const gate = new Promise<void>(resolve => {
    open = resolve;
  });
  const real = bench.store[method] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(bench.store, {
    async [method](...args: unknown[]) {
      await gate;
      return real(...args);
    },
  });
  return open;
}

describe('a rollback by hand', () => {
  test('is live at once while a save before it hangs in the store, and on record when the store answers', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    bench.verdict = unsure('notEnoughData');
    const open = hang('saveRelease');
    bench.clock.advance(11_000); // a checkpoint is due
    void bench.controller.passAll();
    await turns(20);
    const done = bench.controller.command(id, rollback);
    await turns(50);
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v1') } });
    open();
    expect(await done).toMatchObject({ phase: 'rolledBack', rollback: { trigger: 'manual', withinSla: true } });
    expect((await bench.store.listAudit({ release: id })).filter(({ kind }) => kind === 'rollback')).toHaveLength(1);
    expect(bench.journal.pending()).toEqual([]);
  });

  test('overtakes an advance that is being saved: its weight never becomes live', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    const weights: number[] = [];
    bench.registry.subscribe(({ weight }) => weights.push(weight));
    await passes(11, 5_000); // the hold of a minute is nearly over
    const open = hang('saveRelease');
    bench.clock.advance(6_000);
    const advancing = bench.controller.passAll();
    await turns(20);
    const done = bench.controller.command(id, rollback);
    await turns(20);
    open();
    await Promise.all([advancing, done]);
    expect(Math.max(...weights)).toBe(0);
    expect(await phaseOf(id)).toBe('rolledBack');
  });

  test('keeps its giver and its reason while some of its routes are written and others not yet', async () => {
    const gate = Promise.withResolvers<void>();
    let half: Route | undefined;
    const wrapRouter = (registry: TrafficRouter): TrafficRouter => ({
      ...registry,
      readRoute: async artifact => half ?? registry.readRoute(artifact),
      async writeRoute(route, onLive) {
        if (route.rolledBack !== null) {
          half = route;
          await gate.promise;
          half = undefined;
        }
        return registry.writeRoute(route, onLive);
      },
    });
    bench = await openBench({ wrapRouter });
    const { id } = await exposed(bench);
    const done = bench.controller.command(id, rollback);
    await turns(20);
    await passes(3);
    expect(await phaseOf(id), 'nobody else takes it for a rollback whose record was lost').toBe('rollingOut');
    gate.resolve();
    expect(await done).toMatchObject({
      phase: 'rolledBack',
      rollback: { trigger: 'manual', reason: 'users complain' },
    });
    const [event] = (await bench.store.listAudit({ release: id })).filter(({ kind }) => kind === 'rollback');
    expect(event).toMatchObject({ actor: 'ann', why: 'users complain' });
    expect(bench.journal.pending()).toEqual([]);
  });

  test('whose route could not be written at first is carried out in its turn, above what was tried', async () => {
    let isBroken = true;
    const tried: number[] = [];
    const wrapRouter = (registry: TrafficRouter): TrafficRouter => ({
      ...registry,
      async writeRoute(route, onLive) {
        if (route.rolledBack === null) return registry.writeRoute(route, onLive);
        const newest = Math.max(0, ...tried);
        tried.push(route.epoch);
        if (isBroken || route.epoch < newest) throw new SpillwayError('CLUSTER_UNREACHABLE', 'no answer');
        return registry.writeRoute(route, onLive);
      },
    });
    bench = await openBench({ wrapRouter });
    const { id } = await exposed(bench);
    expect(await bench.controller.command(id, rollback)).toMatchObject({ phase: 'rollingBack' });
    isBroken = false;
    await passes(1);
    expect(await bench.controller.release(id)).toMatchObject({ phase: 'rolledBack' });
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v1') } });
    expect(bench.journal.pending()).toEqual([]);
  });

  test.each([
    ['wins', false, 'rolledBack', 'v1'],
    // The store takes the promotion, and not the tombstone: then the promotion stands, and is made live again.
    ['gives way', true, 'RELEASE_FINISHED', 'v2'],
  ])('that meets a promotion under way %s', async (_name, cannotStoreRoute, outcome, serving) => {
    bench = await openBench({ plan: samplePlan({ bakeMs: 0 }) });
    const { id } = await exposed(bench, 3);
    await passes(11, 5_000); // the hold of a minute is nearly over
    const open = hang('saveRelease');
    bench.clock.advance(6_000);
    const promoting = bench.controller.passAll();
    await turns(20);
    if (cannotStoreRoute) bench.faults.failNext('putRoute');
    const done = bench.controller.command(id, rollback).then(
      release => release.phase,
      error => error.code,
    );
    await turns(20);
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v1') } });
    open();
    await promoting;
    expect(await done).toBe(outcome);
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v(serving) } });
    expect(bench.journal.pending()).toEqual([]);
  });
});

describe('a store that is slow', () => {
  test('does not make passes pile up', async () => {
    bench = await openBench();
    await exposed(bench);
    let looks = 0;
    Object.defineProperty(bench, 'verdict', {
      get: () => {
        looks++;
        return unsure('notEnoughData');
      },
    });
    const open = hang('saveRelease');
    bench.clock.advance(11_000);
    await turns(400, 25);
    looks = 0;
    open();
    await turns(5);
    expect(looks).toBeLessThan(5);
  });

  test('in answering a claim does not stop the passes', async () => {
    bench = await openBench();
    await exposed(bench);
    const open = hang('claimReleases');
    bench.verdict = unsure('notEnoughData');
    await turns(300, 25); // longer than the time between claims
    bench.verdict = fail;
    await turns(200, 25);
    expect(live().weight).toBe(0);
    open();
  });
});

describe('a new release', () => {
  test('that is created while the first version is promoted is held against it, wherever the two meet', async () => {
    const baselines: (string | null)[] = [];
    for (let offset = 0; offset < 24; offset++) {
      bench = await openBench();
      await create('v1');
      bench.clock.advance(1_000);
      for (let turn = 0; turn < offset; turn++) await Promise.resolve();
      const creating = create('v2');
      for (let turn = 0; turn < (offset % 8) * 3; turn++) await Promise.resolve();
      const [second] = await Promise.all([creating, bench.controller.passAll()]);
      const events = await bench.store.listAudit({ artifact: ARTIFACT });
      // Either the first was superseded before it served, or it serves and is the baseline.
      if (events.some(({ kind }) => kind === 'promote')) baselines.push(second.baseline);
      await bench.close();
    }
    expect(baselines.length).toBeGreaterThan(0);
    expect(new Set(baselines)).toEqual(new Set([v('v1')]));
    bench = await openBench();
  });

  test('is held against what was promoted, also when that is not live yet', async () => {
    bench = await openBench({ plan: samplePlan({ bakeMs: 0 }) });
    const { id } = await exposed(bench, 3);
    bench.faults.fail('putRoute');
    await bench.drive(async () => {
      const stored = (await bench.store.getRelease(id))?.state as { phase: string } | undefined;
      return stored?.phase === 'succeeded';
    });
    await expect(create('v3')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    bench.faults.heal();
    expect((await create('v3')).baseline).toBe(v('v2'));
    await passes(3);
    expect(live().baseline.version).toBe(v('v2'));
  });

  test('takes the old weight away also when the process dies right after it was created', async () => {
    bench = await openBench();
    await exposed(bench, 1);
    bench.faults.fail('putRoute');
    await create('v3');
    await bench.restart();
    expect(live().weight).toBe(0);
  });

  test('is not failed by housekeeping that fails', async () => {
    bench = await openBench();
    await exposed(bench, 1);
    bench.faults.failNext('trimOutcomes');
    expect(await create('v3')).toMatchObject({ version: v('v3') });
    expect(live().weight).toBe(0);
  });
});

describe('what was committed', () => {
  test('is told although housekeeping failed', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    const told: string[] = [];
    bench.controller.onEvent(event => event.type === 'release' && told.push(event.release.phase));
    bench.faults.failNext('trimOutcomes');
    await bench.controller.command(id, rollback);
    expect(told).toContain('rolledBack');
  });

  test('is answered as done although its route could not be written yet', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    bench.faults.failNext('putRoute');
    expect(await bench.controller.command(id, promote)).toMatchObject({ stageIndex: 1 });
    await passes(1);
    expect(live().weight).toBe(25);
  });

  test('is answered as done although a listener throws', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    bench.controller.onEvent(() => {
      throw new Error('listener');
    });
    expect(await bench.controller.command(id, promote)).toMatchObject({ stageIndex: 1 });
  });
});

describe('a tombstone', () => {
  test('that reached the route and no record is obeyed after a restart', async () => {
    const broken = () => {
      throw new Error('read-only file system');
    };
    const wrapJournal = (journal: { settle: unknown }) =>
      ({ append: broken, pending: () => [], settle: journal.settle }) as never;
    bench = await openBench({ plan: samplePlan({ stage: { onInconclusive: 'advance' } }), wrapJournal });
    const { id } = await exposed(bench, 1);
    bench.faults.fail('saveRelease');
    await bench.controller.command(id, rollback);
    await bench.restart();
    bench.verdict = unsure('notEnoughData');
    await passes(100, 5_000);
    expect(await phaseOf(id)).toBe('rolledBack');
    expect(live().baseline.version).toBe(v('v1'));
  });
});

describe('the tests of a release', () => {
  const latency = (factor: number) => {
    const at = Array.from({ length: 60 }, (_, index) => index);
    const values = at.map(index => factor * (100 + index));
    return {
      latency: { unit: 'ms', direction: 'lowerIsBetter' as const, values, caseIds: at.map(index => `c${index}`) },
    };
  };

  test.each([0, 1])('find a slow candidate, with %i failed writes of their samples', async failures => {
    bench = await openBench();
    await create('v1');
    await bench.drive(async () => (await bench.active()) === undefined);
    bench.testRun = { ...bench.testRun, baseline: latency(1), candidate: latency(3) };
    if (failures > 0) bench.faults.failNext('putTestRun');
    const { id } = await create('v2');
    await passes(5);
    expect(await phaseOf(id)).toBe('failed');
  });

  test('do not begin any more when the process is stopping', async () => {
    bench = await openBench();
    let runs = 0;
    const { testRun } = bench;
    Object.defineProperty(bench, 'testRun', {
      get: () => {
        runs++;
        return testRun;
      },
    });
    const open = hang('getTestRuns');
    void create('v1').catch(() => undefined);
    await turns(20);
    const stopped = bench.controller.stop();
    open();
    await stopped;
    await turns(20);
    expect(runs).toBe(0);
  });
});

describe('the record', () => {
  test('of a stage left by hand has the verdict of that stage', async () => {
    bench = await openBench();
    const { id } = await exposed(bench, 1);
    bench.verdict = unsure('evidenceGrowing');
    await passes(1);
    const release = await bench.controller.command(id, promote);
    expect(release.stages[1]?.verdict?.kind).toBe('inconclusive');
    expect((await bench.store.listAudit({ release: id })).at(-1)?.evidence).toMatchObject({
      verdict: { kind: 'inconclusive' },
    });
  });

  test('of a rollback that was carried on after a crash claims no verdict it does not have', async () => {
    bench = await openBench();
    const { id } = await exposed(bench, 1);
    bench.verdict = fail;
    bench.faults.fail('saveRelease');
    await passes(1);
    await bench.restart();
    await bench.drive(async () => (await phaseOf(id)) === 'rolledBack');
    const event = (await bench.store.listAudit({ release: id })).find(({ kind }) => kind === 'rollback');
    expect(event?.why).toBe(fail.reason);
    expect(event?.evidence).not.toHaveProperty('verdict');
  });

  test('is not flooded by two doubts that alternate', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    let looks = 0;
    Object.defineProperty(bench, 'verdict', { get: () => unsure(looks++ % 2 ? 'evidenceGrowing' : 'notEnoughData') });
    await passes(13, 5_000);
    const before = (await bench.store.listAudit({ release: id })).length;
    await passes(40, 25);
    expect((await bench.store.listAudit({ release: id })).length - before).toBeLessThan(3);
  });

  test('is not written while a release is paused', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    await bench.controller.command(id, { kind: 'pause', actor: 'ann' });
    const before = bench.faults.calls.get('saveRelease') ?? 0;
    await passes(60, 10_000);
    expect((bench.faults.calls.get('saveRelease') ?? 0) - before).toBeLessThan(3);
  });
});
