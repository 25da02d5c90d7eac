/**
 * Carries a decision into the state of a release. Pure; returns the release itself when nothing changes, so that a pass
 * without news writes nothing. The weight changes here and nowhere else, and each change takes a new epoch.
 */
import type { Verdict } from '../analysis/verdict.ts';
import type { Findings } from './decide.ts';
import type { Decision } from './decision.ts';
import { type Hold, isPromoted, type Phase, type Release, type StageRecord } from './release.ts';

/** How long the reason of a hold stands before another one may take its place. */
const HOLD_NAMED_MS = 10_000;

export function evolve(release: Release, decision: Decision, findings: Findings, nowIso: string): Release {
  // A hold that goes on changes nothing, whatever was measured meanwhile: only the controller's checkpoint keeps that.
  if (decision.kind === 'hold') {
    const { approvedBy } = decision;
    return approvedBy === undefined
      ? holdAs(release, decision.hold, nowIso, findings)
      : approve(release, approvedBy, nowIso);
  }
  const seen = withFindings(release, findings);
  switch (decision.kind) {
    case 'advance':
      return advance(seen, decision, nowIso, findings);
    case 'promote':
      return promote(seen, nowIso);
    case 'withdraw':
      return {
        ...reweigh(seen, seen.weight, { updatedAt: nowIso }),
        withdrawn: true,
        losses: (seen.losses ?? 0) + 1,
        hold: { reason: 'candidateNotReady', since: nowIso },
        ...pauseOf(seen),
      };
    case 'readmit':
      return { ...reweigh(seen, seen.weight, { updatedAt: nowIso }), ...pauseOf(seen) };
    case 'rollback':
      return reweigh(leaveStage(seen, nowIso), 0, {
        phase: 'rollingBack',
        rollback: { trigger: decision.trigger, reason: decision.why, at: nowIso },
        updatedAt: nowIso,
      });
    case 'fail':
      return end(seen, 'failed', decision.why, nowIso);
    case 'cancel':
      return end(seen, 'cancelled', decision.why, nowIso);
    case 'supersede':
      return { ...end(seen, 'superseded', decision.why, nowIso), supersededBy: decision.by };
  }
}

function withFindings(release: Release, { test, verdict }: Findings): Release {
  const changed = { ...(test ? { test } : {}), ...(verdict ? { verdict } : {}) };
  return Object.keys(changed).length === 0 ? release : { ...release, ...changed };
}

function holdAs(release: Release, reason: Hold['reason'] | undefined, nowIso: string, findings: Findings): Release {
  // A pause ends by `resume` alone: what a pass finds meanwhile does not lift it.
  if (release.hold?.reason === 'paused' && reason !== 'paused' && !findings.command) return release;
  if (release.hold?.reason === reason) return release;
  if (release.hold && !findings.command && isRecent(release.hold.since, nowIso)) return release;
  const { hold: _before, ...rest } = withFindings(release, findings);
  return { ...rest, ...(reason ? { hold: { reason, since: nowIso } } : {}), updatedAt: nowIso };
}

/** The next pass that is as good as the last leaves the stage; a pause stays a pause. */
function approve(release: Release, approvedBy: string, nowIso: string): Release {
  const { hold, ...rest } = release;
  const stages = release.stages.map((stage, at) =>
    at === release.stageIndex ? { ...stage, approvedBy, approvedAt: nowIso } : stage,
  );
  return { ...rest, ...(hold && hold.reason !== 'approval' ? { hold } : {}), stages, updatedAt: nowIso };
}

/** Two doubts that alternate with every look would write an event each time: the first one named stands for a while. */
function isRecent(sinceIso: string, nowIso: string): boolean {
  return Math.abs(Date.parse(nowIso) - Date.parse(sinceIso)) < HOLD_NAMED_MS;
}

