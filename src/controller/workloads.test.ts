import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MINUTE, workloadPlan } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import type { CandidateFinding, PromotionFinding } from '../rollout/workload.ts';
import { ARTIFACT, type Bench, exposed, openBench } from './world.test-support.ts';

const plan = { ...workloadPlan({ bakeMs: MINUTE }), name: ARTIFACT };
let bench: Bench;
let candidate: CandidateFinding;
let promotion: PromotionFinding;
let reversal: PromotionFinding;
/** Weights that the candidate was prepared for, in turn. */
let prepared: number[];

beforeEach(async () => {
  candidate = { isReady: true, why: '3 of 3 pods are ready' };
  promotion = { isReady: true, why: 'all 4 pods run it' };
  reversal = { isReady: true, why: 'all 4 pods run the old version' };
  prepared = [];
  const workloads = {
    async prepare({ weight }: Release) {
      if (prepared.at(-1) !== weight) prepared.push(weight);
      return candidate;
    },
    promote: async () => promotion,
    reverse: async () => reversal,
  };
  bench = await openBench({ plan, workloads });
});
afterEach(() => bench.close());

const live = () => bench.registry.assignment(ARTIFACT)!.weight;
const find = async (id: string) => (await bench.controller.release(id))!;
async function passes(count: number, stepMs = 1_000): Promise<void> {
  for (let n = 0; n < count; n++) {
    bench.clock.advance(stepMs);
    await bench.controller.passAll();
  }
}
/** Passes, one after another, until the phase is reached; answers every weight that was live on the way. */
async function until(id: string, phase: string): Promise<number[]> {
  const weights: number[] = [];
  const stop = bench.registry.subscribe(({ weight }) => weights.at(-1) !== weight && weights.push(weight));
  await bench.drive(async () => (await find(id)).phase === phase);
  stop();
  return weights;
}

describe('a weight', () => {
  test('is not given to a candidate that is not ready, and its stage has not begun', async () => {
    candidate = { isReady: false, why: '0 of 1 pods are ready' };
    const release = await exposed(bench);
    await passes(20);
    expect(live()).toBe(0);
    expect(await find(release.id)).toMatchObject({
      weight: 10,
      stageElapsedMs: 0,
      hold: { reason: 'candidateNotReady' },
    });
    candidate = { isReady: true, why: '1 of 1 pods are ready' };
    await passes(1);
    expect(live()).toBe(10);
    await passes(5);
    expect((await find(release.id)).stageElapsedMs).toBe(5_000);
  });

  test('is prepared for, before it is given', async () => {
    await exposed(bench, 2);
    expect(prepared).toEqual([10, 25, 50]);
  });

  test('of a candidate that lost its pods stays, and does not rise', async () => {
    const release = await exposed(bench, 1);
    candidate = { isReady: false, why: '1 of 3 pods is ready' };
    await passes(90);
    expect([live(), (await find(release.id)).stageIndex]).toEqual([25, 1]);
  });
});

