import { describe, expect, test } from 'vitest';
import type { Verdict } from '../analysis/verdict.ts';
import type { Command } from './command.ts';
import { decide, type Findings } from './decide.ts';
import type { Decision } from './decision.ts';
import {
  fail,
  inStage,
  MINUTE,
  NOW,
  pass,
  samplePlan,
  sampleRelease,
  tooManyErrors,
  unsure,
  workloadPlan,
} from './release.test-support.ts';
import type { Release, TestSummary } from './release.ts';

const kindOf = (decision: Decision) => ('trigger' in decision ? `${decision.kind} ${decision.trigger}` : decision.kind);
const paused = { hold: { reason: 'paused' as const, since: NOW } };
const withStage = (change: Parameters<typeof samplePlan>[0]) => ({ plan: samplePlan(change) });
const noTrigger = (change: Partial<Release['plan']['rollback']['triggers']>) => {
  const plan = samplePlan();
  return { plan: { ...plan, rollback: { ...plan.rollback, triggers: { ...plan.rollback.triggers, ...change } } } };
};

describe('an exposed release', () => {
  test.each<[string, Release, Verdict | undefined, string]>([
    // Stops first.
    ['that fails rolls back, even inside the hold', inStage(0, 0), fail, 'rollback performance'],
    ['that fails rolls back while paused', inStage(0, 0, paused), fail, 'rollback performance'],
    ['that fails in the bake rolls back', inStage(3, 0, { phase: 'baking' }), fail, 'rollback performance'],
    ['with too many errors rolls back', inStage(1, 0), tooManyErrors, 'rollback errorRate'],
    [
      'that fails past the time-out is a regression, not a time-out',
      inStage(0, 9 * MINUTE),
      fail,
      'rollback performance',
    ],
    ['still unsure at the time-out rolls back', inStage(0, 5 * MINUTE), unsure('evidenceGrowing'), 'rollback timeout'],
    [
      'with broken routing at the time-out rolls back',
      inStage(0, 5 * MINUTE),
      unsure('routingMismatch'),
      'rollback timeout',
    ],
    // Time-out policies.
    ['with too little data at the time-out holds by default', inStage(0, 5 * MINUTE), unsure('notEnoughData'), 'hold'],
    ['whose source is silent at the time-out holds by default', inStage(0, 5 * MINUTE), unsure('sourceSilent'), 'hold'],
    ['without any verdict at the time-out is silent, not passed', inStage(0, 5 * MINUTE), undefined, 'hold'],
    [
      'with too little data rolls back where the stage says so',
      inStage(0, 5 * MINUTE, withStage({ stage: { onInconclusive: 'rollback' } })),
      unsure('notEnoughData'),
      'rollback timeout',
    ],
    [
      'with too little data advances where the stage says so',
      inStage(0, 5 * MINUTE, withStage({ stage: { onInconclusive: 'advance' } })),
      unsure('notEnoughData'),
      'advance',
    ],
    [
      'that is unsure holds at the time-out where the stage says so',
      inStage(0, 5 * MINUTE, withStage({ stage: { onTimeout: 'hold' } })),
      unsure('evidenceGrowing'),
      'hold',
    ],
    [
      'that is unsure holds at the time-out when that trigger is off',
      inStage(0, 5 * MINUTE, noTrigger({ timeout: false })),
      unsure('evidenceGrowing'),
      'hold',
    ],
    [
      'that fails is never waved through by a clock',
      inStage(0, 5 * MINUTE, {
        plan: {
          ...noTrigger({ performance: false }).plan,
          rollout: samplePlan({ stage: { onTimeout: 'advance' } }).rollout,
        },
      }),
      fail,
      'hold',
    ],
    ['that is paused cannot time out', inStage(0, 9 * MINUTE, paused), unsure('evidenceGrowing'), 'hold'],
    // Waits second.
    ['that passes waits until the hold is over', inStage(0, MINUTE - 1), pass, 'hold'],
    ['that passes waits while paused', inStage(0, 2 * MINUTE, paused), pass, 'hold'],
    ['that is unsure waits', inStage(0, 2 * MINUTE), unsure('evidenceGrowing'), 'hold'],
    [
      'that fails holds when the performance trigger is off',
      inStage(0, 2 * MINUTE, noTrigger({ performance: false })),
      fail,
      'hold',
    ],
    // Advances last.
    ['that passes advances at the end of the hold', inStage(0, MINUTE), pass, 'advance'],
    ['that passes after the time-out advances all the same', inStage(0, 6 * MINUTE), pass, 'advance'],
    ['that passes at 100 % goes on to the bake', inStage(3, MINUTE), pass, 'advance'],
    ['waits in the bake', inStage(3, 4 * MINUTE, { phase: 'baking' }), pass, 'hold'],
    ['is promoted at the end of the bake', inStage(3, 5 * MINUTE, { phase: 'baking' }), pass, 'promote'],
    ['is not promoted on silence', inStage(3, 6 * MINUTE, { phase: 'baking' }), unsure('sourceSilent'), 'hold'],
  ])('%s', (_name, release, verdict, expected) => {
    expect(kindOf(decide(release, verdict ? { verdict } : {}))).toBe(expected);
  });

  test('names the hold by the code of the verdict', () => {
    expect(decide(inStage(0, 2 * MINUTE), { verdict: unsure('evidenceGrowing') })).toMatchObject({
      hold: 'evidenceGrowing',
    });
  });
});

