/**
 * The life cycle as a whole: no sequence of observations, commands, crashes and clock jumps leads to a weight above the
 * stage's, to an advance without a pass or an override, or to an end with weight left on a rolled-back candidate.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../analysis/verdict.ts';
import type { Command } from './command.ts';
import { decide, type Findings } from './decide.ts';
import { evolve } from './evolve.ts';
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
import { isActive, isExposed, MAX_GAP_MS, type Release, shareOf, tick } from './release.ts';

interface Step {
  gapMs: number;
  findings: Findings;
  /** The pass dies before its state is saved. */
  crash: boolean;
}

const verdicts: fc.Arbitrary<Verdict> = fc.oneof(
  { weight: 30, arbitrary: fc.constant(pass) },
  { weight: 1, arbitrary: fc.constantFrom(fail, tooManyErrors) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('notEnoughData', 'sourceSilent', 'evidenceGrowing', 'routingMismatch')
      .map(code => unsure(code as 'sourceSilent')),
  },
);
const commands: fc.Arbitrary<Command> = fc.constantFrom<Command>(
  { kind: 'promote', full: false, actor: 'ann' },
  { kind: 'promote', full: true, actor: 'ann' },
  { kind: 'pause', actor: 'ann' },
  { kind: 'resume', actor: 'ann' },
  { kind: 'approve', actor: 'ann' },
  { kind: 'rollback', reason: 'by hand', actor: 'ann' },
  { kind: 'cancel', actor: 'ann' },
  { kind: 'supersede', by: 'rel_2', actor: 'ann' },
);
const candidates = fc.oneof(
  { weight: 20, arbitrary: fc.record({ isReady: fc.boolean(), why: fc.constant('the candidate') }) },
  { weight: 2, arbitrary: fc.constant({ isReady: false, why: 'its pods are gone', isDown: true }) },
  { weight: 1, arbitrary: fc.constant({ isReady: false, why: 'it crashes', unhealthy: 'it crashes' }) },
);
const steps: fc.Arbitrary<Step> = fc.record({
  gapMs: fc.oneof(
    { weight: 5, arbitrary: fc.constant(MAX_GAP_MS) },
    { weight: 1, arbitrary: fc.constantFrom(-3_600_000, 3_600_000, Number.NaN, 0) },
  ),
  findings: fc
    .record({
      verdict: fc.option(verdicts, { nil: undefined }),
      command: fc.oneof({ weight: 40, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: commands }),
      test: fc.option(
        fc.record({ passed: fc.boolean(), complete: fc.boolean(), why: fc.constant('tests'), suites: fc.constant([]) }),
        { nil: undefined },
      ),
      candidate: fc.option(candidates, { nil: undefined }),
      promotion: fc.option(fc.record({ isReady: fc.boolean(), why: fc.constant('the Deployment') }), {
        nil: undefined,
      }),
      isServed: fc.boolean(),
      isRouted: fc.boolean(),
      restored: fc.option(fc.constant({ decisionToWriteMs: 1 }), { nil: undefined }),
    })
    .map(found => Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Findings),
  crash: fc.boolean(),
});

function pass_(release: Release, step: Step): { next: Release; kind: string; override: boolean } {
  const ticked = tick(release, step.gapMs);
  try {
    const decision = decide(ticked, step.findings);
    const override = 'override' in decision && decision.override === true;
    return { next: evolve(ticked, decision, step.findings, NOW), kind: decision.kind, override };
  } catch {
    return { next: ticked, kind: 'refused', override: false };
  }
}

/** Every weight that the plan allows in the present state. */
function allowedWeight(release: Release): number {
  if (release.phase === 'rollingOut') return release.plan.rollout.stages[release.stageIndex]!.weight;
  if (release.phase === 'baking') return 100 - release.plan.rollout.holdbackWeight;
  return release.phase === 'succeeded' || release.phase === 'promoting' ? 100 : 0;
}

interface Move {
  before: Release;
  step: Step;
  next: Release;
  kind: string;
  override: boolean;
}

