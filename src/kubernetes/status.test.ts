import { describe, expect, test } from 'vitest';
import { fail, inStage, NOW, pass, unsure, workloadPlan } from '../rollout/release.test-support.ts';
import type { Release } from '../rollout/release.ts';
import { pipelineStatus, releaseStatus, type Seen } from './status.ts';

const plan = workloadPlan();
const OLD = `sha256:${'a'.repeat(64)}`;
const NEW = `sha256:${'b'.repeat(64)}`;
const seen = (change: Partial<Seen> = {}): Seen => ({
  generation: 3,
  release: undefined,
  baseline: OLD,
  applied: OLD,
  problems: [],
  why: 'it serves',
  gate: 'policy',
  ...change,
});
const conditionsOf = (change: Partial<Seen>) =>
  Object.fromEntries(
    pipelineStatus(seen(change), undefined, NOW).conditions!.map(({ type, status, reason }) => [
      type,
      `${status} ${reason}`,
    ]),
  );
const release = (change: Partial<Release>) => inStage(1, 0, { plan, verdict: pass, ...change });
const rolledBack = release({
  phase: 'rolledBack',
  weight: 0,
  rollback: { trigger: 'performance', reason: fail.reason, at: NOW },
});

describe('a pipeline', () => {
  test('at rest serves', () => {
    expect(pipelineStatus(seen(), undefined, NOW)).toMatchObject({
      phase: 'serving',
      weight: 0,
      baseline: { digest: OLD, name: 'aaaaaaaaaa' },
      observedGeneration: 3,
    });
    expect(conditionsOf({})).toEqual({
      Ready: 'True Serving',
      Progressing: 'False Idle',
      Degraded: 'False AsExpected',
    });
  });

  test('with a release says how far it is, in one line', () => {
    const status = pipelineStatus(seen({ release: release({}), applied: NEW }), undefined, NOW);
    expect(status).toMatchObject({
      phase: 'rollingOut',
      stage: '2/4',
      weight: 25,
      candidate: { digest: NEW, name: 'bbbbbbbbbb' },
    });
    expect(status.conditions!.find(({ type }) => type === 'Progressing')!.message).toBe(
      'version bbbbbbbbbbbb in stage 2 of 4 at 25 %: no harm seen',
    );
  });

  test.each<[string, Partial<Seen>, string, string]>([
    ['is not ready while a release is under way', { release: release({}) }, 'False RollingOut', 'False AsExpected'],
    [
      'raises its hand when its source is silent',
      { release: release({ verdict: unsure('sourceSilent'), hold: { reason: 'sourceSilent', since: NOW } }) },
      'False RollingOut',
      'True SourceSilent',
    ],
    [
      'raises its hand when a promotion takes too long',
      { release: release({ phase: 'promoting', hold: { reason: 'promotionTimeout', since: NOW } }) },
      'False Promoting',
      'True PromotionTimeout',
    ],
    [
      'is degraded while what was applied stays held',
      { release: rolledBack, applied: NEW },
      'False RolledBack',
      'True RolledBack',
    ],
    ['is as expected when it was set back', { release: rolledBack }, 'True Serving', 'False AsExpected'],
    ['that is wrong says so', { problems: ['spec.a is wrong'] }, 'False Invalid', 'True Invalid'],
    ['waits for its workload', { baseline: null, why: 'not there' }, 'False Waiting', 'False AsExpected'],
  ])('%s', (_name, change, ready, degraded) =>
    expect(conditionsOf(change)).toMatchObject({ Ready: ready, Degraded: degraded }),
  );

  test('says what its release waits for, where that is known', () => {
    const waiting = release({ hold: { reason: 'candidateNotReady', since: NOW } });
    const messageOf = (doubt?: string) =>
      pipelineStatus(seen({ release: waiting, doubt }), undefined, NOW).conditions!.find(
        ({ type }) => type === 'Progressing',
      )!.message;
    expect(messageOf('0 of 1 pods are ready')).toContain('(candidateNotReady: 0 of 1 pods are ready)');
    expect(messageOf()).toContain('(candidateNotReady)');
  });

  test('keeps the time of a condition that says the same', () => {
    const before = pipelineStatus(seen(), undefined, '2026-01-01T00:00:00.000Z');
    const after = pipelineStatus(seen({ release: release({}) }), before, '2026-01-01T00:05:00.000Z');
    const timeOf = (type: string) => after.conditions!.find(one => one.type === type)!.lastTransitionTime;
    expect([timeOf('Ready'), timeOf('Degraded')]).toEqual(['2026-01-01T00:05:00Z', '2026-01-01T00:00:00Z']);
  });
});

test('a release tells its end', () => {
  expect(releaseStatus(rolledBack)).toMatchObject({
    phase: 'rolledBack',
    endedAt: NOW,
    candidate: { digest: NEW },
    rollback: { trigger: 'performance', reason: 'latency is 1.4 × the baseline' },
  });
});