describe('a candidate that has lost all of its pods', () => {
  const gone: CandidateFinding = { isReady: false, why: '0 of 1 pods are ready', isDown: true };
  const ready: CandidateFinding = { isReady: true, why: '1 of 1 pods are ready' };
  const changesOf = async (releaseId: string) =>
    (await bench.store.listAudit({ release: releaseId }))
      .filter(({ kind }) => ['withdraw', 'readmit', 'hold', 'rollback'].includes(kind))
      .map(({ kind, weightBefore, weightAfter }) => `${kind} ${weightBefore} ${weightAfter}`);

  test('gets no requests until it is ready again, on record once each, and its stage stands still', async () => {
    const release = await exposed(bench, 1);
    await passes(2);
    const before = await find(release.id);
    candidate = gone;
    await passes(1);
    expect(live()).toBe(0);
    const { stageElapsedMs } = await find(release.id);
    await passes(90);
    expect(await find(release.id)).toMatchObject({
      phase: 'rollingOut',
      weight: 25,
      withdrawn: true,
      hold: { reason: 'candidateNotReady' },
      epoch: before.epoch + 1,
      stageElapsedMs,
    });
    candidate = ready;
    await passes(1);
    expect(live()).toBe(25);
    const after = await find(release.id);
    expect(after).not.toHaveProperty('withdrawn');
    expect([after.stageIndex, after.hold, after.epoch]).toEqual([1, undefined, before.epoch + 2]);
    expect(await changesOf(release.id)).toEqual(['withdraw 25 0', 'readmit 0 25']);
  });

  test('keeps its share with the baseline over a crash, and while one only of its pods is back', async () => {
    const release = await exposed(bench, 2);
    candidate = gone;
    await passes(1);
    await bench.crash();
    candidate = { isReady: false, why: '1 of 2 pods are ready' };
    await passes(3);
    expect([live(), (await find(release.id)).withdrawn]).toEqual([0, true]);
    candidate = ready;
    await passes(1);
    expect(live()).toBe(50);
  });

  test('before it was given anything has lost nothing', async () => {
    candidate = gone;
    const release = await exposed(bench);
    await passes(3);
    expect(await changesOf(release.id)).toEqual(['hold 10 10']);
    expect((await find(release.id)).withdrawn).toBeUndefined();
  });

  test('is withdrawn and given back while paused, and stays paused', async () => {
    const release = await exposed(bench, 1);
    await bench.controller.command(release.id, { kind: 'pause', actor: 'ann' });
    candidate = gone;
    await passes(1);
    expect([live(), (await find(release.id)).hold?.reason]).toEqual([0, 'paused']);
    candidate = ready;
    await passes(1);
    expect([live(), (await find(release.id)).hold?.reason]).toEqual([25, 'paused']);
  });

  test('is not promoted by a person', async () => {
    const release = await exposed(bench, 1);
    candidate = gone;
    await passes(1);
    const asked = bench.controller.command(release.id, { kind: 'promote', full: true, actor: 'ann' });
    await expect(asked).rejects.toMatchObject({ code: 'COMMAND_REFUSED' });
    expect(live()).toBe(0);
  });

  test('for as long as a stage may take is rolled back, and downtime does not count', async () => {
    const release = await exposed(bench, 1);
    const { timeoutMs } = (await find(release.id)).plan.rollout.stages[1]!;
    candidate = gone;
    await passes(1);
    bench.clock.advance(10 * timeoutMs);
    await passes(60);
    await bench.crash();
    expect((await find(release.id)).withdrawnElapsedMs, 'is kept').toBeGreaterThan(45_000);
    await passes(timeoutMs / 1_000 - 120);
    expect((await find(release.id)).phase).toBe('rollingOut');
    await passes(120);
    expect(await find(release.id)).toMatchObject({
      phase: 'rolledBack',
      rollback: { trigger: 'timeout', reason: expect.stringContaining('not ready again in time') },
    });
  });

  test('four times in one stage is rolled back', async () => {
    const release = await exposed(bench, 1);
    for (let n = 0; n < 4; n++) {
      candidate = gone;
      await passes(1);
      candidate = ready;
      await passes(1);
    }
    expect(await find(release.id)).toMatchObject({
      phase: 'rolledBack',
      rollback: { trigger: 'healthCheck', reason: expect.stringContaining('for the 4th time in this stage') },
    });
  });

  test('keeps its weight where the store is away, for then nothing but a rollback is written', async () => {
    const release = await exposed(bench, 1);
    candidate = gone;
    bench.faults.fail('saveRelease');
    await passes(2);
    expect(live()).toBe(25);
    bench.faults.heal();
    await passes(1);
    expect([live(), (await find(release.id)).withdrawn]).toEqual([0, true]);
  });
});

test('a candidate that is ill is taken back at once', async () => {
  const release = await exposed(bench, 1);
  candidate = { isReady: false, why: 'ill', unhealthy: 'pod web-candidate-1: CrashLoopBackOff' };
  await passes(1);
  expect(live()).toBe(0);
  expect(await find(release.id)).toMatchObject({
    phase: 'rolledBack',
    rollback: { trigger: 'healthCheck', reason: 'pod web-candidate-1: CrashLoopBackOff' },
  });
});

describe('a promotion', () => {
  test('returns the traffic 100, 50, 0 once the Deployment has taken over', async () => {
    promotion = { isReady: false, why: '2 of 4 pods run it' };
    const release = await exposed(bench, 3);
    await until(release.id, 'promoting');
    await passes(30);
    expect(live()).toBe(100);
    promotion = { isReady: true, why: 'all 4 pods run it' };
    expect(await until(release.id, 'succeeded')).toEqual([50, 0]);
    expect(bench.registry.assignment(ARTIFACT)).toMatchObject({ baseline: { version: release.version } });
    expect(await find(release.id)).toMatchObject({ weight: 100, phase: 'succeeded' });
  });

  test('goes on where a crash left it', async () => {
    promotion = { isReady: false, why: '2 of 4 pods run it' };
    const release = await exposed(bench, 3);
    await until(release.id, 'promoting');
    await bench.crash();
    promotion = { isReady: true, why: 'all 4 pods run it' };
    expect(await until(release.id, 'succeeded')).toEqual([50, 0]);
  });

  test('that is rolled back gives the traffic back first, and ends when the Deployment is back too', async () => {
    promotion = { isReady: false, why: '2 of 4 pods run it' };
    reversal = { isReady: false, why: '3 of 4 pods run the old version' };
    const release = await exposed(bench, 3);
    await until(release.id, 'promoting');
    await bench.controller.command(release.id, { kind: 'rollback', reason: 'wrong after all', actor: 'ann' });
    expect(live()).toBe(0);
    await passes(30);
    expect((await find(release.id)).phase).toBe('rollingBack');
    reversal = { isReady: true, why: 'all 4 pods run the old version' };
    await passes(1);
    const { phase, rollback } = await find(release.id);
    expect([phase, rollback?.withinSla]).toEqual(['rolledBack', true]);
    expect(rollback?.clocks?.reverseRollMs).toBeGreaterThanOrEqual(30_000);
  });
});
