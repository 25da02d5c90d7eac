import { afterEach, describe, expect, test } from 'vitest';
import { digestOf } from '../config/digest.ts';
import type { Json } from '../config/plan.ts';
import { fail, samplePlan, tooManyErrors, unsure } from '../rollout/release.test-support.ts';
import { verifyChain } from '../store/audit-chain.ts';
import { ARTIFACT, type Bench, exposed, openBench, promptOf } from './world.test-support.ts';

const v = (text: string) => digestOf(promptOf(text) as Json);
let bench: Bench;
afterEach(async () => bench.close());

const live = () => bench.registry.assignment(ARTIFACT)!;
const kinds = async (id: string) => (await bench.store.listAudit({ release: id })).map(event => event.kind);
const phaseOf = async (id: string) => (await bench.controller.release(id))?.phase;
const rollback = { kind: 'rollback', reason: 'users complain', actor: 'ann' } as const;

describe('a release', () => {
  test('of the first version serves as soon as its tests pass', async () => {
    bench = await openBench();
    const { id } = await bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf('v1'), actor: 'ann' });
    await bench.drive(async () => (await phaseOf(id)) === 'succeeded');
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v1'), value: promptOf('v1') } });
    expect(await kinds(id)).toEqual(['create', 'advance', 'promote']);
  });

  test('goes 10, 25, 50, 100 %, bakes and becomes the baseline', async () => {
    bench = await openBench();
    const weights: number[] = [];
    const { id } = await exposed(bench);
    bench.registry.subscribe(({ weight }) => weights.push(weight));
    await bench.drive(async () => (await phaseOf(id)) === 'succeeded');
    expect(weights.filter((weight, at) => weight !== weights[at - 1])).toEqual([25, 50, 100, 0]);
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v2') } });
    expect(live().candidate).toBeUndefined();
    const events = await bench.store.listAudit({ artifact: ARTIFACT });
    expect(verifyChain(events)).toMatchObject({ ok: true });
    expect(
      events.filter(event => event.releaseId === id).map(event => [event.weightBefore, event.weightAfter]),
    ).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 10],
      [10, 25],
      [25, 50],
      [50, 100],
      [100, 100],
      [100, 100],
    ]);
  });

  test('whose tests fail never meets a user', async () => {
    bench = await openBench();
    await exposed(bench);
    const routesSeen: number[] = [];
    bench.testRun = {
      ...bench.testRun,
      summary: { ...bench.testRun.summary, passed: false, why: '2 of 3 cases passed' },
    };
    const { id } = await bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf('v3'), actor: 'ann' });
    bench.registry.subscribe(({ weight }) => routesSeen.push(weight));
    await bench.drive(async () => (await phaseOf(id)) === 'failed');
    expect(Math.max(0, ...routesSeen)).toBe(0);
    expect((await bench.controller.release(id))?.failure).toBe('2 of 3 cases passed');
  });

  test('supersedes the one before: its weight is 0 before the new one starts', async () => {
    bench = await openBench();
    const old = await exposed(bench, 1);
    expect(live().weight).toBe(25);
    const { id } = await bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf('v3'), actor: 'bob' });
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v1') } });
    expect(await bench.controller.release(old.id)).toMatchObject({ phase: 'superseded', supersededBy: id, weight: 0 });
    await bench.drive(async () => (await bench.controller.release(id))?.stageIndex === 0);
    expect(live()).toMatchObject({ weight: 10, candidate: { version: v('v3') } });
  });

  test.each([
    ['of the serving version', 'v1', 'VERSION_SERVING'],
    ['of the version that is being released', 'v2', 'COMMAND_REFUSED'],
  ])('%s is refused', async (_name, text, code) => {
    bench = await openBench();
    await exposed(bench);
    const again = bench.controller.createRelease({ pipeline: ARTIFACT, spec: promptOf(text), actor: 'ann' });
    await expect(again).rejects.toMatchObject({ code });
  });
});

