/**
 * Chooses the next move of a release. All policy is here; the controller obeys and never adds an `if`.
 * Stops first, waits second, advances last: that order is the safety argument. Pure: no clock, no network, no store;
 * the time spent in the stage is part of the release. Every row of the guide's table is a row of the test.
 */
import type { InconclusiveCode, Verdict } from '../analysis/verdict.ts';
import type { StagePlan } from '../config/plan.ts';
import type { Command } from './command.ts';
import { decideCommand } from './command.ts';
import type { Decision } from './decision.ts';
import type { Release, RollbackClocks, TestSummary } from './release.ts';
import { isAbsentTooLong, stagePlanOf, workloadOf } from './release.ts';
import type { CandidateFinding, PromotionFinding } from './workload.ts';

/** What a pass found out. What is absent is not known yet. */
export interface Findings {
  /** A person's wish; always looked at first. */
  command?: Command | undefined;
  /** Tests of both arms, once they have ended. */
  test?: TestSummary | undefined;
  /** In `comparing` of the tests' samples; in exposed phases of live outcomes. */
  verdict?: Verdict | undefined;
  /** Of a workload: whether the candidate can take the wanted weight, and is fit to live. */
  candidate?: CandidateFinding | undefined;
  /** Of a workload whose candidate is down: it is sent requests now. */
  isServed?: boolean | undefined;
  /** Of a workload, while it is promoted. */
  promotion?: PromotionFinding | undefined;
  /** The weight that is wanted is live; absent where nothing can stand between the two. */
  isRouted?: boolean | undefined;
  /** The baseline serves everyone again, live and stored; with the times it took. */
  restored?: RollbackClocks | undefined;
  /** The alert of its SLA was given before that. */
  isOverdue?: boolean | undefined;
}

export function decide(release: Release, findings: Findings): Decision {
  if (findings.command) return decideCommand(release, findings.command);
  switch (release.phase) {
    case 'queued':
      return { kind: 'advance', why: 'accepted' };
    case 'testing':
      return decideTest(release, findings.test);
    case 'comparing':
      return decideComparison(release, findings.verdict);
    case 'rollingOut':
    case 'baking':
      return decideExposed(release, findings);
    case 'promoting':
      return decidePromotion(release, findings);
    case 'rollingBack':
      return findings.restored
        ? { kind: 'advance', why: 'the baseline serves everyone again' }
        : { kind: 'hold', why: 'waiting until the baseline serves everyone' };
    case 'succeeded':
    case 'rolledBack':
    case 'failed':
    case 'cancelled':
    case 'superseded':
      return { kind: 'hold', why: `the release has ended: ${release.phase}` };
  }
}

function decideTest(release: Release, test: TestSummary | undefined): Decision {
  if (!test) return { kind: 'hold', why: 'the tests are running' };
  if (!test.complete || !test.passed) return { kind: 'fail', why: test.why };
  if (release.baseline === null)
    return { kind: 'promote', why: `${test.why}; the first version has nothing to be compared with` };
  return { kind: 'advance', why: test.why };
}

function decideComparison(release: Release, verdict: Verdict | undefined): Decision {
  if (!verdict) return { kind: 'hold', why: 'the comparison is running' };
  if (verdict.kind === 'fail') return { kind: 'fail', why: verdict.reason };
  if (verdict.kind === 'inconclusive' && release.plan.regression.onInconclusive === 'fail')
    return { kind: 'fail', why: `the comparison is inconclusive: ${verdict.reason}` };
  return { kind: 'advance', why: verdict.reason };
}

function decideExposed(release: Release, findings: Findings): Decision {
  const { verdict, candidate } = findings;
  const stage = stagePlanOf(release);
  const { triggers } = release.plan.rollback;
  const found = verdict ?? silence;

  if (found.kind === 'fail' && (found.trigger === 'errorRate' || triggers.performance))
    return { kind: 'rollback', trigger: found.trigger, why: found.reason };
  if (candidate?.unhealthy !== undefined) return { kind: 'rollback', trigger: 'healthCheck', why: candidate.unhealthy };
  const lost = decideLoss(release, findings);
  if (lost) return lost;
  if (release.stageElapsedMs >= stage.timeoutMs && found.kind !== 'pass') return decideTimeout(release, found);

  if (release.hold?.reason === 'paused') return { kind: 'hold', why: 'paused', hold: 'paused' };
  if (candidate && !candidate.isReady) return { kind: 'hold', why: candidate.why, hold: 'candidateNotReady' };
  if (release.stageElapsedMs < stage.holdMs) return { kind: 'hold', why: 'the stage is not over yet' };
  switch (found.kind) {
    case 'fail':
      return {
        kind: 'hold',
        why: `${found.reason}; the performance trigger is off, so nothing is rolled back and nothing advances`,
      };
    case 'inconclusive':
      return { kind: 'hold', why: found.reason, hold: found.code };
    case 'pass':
      return decidePassed(release, stage, found.reason);
  }
}

/** Times in one stage that a candidate may lose all of its pods. */
const LOSSES_MAX = 3;

/**
 * A candidate without a ready pod loses what it is sent: the baseline gets that at once, until the pods are there again. It is no
 * rollback, for what took them may have been a node and not the version; but pods that go again and again are the version's.
 */