describe('an exposed workload', () => {
  const plan = workloadPlan();
  const ready = { isReady: true, why: '3 of 3 pods are ready' };
  const waiting = { isReady: false, why: '1 of 3 pods is ready' };
  const down = { ...waiting, isDown: true };
  const ill = { ...waiting, unhealthy: 'pod web-candidate-1: ImagePullBackOff' };
  test.each<[string, Release, Findings, string]>([
    ['whose candidate is ill goes back at once', inStage(0, 0, { plan }), { candidate: ill }, 'rollback healthCheck'],
    [
      'whose candidate is ill goes back while paused',
      inStage(0, 0, { plan, ...paused }),
      { candidate: ill },
      'rollback healthCheck',
    ],
    [
      'that is ill and worse is a regression',
      inStage(0, 0, { plan }),
      { candidate: ill, verdict: fail },
      'rollback performance',
    ],
    [
      'that is paused is withdrawn all the same when its candidate has no ready pod',
      inStage(0, 9 * MINUTE, { plan, ...paused }),
      { candidate: down, isServed: true },
      'withdraw',
    ],
    [
      'whose candidate has no ready pod and fails is rolled back',
      inStage(0, 0, { plan }),
      { candidate: down, isServed: true, verdict: fail },
      'rollback performance',
    ],
    [
      'whose candidate has no ready pod, and no requests, waits',
      inStage(0, 0, { plan }),
      { candidate: down, isServed: false },
      'hold',
    ],
    [
      'that was withdrawn waits, whatever the clock of its stage says',
      inStage(0, 9 * MINUTE, { plan, withdrawn: true, withdrawnElapsedMs: MINUTE, losses: 1 }),
      { candidate: waiting, verdict: unsure('evidenceGrowing') },
      'hold',
    ],
    [
      'that was withdrawn for as long as a stage may take goes back',
      inStage(0, MINUTE, { plan, withdrawn: true, withdrawnElapsedMs: 9 * MINUTE, losses: 1 }),
      { candidate: waiting },
      'rollback timeout',
    ],
    [
      'that was withdrawn, and is paused, waits for a person',
      inStage(0, MINUTE, { plan, ...paused, withdrawn: true, withdrawnElapsedMs: 9 * MINUTE, losses: 1 }),
      { candidate: waiting },
      'hold',
    ],
    [
      'that was withdrawn gets its share back when all of its pods are ready',
      inStage(0, 9 * MINUTE, { plan, withdrawn: true, losses: 1 }),
      { candidate: ready },
      'readmit',
    ],
    [
      'that was withdrawn does not believe a count of replicas that has not heard yet',
      inStage(0, MINUTE, { plan, withdrawn: true, losses: 1 }),
      { candidate: { ...ready, isDown: true } },
      'hold',
    ],
    [
      'that loses its pods again and again goes back',
      inStage(0, 0, { plan, losses: 3 }),
      { candidate: down, isServed: true },
      'rollback healthCheck',
    ],
    [
      'waits for a candidate that is not ready, whatever the verdict',
      inStage(0, 2 * MINUTE, { plan }),
      { candidate: waiting, verdict: pass },
      'hold',
    ],
    ['goes on with one that is', inStage(0, MINUTE, { plan }), { candidate: ready, verdict: pass }, 'advance'],
    [
      'is promoted at the end of the bake',
      inStage(3, 5 * MINUTE, { plan, phase: 'baking' }),
      { verdict: pass },
      'promote',
    ],
  ])('%s', (_name, release, findings, expected) => {
    expect(kindOf(decide(release, findings))).toBe(expected);
  });
});