function expectWeightByTheRules({ before, step, next, override }: Move): void {
  expect(next.weight).toBe(allowedWeight(next));
  expect(next.epoch >= before.epoch && (next.weight === before.weight || next.epoch > before.epoch)).toBe(true);
  expect(shareOf(next) === shareOf(before) || next.epoch > before.epoch).toBe(true);
  if (next.withdrawn) expect(['rollingOut', 'baking']).toContain(next.phase);
  if (before.withdrawn && shareOf(next) > 0) expect(step.findings.candidate?.isReady).toBe(true);
  if (next.weight <= before.weight || !isExposed(before) || override) return;
  expect(step.findings.verdict?.kind).toBe('pass');
  expect(before.hold?.reason).not.toBe('paused');
}

function expectEndByTheRules({ before, step, next, kind }: Move): void {
  if (kind === 'rollback') expect(next).toMatchObject({ phase: 'rollingBack', weight: 0 });
  const { verdict, candidate, command } = step.findings;
  // While promoting nothing is compared: both arms run the same version.
  const isWatched = isExposed(before) && before.phase !== 'promoting' && !command;
  if (isWatched && (verdict?.kind === 'fail' || candidate?.unhealthy)) expect(next.weight).toBe(0);
  if (next.phase === 'succeeded' && 'kubernetes' in next.plan.target && isActive(before))
    expect(before).toMatchObject({ phase: 'promoting', returningWeight: 0 });
  if (!isActive(before)) expect(next).toBe(before);
  if (!isActive(next) && next.phase !== 'succeeded') expect(next.weight).toBe(0);
}

describe('no sequence of observations, commands, crashes and clock jumps', () => {
  test('breaks a rule of the life cycle', () => {
    const reached = new Map<string, number>();
    const plan = samplePlan({ bakeMs: MINUTE });
    const workload = workloadPlan({ bakeMs: MINUTE });
    const start = fc.constantFrom(
      sampleRelease({ plan }),
      inStage(0, 0, { plan }),
      inStage(2, 0, { plan }),
      inStage(3, 0, { plan, phase: 'baking' }),
      inStage(0, 0, { plan: workload }),
      inStage(3, 0, { plan: workload, phase: 'baking' }),
    );
    const property = fc.property(
      start,
      fc.array(steps, { minLength: 20, maxLength: 150, size: 'max' }),
      (from, sequence) => {
        let release = from;
        for (const step of sequence) {
          const before = release;
          const made = pass_(before, step);
          if (step.crash) continue;
          release = made.next;
          const move = { before, step, ...made };
          expectWeightByTheRules(move);
          expectEndByTheRules(move);
          if (release.withdrawn && !before.withdrawn) reached.set('withdrawn', (reached.get('withdrawn') ?? 0) + 1);
          if (before.phase !== release.phase) reached.set(release.phase, (reached.get(release.phase) ?? 0) + 1);
        }
      },
    );
    fc.assert(property, { numRuns: 1000, seed: 20260101 });
    // The walk does reach every corner; otherwise it would prove nothing.
    for (const phase of [
      'rollingOut',
      'baking',
      'promoting',
      'succeeded',
      'rolledBack',
      'failed',
      'cancelled',
      'superseded',
      'withdrawn',
    ])
      expect([phase, (reached.get(phase) ?? 0) >= 10]).toEqual([phase, true]);
  });
});

describe('the stage clock', () => {
  test.each([
    ['an hour forward', 3_600_000, MAX_GAP_MS],
    ['an hour back', -3_600_000, 0],
    ['into nothing', Number.NaN, 0],
  ])('moves at most ten seconds when the time jumps %s', (_name, gapMs, expected) => {
    expect(tick(inStage(0), gapMs).stageElapsedMs).toBe(expected);
  });

  test('stands still while paused', () => {
    expect(tick(inStage(0, 5, { hold: { reason: 'paused', since: NOW } }), 1_000).stageElapsedMs).toBe(5);
  });
});