function advance(
  release: Release,
  decision: Extract<Decision, { kind: 'advance' }>,
  nowIso: string,
  findings: Findings,
): Release {
  const { stages, bakeMs } = release.plan.rollout;
  switch (release.phase) {
    case 'queued':
      return { ...release, phase: 'testing', updatedAt: nowIso };
    case 'testing':
      return { ...release, phase: 'comparing', updatedAt: nowIso };
    case 'comparing':
      return enterStage(release, 0, nowIso);
    case 'rollingOut': {
      const last = stages.length - 1;
      const bakeOr = (then: (left: Release) => Release, left: Release) =>
        bakeMs > 0 ? enterBake(left, nowIso) : then(left);
      // Weight 100 by a person's word: the bake begins at once, for there is no verdict to wait for.
      if (decision.toLastStage) return bakeOr(full => full, enterStage(release, last, nowIso));
      if (release.stageIndex < last) return enterStage(release, release.stageIndex + 1, nowIso);
      return bakeOr(left => promote(left, nowIso), release);
    }
    case 'rollingBack':
      return { ...withoutHold(release), ...timed(release, findings), phase: 'rolledBack', updatedAt: nowIso };
    case 'promoting':
      return reweigh(release, release.weight, {
        returningWeight: (release.returningWeight ?? 100) > 50 ? 50 : 0,
        stageElapsedMs: 0,
        updatedAt: nowIso,
      });
    case 'baking':
    case 'succeeded':
    case 'rolledBack':
    case 'failed':
    case 'cancelled':
    case 'superseded':
      return release;
  }
}

function enterStage(release: Release, index: number, nowIso: string): Release {
  const { verdict: _left, approvalElapsedMs: _waited, losses: _losses, ...left } = leaveStage(release, nowIso);
  const stages = left.stages.map((stage, at) => (at === index ? { ...stage, enteredAt: nowIso } : stage));
  const weight = left.plan.rollout.stages[index]!.weight;
  return reweigh({ ...left, stages }, weight, {
    phase: 'rollingOut',
    stageIndex: index,
    stageElapsedMs: 0,
    updatedAt: nowIso,
  });
}

function enterBake(release: Release, nowIso: string): Release {
  const weight = 100 - release.plan.rollout.holdbackWeight;
  const { verdict: _left, losses: _losses, ...left } = leaveStage(release, nowIso);
  return reweigh(left, weight, { phase: 'baking', stageElapsedMs: 0, updatedAt: nowIso });
}

/** The SLA runs from the decision to the last clock that there is; one that a probe never saw obeyed has no last clock, and an alert. */
function timed(release: Release, { restored: clocks, isOverdue = false }: Findings): Partial<Release> {
  if (!release.rollback || !clocks) return {};
  const tookMs = clocks.decisionToWriteMs + Math.max(clocks.writeToAcceptedMs ?? 0, clocks.writeToVerifiedMs ?? 0);
  return { rollback: { ...release.rollback, clocks, withinSla: !isOverdue && tookMs <= release.plan.rollback.slaMs } };
}

/** The candidate becomes the baseline: nothing is split any more, so the weight of a finished release is that of its version: 100. */
function promote(release: Release, nowIso: string): Release {
  const { returningWeight: _returned, ...left } = leaveStage(release, nowIso);
  if (isPromoted(release) && release.phase !== 'promoting' && release.baseline !== null)
    return reweigh(left, 100, { phase: 'promoting', returningWeight: 100, stageElapsedMs: 0, updatedAt: nowIso });
  return reweigh(left, 100, { phase: 'succeeded', updatedAt: nowIso });
}

function end(release: Release, phase: Phase, failure: string, nowIso: string): Release {
  return reweigh(leaveStage(release, nowIso), 0, { phase, failure, updatedAt: nowIso });
}

/** Every change of what is wanted of the traffic takes a new epoch; a change of phase alone does too, where the route changes with it. */
function reweigh(release: Release, weight: number, change: Partial<Release>): Release {
  const { withdrawn: _withdrawn, withdrawnElapsedMs: _elapsed, ...rest } = withoutHold(release);
  return { ...rest, ...change, weight, epoch: release.epoch + 1 };
}

/** Ends by a person's word alone. */
function pauseOf({ hold }: Release): Pick<Release, 'hold'> {
  return hold?.reason === 'paused' ? { hold } : {};
}

function leaveStage(release: Release, nowIso: string): Release {
  const current = release.stages[release.stageIndex];
  if (!current || current.leftAt) return release;
  const left: StageRecord = {
    ...current,
    leftAt: nowIso,
    ...(release.verdict ? { verdict: brief(release.verdict) } : {}),
  };
  return { ...release, stages: release.stages.map((stage, at) => (at === release.stageIndex ? left : stage)) };
}

/** Full test numbers of every metric stay in the audit event; the record of a stage keeps what people read. */
function brief(verdict: Verdict): Verdict {
  return { ...verdict, metrics: verdict.metrics.map(({ tests: _tests, ...metric }) => metric) };
}

function withoutHold(release: Release): Release {
  const { hold: _hold, ...rest } = release;
  return rest;
}