describe('a rollback', () => {
  test.each([
    ['performance', fail],
    ['errorRate', tooManyErrors],
  ])('by %s moves traffic in the same pass and is on record', async (trigger, verdict) => {
    bench = await openBench();
    const { id } = await exposed(bench, 1);
    bench.verdict = verdict;
    await bench.controller.passAll();
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v1') } });
    const release = await bench.controller.release(id);
    expect(release).toMatchObject({
      phase: 'rolledBack',
      weight: 0,
      rollback: { trigger, reason: verdict.reason, withinSla: true },
    });
    expect(release?.rollback?.clocks?.decisionToWriteMs).toBeGreaterThanOrEqual(0);
    expect((await kinds(id)).slice(-2)).toEqual(['rollback', 'restored']);
    expect(bench.journal.pending()).toEqual([]);
  });

  test('by time-out follows an unsure stage', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    bench.verdict = unsure('evidenceGrowing');
    await bench.drive(async () => (await phaseOf(id)) === 'rolledBack');
    expect((await bench.controller.release(id))?.rollback).toMatchObject({ trigger: 'timeout' });
  });

  test('by hand is obeyed while paused, and holds the version until forced', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    await bench.controller.command(id, { kind: 'pause', actor: 'ann' });
    expect(await bench.controller.command(id, rollback)).toMatchObject({ phase: 'rolledBack', weight: 0 });
    const again = { pipeline: ARTIFACT, spec: promptOf('v2'), actor: 'ann' };
    await expect(bench.controller.createRelease(again)).rejects.toMatchObject({ code: 'VERSION_HELD' });
    expect(await bench.controller.createRelease({ ...again, force: true })).toMatchObject({ version: v('v2') });
  });

  test('of a finished release is refused', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    await bench.controller.command(id, rollback);
    await expect(bench.controller.command(id, rollback)).rejects.toMatchObject({ code: 'RELEASE_FINISHED' });
  });

  test('moves traffic while the store is away, and is saved when it is back', async () => {
    bench = await openBench();
    const { id } = await exposed(bench, 2);
    bench.faults.fail();
    expect(await bench.controller.command(id, rollback)).toMatchObject({ phase: 'rollingBack', weight: 0 });
    expect(live().weight).toBe(0);
    expect(bench.journal.pending()).toHaveLength(1);
    bench.faults.heal();
    await bench.drive(async () => (await phaseOf(id)) === 'rolledBack');
    expect((await kinds(id)).slice(-2)).toEqual(['rollback', 'restored']);
    expect(bench.journal.pending()).toEqual([]);
  });

  test('that reached the journal alone is carried on by the next start, before anyone is served', async () => {
    bench = await openBench();
    const { id } = await exposed(bench, 2);
    bench.faults.fail();
    await bench.controller.command(id, rollback);
    await bench.restart();
    expect(live().weight).toBe(0);
    await bench.drive(async () => (await phaseOf(id)) === 'rolledBack');
    const event = (await bench.store.listAudit({ release: id })).find(({ kind }) => kind === 'rollback');
    expect(event).toMatchObject({ actor: 'ann', why: 'users complain', evidence: { importedAt: expect.any(String) } });
  });

  test('that reached the journal alone is live at the next start, also while the store still takes no writes', async () => {
    bench = await openBench();
    const { id } = await exposed(bench, 2);
    bench.faults.fail();
    await bench.controller.command(id, rollback);
    await bench.restart('putRoute', 'saveRelease', 'claimReleases');
    expect(live().weight).toBe(0);
    bench.faults.heal();
    await bench.drive(async () => (await phaseOf(id)) === 'rolledBack');
    expect((await kinds(id)).slice(-2)).toEqual(['rollback', 'restored']);
  });

  test('whose route could not be stored by itself has it stored with its state: no restart serves the old one', async () => {
    bench = await openBench();
    const { id } = await exposed(bench, 2);
    bench.faults.fail('putRoute');
    await bench.controller.command(id, rollback);
    expect(bench.journal.pending()).toEqual([]);
    expect(await bench.store.getRoute(ARTIFACT)).toMatchObject({ weight: 0, candidate: null });
  });

  test('moves traffic even when the journal cannot be written and the store is away', async () => {
    const broken = () => {
      throw new Error('read-only file system');
    };
    bench = await openBench({
      wrapJournal: journal => ({ append: broken, pending: () => [], settle: journal.settle }) as never,
    });
    const { id } = await exposed(bench);
    bench.faults.fail();
    await bench.controller.command(id, rollback);
    expect(live().weight).toBe(0);
  });

  test.each(['before', 'after'] as const)('whose save fails once (%s the write) is saved exactly once', async when => {
    bench = await openBench();
    const { id } = await exposed(bench);
    bench.faults.failNext('saveRelease', when);
    await bench.controller.command(id, rollback).catch(() => undefined);
    expect(live().weight).toBe(0);
    await bench.drive(async () => (await phaseOf(id)) === 'rolledBack');
    expect((await kinds(id)).filter(kind => kind === 'rollback')).toHaveLength(1);
    expect(bench.journal.pending()).toEqual([]);
  });
});