describe('a promotion', () => {
  const promoting = (returningWeight: number, change: Partial<Release> = {}) =>
    inStage(3, 2_000, { plan: workloadPlan(), phase: 'promoting', returningWeight, ...change });
  const ready = { isReady: true, why: 'all 4 pods run it' };
  test.each<[string, Release, Findings, string]>([
    [
      'waits until the Deployment has taken over',
      promoting(100),
      { promotion: { isReady: false, why: '2 of 4' } },
      'hold',
    ],
    ['waits without a word of it', promoting(100), {}, 'hold'],
    ['then gives it half of the traffic', promoting(100), { promotion: ready }, 'advance'],
    ['waits until that is routed', promoting(50), { promotion: ready, isRouted: false }, 'hold'],
    ['and a moment more', promoting(50, { stageElapsedMs: 1_999 }), { promotion: ready }, 'hold'],
    ['then gives it the rest', promoting(50), { promotion: ready, isRouted: true }, 'advance'],
    ['and ends', promoting(0), { promotion: ready, isRouted: true }, 'promote'],
    ['holds while paused', promoting(100, paused), { promotion: ready }, 'hold'],
    [
      'is taken back by hand',
      promoting(50),
      { command: { kind: 'rollback', reason: 'x', actor: 'ann' } },
      'rollback manual',
    ],
  ])('%s', (_name, release, findings, expected) => {
    expect(kindOf(decide(release, findings))).toBe(expected);
  });

  test('that takes too long leaves the traffic with the candidate, and says so', () => {
    const late = promoting(100, { stageElapsedMs: 10 * MINUTE });
    const decision = decide(late, { promotion: { isReady: false, why: '2 of 4 pods' } });
    expect(decision).toMatchObject({ kind: 'hold', hold: 'promotionTimeout' });
    expect(decision.why).toContain('2 of 4 pods');
  });

  test.each(['supersede', 'cancel'] as const)('is not ended by %s', kind => {
    const command = kind === 'supersede' ? { kind, by: 'rel_2', actor: 'ann' } : { kind, actor: 'ann' };
    expect(() => decide(promoting(50), { command })).toThrow(/is being promoted/);
  });
});

describe('a stage that asks for approval', () => {
  const approval = { timeoutMs: 60 * MINUTE, onTimeout: 'hold' as const };
  const asking = (change: Partial<Release> = {}, of: object = approval) =>
    inStage(0, MINUTE, { plan: samplePlan({ stage: { approval: of as typeof approval } }), ...change });
  const approved = (release: Release): Release => ({
    ...release,
    stages: release.stages.map((stage, at) => (at === release.stageIndex ? { ...stage, approvedBy: 'ann' } : stage)),
  });
  const late = { approvalElapsedMs: 60 * MINUTE };

  test.each<[string, Release, Verdict, string]>([
    ['is not left by a pass alone', asking(), pass, 'hold'],
    ['is left when a person has approved it', approved(asking()), pass, 'advance'],
    ['is not left before it has passed, approved or not', approved(asking()), unsure('notEnoughData'), 'hold'],
    ['is not left before its hold is over', approved(asking({ stageElapsedMs: 0 })), pass, 'hold'],
    [
      'rolls back a candidate that turns out worse while it waits',
      asking({ hold: { reason: 'approval', since: NOW } }),
      fail,
      'rollback performance',
    ],
    ['holds when nobody comes', asking(late), pass, 'hold'],
    [
      'rolls back when nobody comes, where it says so',
      asking(late, { ...approval, onTimeout: 'rollback' }),
      pass,
      'rollback timeout',
    ],
    [
      'goes on when nobody comes, where it says so',
      asking(late, { ...approval, onTimeout: 'advance' }),
      pass,
      'advance',
    ],
    [
      'does not ask again in the bake',
      { ...asking(), phase: 'baking', stageIndex: 3, stageElapsedMs: 5 * MINUTE },
      pass,
      'promote',
    ],
  ])('%s', (_name, release, verdict, expected) => {
    expect(kindOf(decide(release, { verdict }))).toBe(expected);
  });

  test('names who approved it, when it is left', () => {
    expect(decide(approved(asking()), { verdict: pass }).why).toContain('approved by ann');
  });

  const approve: Command = { kind: 'approve', actor: 'ann', comment: 'looks right' };
  test('takes the approval of a person, once', () => {
    expect(decide(asking(), { command: approve })).toEqual({
      kind: 'hold',
      why: 'approved by ann: looks right',
      approvedBy: 'ann',
    });
    expect(() => decide(approved(asking()), { command: approve })).toThrow(/was approved by ann/);
    expect(() => decide(inStage(0), { command: approve })).toThrow(/needs no approval/);
    expect(() => decide(sampleRelease(), { command: approve })).toThrow(/no stage to approve/);
  });
});