function decideLoss(release: Release, { candidate, isServed }: Findings): Decision | undefined {
  const why = candidate?.why ?? 'nothing is known of the candidate';
  if (release.withdrawn) {
    if (candidate?.isReady && !candidate.isDown) return { kind: 'readmit', why: `${why}; it gets its share back` };
    return decideAbsence(release, why);
  }
  if (!candidate?.isDown || !isServed) return undefined;
  const lost = `no pod of the candidate is ready (${why})`;
  if ((release.losses ?? 0) < LOSSES_MAX) return { kind: 'withdraw', why: `${lost}; the baseline gets its share` };
  return { kind: 'rollback', trigger: 'healthCheck', why: `${lost}, for the ${LOSSES_MAX + 1}th time in this stage` };
}

/** Pods that do not come back are waited for as long as a stage may take: Kubernetes sets no limit to a Deployment that was complete once. */
function decideAbsence(release: Release, why: string): Decision {
  if (release.hold?.reason === 'paused') return { kind: 'hold', why: 'paused', hold: 'paused' };
  const isAllowed = stagePlanOf(release).onTimeout === 'rollback' && release.plan.rollback.triggers.timeout;
  if (isAbsentTooLong(release) && isAllowed)
    return { kind: 'rollback', trigger: 'timeout', why: `the candidate was not ready again in time: ${why}` };
  return { kind: 'hold', why, hold: 'candidateNotReady' };
}

/** Harm is judged on while a person is waited for: only the clock stands still. */
function decidePassed(release: Release, { approval }: StagePlan, reason: string): Decision {
  const onward = release.phase === 'baking' ? 'promote' : 'advance';
  const approvedBy = release.stages[release.stageIndex]?.approvedBy;
  if (!approval || release.phase === 'baking') return { kind: onward, why: reason };
  if (approvedBy !== undefined) return { kind: onward, why: `${reason}; approved by ${approvedBy}` };
  const held: Decision = { kind: 'hold', why: `${reason}; waiting for approval`, hold: 'approval' };
  if ((release.approvalElapsedMs ?? 0) < approval.timeoutMs) return held;
  const why = `${reason}; nobody has approved it in time`;
  switch (approval.onTimeout) {
    case 'hold':
      return { ...held, why };
    case 'rollback':
      return { kind: 'rollback', trigger: 'timeout', why };
    case 'advance':
      return { kind: onward, why: `${why}; the stage's policy is to go on`, override: true };
  }
}

/** What share the candidate has left when the Deployment takes over, step by step. */
const RETURN: Readonly<Record<number, number>> = { 100: 50, 50: 0 };
/** Between two steps, so that half of the traffic warms the new pods before they get all of it. */
const RETURN_STEP_MS = 2_000;

/**
 * Nothing is compared any more: both run the same version. A Deployment that does not get there is a matter for people, and
 * the candidate goes on serving: taking it away would harm those whom it serves well.
 */
function decidePromotion(release: Release, { promotion, isRouted = true }: Findings): Decision {
  const { returningWeight = 100 } = release;
  if (release.hold?.reason === 'paused') return { kind: 'hold', why: 'paused', hold: 'paused' };
  if (promotion?.isReady && isRouted && release.stageElapsedMs >= RETURN_STEP_MS) {
    const next = RETURN[returningWeight];
    if (next === undefined) return { kind: 'promote', why: `${promotion.why}; all traffic is with it` };
    return { kind: 'advance', why: `${promotion.why}; the candidate keeps ${next} % of the traffic` };
  }
  const why = promotion?.why ?? 'the Deployment takes the version over';
  if (release.stageElapsedMs < (workloadOf(release)?.promotionTimeoutMs ?? 0)) return { kind: 'hold', why };
  return { kind: 'hold', why: `the promotion takes too long: ${why}`, hold: 'promotionTimeout' };
}

/** Too little data is another matter than data that will not pass: each has its own policy. A paused stage cannot time out. */
function decideTimeout(release: Release, found: Exclude<Verdict, { kind: 'pass' }>): Decision {
  const stage = stagePlanOf(release);
  if (release.hold?.reason === 'paused') return { kind: 'hold', why: 'paused', hold: 'paused' };
  const isThin = found.kind === 'inconclusive' && THIN.includes(found.code);
  const policy = isThin ? stage.onInconclusive : stage.onTimeout;
  const why = `still ${found.kind === 'fail' ? 'failing' : 'inconclusive'} at the stage's time-out: ${found.reason}`;
  const held: Decision =
    found.kind === 'inconclusive' ? { kind: 'hold', why, hold: found.code } : { kind: 'hold', why };
  switch (policy) {
    case 'hold':
      return held;
    case 'rollback':
      return release.plan.rollback.triggers.timeout ? { kind: 'rollback', trigger: 'timeout', why } : held;
    case 'advance':
      if (found.kind === 'fail') return held; // a failed metric is never waved through by a clock
      return {
        kind: release.phase === 'baking' ? 'promote' : 'advance',
        why: `${why}; the stage's policy is to go on`,
        override: true,
      };
  }
}

const THIN: readonly InconclusiveCode[] = ['notEnoughData', 'sourceSilent'];

/** Silence is not evidence: a pass without a verdict is judged as a source that says nothing. */
const silence: Exclude<Verdict, { kind: 'pass' }> = {
  kind: 'inconclusive',
  code: 'sourceSilent',
  reason: 'no verdict on live traffic yet',
  metrics: [],
};