describe('a rollback that cannot be stored', () => {
  test('alerts once after its SLA, is tried until it is done, and says that it was late', async () => {
    bench = await openBench();
    const alerts: string[] = [];
    bench.controller.onEvent(event => event.type === 'alert' && alerts.push(event.alert.name));
    const { id } = await exposed(bench);
    bench.faults.fail();
    await bench.controller.command(id, rollback);
    for (let pass = 0; pass < 10; pass++) {
      bench.clock.advance(5_000);
      await bench.controller.passAll();
    }
    expect(alerts).toEqual(['RollbackTimeExceeded']);
    expect(live().weight).toBe(0);
    bench.faults.heal();
    await bench.drive(async () => (await phaseOf(id)) === 'rolledBack');
    expect((await bench.controller.release(id))?.rollback?.withinSla).toBe(false);
    expect(alerts).toHaveLength(1);
  });
});

describe('with the store away', () => {
  test('no weight rises; when it is back the release goes on', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    bench.faults.fail('saveRelease');
    await bench.drive(
      async () => bench.clock.nowMs() > 0 && ((await bench.controller.release(id))?.stageElapsedMs ?? 0) > 120_000,
    );
    expect(live().weight).toBe(10);
    bench.faults.heal();
    await bench.drive(async () => live().weight === 25);
  });
});

describe('a crash', () => {
  test('between the save of an advance and its write is healed by the next start', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    bench.faults.fail('putRoute'); // the state is saved, the weight is not
    await bench.drive(
      async () => ((await bench.store.getRelease(id))?.state as { stageIndex: number } | undefined)?.stageIndex === 1,
    );
    expect(live().weight).toBe(10);
    await bench.restart();
    await bench.controller.passAll();
    expect(live().weight).toBe(25);
  });

  test('after the last save leaves the new version serving', async () => {
    bench = await openBench({ plan: samplePlan({ bakeMs: 0 }) });
    const { id } = await exposed(bench, 3);
    bench.faults.fail('putRoute');
    await bench.drive(
      async () => ((await bench.store.getRelease(id))?.state as { phase: string } | undefined)?.phase === 'succeeded',
    );
    await bench.restart();
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v2') } });
  });
});

describe('commands', () => {
  test('promote advances one stage over the verdict, and says so in the audit', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    bench.verdict = unsure('notEnoughData');
    expect(await bench.controller.command(id, { kind: 'promote', full: false, actor: 'ann' })).toMatchObject({
      stageIndex: 1,
      weight: 25,
    });
    const event = (await bench.store.listAudit({ release: id })).at(-1);
    expect(event).toMatchObject({
      actor: 'ann',
      kind: 'advance',
      evidence: { override: true },
      weightBefore: 10,
      weightAfter: 25,
    });
  });

  test('two promotes at once mean one stage', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    const promote = () => bench.controller.command(id, { kind: 'promote', full: false, actor: 'ann' });
    const outcomes = await Promise.allSettled([promote(), promote()]);
    expect(outcomes.map(outcome => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(live().weight).toBe(25);
  });

  test('a rollback after promote --full takes everyone back', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    await bench.controller.command(id, { kind: 'promote', full: true, actor: 'ann' });
    expect(live().weight).toBe(100);
    await bench.controller.command(id, rollback);
    expect(live()).toMatchObject({ weight: 0, baseline: { version: v('v1') } });
  });

  test('a paused release neither advances nor times out', async () => {
    bench = await openBench();
    const { id } = await exposed(bench);
    await bench.controller.command(id, { kind: 'pause', actor: 'ann' });
    bench.verdict = unsure('evidenceGrowing');
    for (let minute = 0; minute < 200; minute++) {
      bench.clock.advance(10_000);
      await bench.controller.passAll();
    }
    expect(await bench.controller.release(id)).toMatchObject({
      phase: 'rollingOut',
      stageIndex: 0,
      hold: { reason: 'paused' },
    });
  });
});

test('a wall clock that jumps an hour either way neither advances nor rolls back', async () => {
  bench = await openBench();
  const { id } = await exposed(bench);
  bench.verdict = unsure('evidenceGrowing');
  for (const ms of [3_600_000, -7_200_000, 3_600_000]) {
    bench.clock.jumpWall(ms);
    await bench.controller.passAll();
  }
  expect(await bench.controller.release(id)).toMatchObject({ phase: 'rollingOut', stageIndex: 0 });
});