describe('before exposure', () => {
  const test_ = (change: Partial<TestSummary>): TestSummary => ({
    passed: true,
    complete: true,
    why: '3 of 3 cases passed',
    suites: [],
    ...change,
  });
  const strict = {
    plan: { ...samplePlan(), regression: { ...samplePlan().regression, onInconclusive: 'fail' as const } },
  };
  test.each<[string, Release, Parameters<typeof decide>[1], string]>([
    ['a queued release starts its tests', sampleRelease(), {}, 'advance'],
    ['running tests are waited for', sampleRelease({ phase: 'testing' }), {}, 'hold'],
    ['passed tests lead to the comparison', sampleRelease({ phase: 'testing' }), { test: test_({}) }, 'advance'],
    ['failed tests end the release', sampleRelease({ phase: 'testing' }), { test: test_({ passed: false }) }, 'fail'],
    [
      'tests that did not all run are never green',
      sampleRelease({ phase: 'testing' }),
      { test: test_({ complete: false }) },
      'fail',
    ],
    [
      'the first version serves once its tests pass',
      sampleRelease({ phase: 'testing', baseline: null }),
      { test: test_({}) },
      'promote',
    ],
    [
      'a regression in the comparison ends the release',
      sampleRelease({ phase: 'comparing' }),
      { verdict: fail },
      'fail',
    ],
    [
      'an unsure comparison proceeds by default',
      sampleRelease({ phase: 'comparing' }),
      { verdict: unsure('notEnoughData') },
      'advance',
    ],
    [
      'an unsure comparison ends the release where the plan says so',
      sampleRelease({ phase: 'comparing', ...strict }),
      { verdict: unsure('notEnoughData') },
      'fail',
    ],
    ['a rollback under way waits for the route', sampleRelease({ phase: 'rollingBack' }), {}, 'hold'],
    [
      'a rollback is done when the route is restored',
      sampleRelease({ phase: 'rollingBack' }),
      { restored: { decisionToWriteMs: 1 } },
      'advance',
    ],
  ])('%s', (_name, release, findings, expected) => {
    expect(kindOf(decide(release, findings))).toBe(expected);
  });
});

describe('a command', () => {
  const by = { actor: 'ann' };
  const rollback: Command = { kind: 'rollback', reason: 'users complain', ...by };
  test.each<[string, Release, Command, string]>([
    ['to roll back is obeyed in a stage', inStage(0), rollback, 'rollback manual'],
    ['to roll back is obeyed while paused', inStage(0, 0, paused), rollback, 'rollback manual'],
    [
      'to roll back is obeyed in the bake, after promote --full',
      inStage(3, 0, { phase: 'baking' }),
      rollback,
      'rollback manual',
    ],
    ['to roll back before exposure cancels', sampleRelease({ phase: 'testing' }), rollback, 'cancel'],
    ['to promote advances a stage over the verdict', inStage(0), { kind: 'promote', full: false, ...by }, 'advance'],
    [
      'to promote in the bake ends it',
      inStage(3, 0, { phase: 'baking' }),
      { kind: 'promote', full: false, ...by },
      'promote',
    ],
    ['to cancel ends the release', inStage(0), { kind: 'cancel', ...by }, 'cancel'],
    [
      'to supersede ends the release, also in the middle of a rollback',
      sampleRelease({ phase: 'rollingBack' }),
      { kind: 'supersede', by: 'rel_2', ...by },
      'supersede',
    ],
  ])('%s', (_name, release, command, expected) => {
    expect(kindOf(decide(release, { command, verdict: pass }))).toBe(expected);
  });

  test.each<[string, Release, Command, string]>([
    ['on a finished release', sampleRelease({ phase: 'succeeded' }), rollback, 'RELEASE_FINISHED'],
    ['to promote a paused release', inStage(0, 0, paused), { kind: 'promote', full: true, ...by }, 'RELEASE_PAUSED'],
    [
      'to promote over running tests',
      sampleRelease({ phase: 'testing' }),
      { kind: 'promote', full: false, ...by },
      'COMMAND_REFUSED',
    ],
    ['to resume what is not paused', inStage(0), { kind: 'resume', ...by }, 'COMMAND_REFUSED'],
    ['to pause before exposure', sampleRelease(), { kind: 'pause', ...by }, 'COMMAND_REFUSED'],
    ['to roll back twice', sampleRelease({ phase: 'rollingBack' }), rollback, 'COMMAND_REFUSED'],
    [
      'to promote out of a stage that was left meanwhile',
      inStage(1),
      { kind: 'promote', full: false, fromStage: 0, ...by },
      'STATE_MOVED',
    ],
    [
      'to promote out of the last stage when it bakes already',
      inStage(3, 0, { phase: 'baking' }),
      { kind: 'promote', full: false, fromStage: 3, ...by },
      'STATE_MOVED',
    ],
  ])('%s is refused', (_name, release, command, code) => {
    expect(() => decide(release, { command })).toThrow(expect.objectContaining({ code }));
  });
});
