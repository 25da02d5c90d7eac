/**
 * Puts a decision or a command into an audit event: who, when, why, on what evidence, weight before and after. The event
 * is written in the transaction that saves the state, so neither exists without the other.
 */

import type { Verdict } from '../analysis/verdict.ts';
import type { Json } from '../config/plan.ts';
import type { Command } from '../rollout/command.ts';
import type { Decision } from '../rollout/decision.ts';
import { type Release, shareOf } from '../rollout/release.ts';
import type { AuditDraft } from '../store/store.ts';

/** The actor of decisions that no person made. */
export const ENGINE = 'spillway';

/** Who asked, where somebody did, and the verdict on which it was decided. */
export interface Cause {
  command?: Command | undefined;
  verdict?: Verdict | undefined;
}

export function decisionEvent(before: Release, decision: Decision, after: Release, cause: Cause): AuditDraft {
  const { command, verdict } = cause;
  const evidence: Record<string, unknown> = {
    phase: { before: before.phase, after: after.phase },
    stageIndex: after.stageIndex,
    version: after.version,
    baseline: after.baseline,
  };
  if (after.test && before.phase === 'testing') evidence['test'] = after.test;
  if (verdict) evidence['verdict'] = verdict;
  if ('override' in decision && decision.override) evidence['override'] = true;
  if ('trigger' in decision) evidence['trigger'] = decision.trigger;
  if (after.phase === 'rolledBack') evidence['rollback'] = after.rollback;
  return {
    at: after.updatedAt,
    actor: command?.actor ?? ENGINE,
    artifact: after.artifact,
    releaseId: after.id,
    kind: eventKind(before, decision, after, command),
    why: decision.why,
    evidence: plain(evidence),
    weightBefore: shareOf(before),
    weightAfter: shareOf(after),
  };
}

/** Kinds are the words of decisions, and of commands where a hold would not say what was done. */
function eventKind(before: Release, decision: Decision, after: Release, command: Command | undefined): string {
  if (command && ['pause', 'resume', 'approve'].includes(command.kind)) return command.kind;
  if (before.phase === 'rollingBack' && after.phase === 'rolledBack') return 'restored';
  return decision.kind;
}

export function createdEvent(release: Release, why: string, evidence: Record<string, unknown>): AuditDraft {
  return {
    at: release.createdAt,
    actor: release.createdBy,
    artifact: release.artifact,
    releaseId: release.id,
    kind: 'create',
    why,
    evidence: plain({ version: release.version, baseline: release.baseline, pipeline: release.pipeline, ...evidence }),
    weightBefore: 0,
    weightAfter: 0,
  };
}

/** What goes into the store is plain JSON: no undefined, and no number that JSON cannot carry (those become strings). */
export function plain(value: unknown): Json {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'number' && !Number.isFinite(inner) ? String(inner) : inner,
    ),
  ) as Json;
}