describe('an approval', () => {
  const plan = samplePlan({ stage: { approval: { timeoutMs: MINUTE, onTimeout: 'hold' } } });
  const waiting = inStage(0, MINUTE, { plan, hold: { reason: 'approval', since: NOW } });
  const approved = evolve(waiting, { kind: 'hold', why: 'x', approvedBy: 'ann' }, {}, NOW);

  test('stands in the record of its stage, and lifts the hold', () => {
    expect(approved.stages[0]).toMatchObject({ approvedBy: 'ann', approvedAt: NOW });
    expect(approved.hold).toBeUndefined();
  });

  test('is waited for on a clock of its own: that of the stage stands still', () => {
    expect(tick(waiting, 1_000)).toMatchObject({ stageElapsedMs: MINUTE, approvalElapsedMs: 1_000 });
  });

  test('is for one stage', () => {
    const next = evolve(tick(waiting, 1_000), { kind: 'advance', why: 'x' }, { verdict: pass }, NOW);
    expect(next.approvalElapsedMs).toBeUndefined();
    expect(next.stages[1]!.approvedBy).toBeUndefined();
  });

  test('does not lift a pause', () => {
    const paused = { ...waiting, hold: { reason: 'paused' as const, since: NOW } };
    expect(evolve(paused, { kind: 'hold', why: 'x', approvedBy: 'ann' }, {}, NOW).hold?.reason).toBe('paused');
  });
});

describe('evolve', () => {
  test.each([
    [14_999, true],
    [15_001, false],
  ])('a restoration after %i ms is within the SLA of 15 s: %s', (writeToAcceptedMs, withinSla) => {
    const rollback = { trigger: 'manual' as const, reason: 'x', at: NOW };
    const restored = { decisionToWriteMs: 0, writeToAcceptedMs };
    const next = evolve(
      sampleRelease({ phase: 'rollingBack', rollback }),
      { kind: 'advance', why: 'restored' },
      { restored },
      NOW,
    );
    expect(next).toMatchObject({ phase: 'rolledBack', rollback: { clocks: restored, withinSla } });
  });

  test('returns the release itself when a hold goes on', () => {
    const release = inStage(0, MINUTE);
    expect(evolve(release, { kind: 'hold', why: 'the stage is not over yet' }, { verdict: pass }, NOW)).toBe(release);
  });

  test('keeps the verdict on which a stage was left', () => {
    const next = evolve(inStage(0, MINUTE), { kind: 'advance', why: 'no harm' }, { verdict: pass }, NOW);
    expect(next.stages[0]).toMatchObject({ leftAt: NOW, verdict: { kind: 'pass' } });
    expect(next).toMatchObject({ stageIndex: 1, weight: 25, stageElapsedMs: 0 });
  });

  test('promote --full is weight 100, then the bake at once', () => {
    const full = { kind: 'advance', why: 'by ann', override: true, toLastStage: true } as const;
    const baking = evolve(inStage(0), full, {}, NOW);
    expect(baking).toMatchObject({ phase: 'baking', weight: 100, stageElapsedMs: 0 });
    expect(baking.stages[3]).toMatchObject({ enteredAt: NOW, leftAt: NOW });
  });

  test('promote --full without a bake stays at 100 % for the last stage, so that it can be taken back', () => {
    const full = { kind: 'advance', why: 'by ann', override: true, toLastStage: true } as const;
    const plan = samplePlan({ bakeMs: 0 });
    expect(evolve(inStage(0, 0, { plan }), full, {}, NOW)).toMatchObject({
      phase: 'rollingOut',
      stageIndex: 3,
      weight: 100,
    });
  });

  test('a pause is not lifted by what a pass finds', () => {
    const paused = inStage(0, MINUTE, { hold: { reason: 'paused', since: NOW } });
    expect(evolve(paused, { kind: 'hold', why: 'x', hold: 'sourceSilent' }, {}, NOW)).toBe(paused);
  });

  test('without a bake the last stage promotes', () => {
    const last = inStage(3, MINUTE, { plan: samplePlan({ bakeMs: 0 }) });
    expect(evolve(last, { kind: 'advance', why: 'ok' }, { verdict: pass }, NOW)).toMatchObject({
      phase: 'succeeded',
      weight: 100,
    });
  });
});
