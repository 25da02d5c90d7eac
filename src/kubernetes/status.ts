/**
 * What a Pipeline and its Releases say of themselves in the cluster: a projection of the store and of the last look. Pure, and
 * the same input gives the same status, so that several replicas write the same and an unchanged one is not written at all.
 */
import type { Verdict } from '../analysis/verdict.ts';
import { isAbsentTooLong, isActive, isExposed, type Phase, type Release, shareOf } from '../rollout/release.ts';
import { type Gate, short } from './next-step.ts';
import type { Condition, PipelineStatus, ReleaseStatus } from './resource-status.ts';
import { hashOf } from './template.ts';

/** What a condition says but for its time. */
type ConditionDraft = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export interface Seen {
  generation: number;
  /** The active release, else the newest that has ended. */
  release: Release | undefined;
  /** The version that serves; null before it was seen. */
  baseline: string | null;
  /** The version that the user's own workload asks for. */
  applied: string | undefined;
  problems: readonly string[];
  /** Why nothing more is done just now, in a sentence. */
  why: string;
  gate: Gate | undefined;
  /** What the release waits for, empty for nothing; undefined where that is not known. */
  doubt?: string | undefined;
  /** A part of the cluster that cannot be read or written now. */
  trouble?: string | undefined;
  lastCommand?: PipelineStatus['lastCommand'];
}

/** @param before its times of transition stand where a condition says the same as before */
export function pipelineStatus(seen: Seen, before: PipelineStatus | undefined, nowIso: string): PipelineStatus {
  const { release, baseline, gate, generation, lastCommand } = seen;
  const active = release && isActive(release) ? release : undefined;
  const conditions = [ready(seen, active), progressing(seen, active), degraded(seen, active)];
  return {
    observedGeneration: generation,
    phase: phaseOf(seen, active),
    ...(active && isExposed(active) ? { stage: stageOf(active), weight: shareOf(active) } : { weight: 0 }),
    ...(baseline === null ? {} : { baseline: refOf(baseline) }),
    ...(active ? { candidate: refOf(active.version) } : {}),
    ...(release ? { release: release.id } : {}),
    ...(release?.verdict ? { verdict: briefly(release.verdict) } : {}),
    ...(active?.hold ? { hold: active.hold } : {}),
    ...(gate ? { gate } : {}),
    ...(lastCommand ? { lastCommand } : {}),
    conditions: conditions.map(one => dated(one, before?.conditions, { generation, nowIso })),
  };
}

const refOf = (version: string) => ({ digest: version, name: hashOf(version) });

function phaseOf({ problems, baseline, applied }: Seen, active: Release | undefined): string {
  if (active) return active.phase;
  if (problems.length > 0) return 'invalid';
  if (baseline === null) return 'waiting';
  return applied === undefined || applied === baseline ? 'serving' : 'held';
}

function stageOf({ phase, stageIndex, stages }: Release): string {
  if (phase === 'baking') return 'bake';
  return phase === 'promoting' ? 'promotion' : `${stageIndex + 1}/${stages.length}`;
}

/** True when what was applied serves everyone: what `kubectl wait` waits for. */
function ready(seen: Seen, active: Release | undefined): ConditionDraft {
  const { problems, baseline, applied, release } = seen;
  const no = (reason: string, message: string): ConditionDraft => ({ type: 'Ready', status: 'False', reason, message });
  if (active) return no(capital(active.phase), progressOf(active, seen.doubt));
  if (problems.length > 0) return no('Invalid', told(problems));
  if (baseline === null) return no('Waiting', seen.why);
  if (applied !== undefined && applied !== baseline)
    return no(release?.phase === 'rolledBack' ? 'RolledBack' : 'Held', endOf(release) ?? seen.why);
  return { type: 'Ready', status: 'True', reason: 'Serving', message: `version ${short(baseline)} serves everyone` };
}

function progressing({ release, why, doubt }: Seen, active: Release | undefined): ConditionDraft {
  const type = 'Progressing' as const;
  if (active) return { type, status: 'True', reason: capital(active.phase), message: progressOf(active, doubt) };
  const reason = release ? capital(release.phase) : 'Idle';
  return { type, status: 'False', reason, message: endOf(release) ?? why };
}

const ALARMING: readonly string[] = ['promotionTimeout', 'sourceSilent', 'routingMismatch', 'invalidData'];

function degraded(seen: Seen, active: Release | undefined): ConditionDraft {
  const { problems, release, trouble } = seen;
  const yes = (reason: string, message: string): ConditionDraft => ({
    type: 'Degraded',
    status: 'True',
    reason,
    message,
  });
  if (problems.length > 0) return yes('Invalid', told(problems));
  if (trouble !== undefined) return yes('ClusterTrouble', trouble);
  if (active?.phase === 'rollingBack') return yes('RollingBack', active.rollback?.reason ?? 'it is taken back');
  if (active?.hold && (ALARMING.includes(active.hold.reason) || isAbsentTooLong(active)))
    return yes(capital(active.hold.reason), progressOf(active, seen.doubt));
  if (!active && release?.phase === 'rolledBack' && seen.applied !== seen.baseline)
    return yes('RolledBack', endOf(release)!);
  return { type: 'Degraded', status: 'False', reason: 'AsExpected', message: 'nothing needs a person' };
}

/** One line on how far a release is. */
function progressOf(release: Release, doubt = ''): string {
  const { phase, version, hold, verdict, stageIndex, stages } = release;
  const weight = shareOf(release);
  const what = `version ${short(version)}`;
  const held = hold || doubt !== '' ? ` (${[hold?.reason, doubt].filter(Boolean).join(': ')})` : '';
  const seen = verdict ? `: ${verdict.reason}` : '';
  switch (phase) {
    case 'rollingOut':
      return `${what} in stage ${stageIndex + 1} of ${stages.length} at ${weight} %${held}${seen}`;
    case 'baking':
      return `${what} bakes at ${weight} %${held}${seen}`;
    case 'promoting':
      return `${what} serves everyone, and the Deployment takes it over${held}`;
    default:
      return `${what} is ${phase}${held}`;
  }
}

/** How the newest release ended; undefined while none has. */
function endOf(release: Release | undefined): string | undefined {
  if (!release || isActive(release)) return undefined;
  const what = `version ${short(release.version)}`;
  const { rollback } = release;
  if (release.phase === 'rolledBack' && rollback)
    return `${what} was rolled back (${rollback.trigger}): ${rollback.reason}`;
  if (release.phase === 'succeeded') return `${what} serves everyone`;
  return `${what} was ${release.phase}${release.failure === undefined ? '' : `: ${release.failure}`}`;
}

export function releaseStatus(release: Release): ReleaseStatus {
  const { phase, stages, verdict, hold, rollback, failure, baseline, version, createdAt, updatedAt } = release;
  return {
    phase,
    weight: shareOf(release),
    ...(isExposed(release) ? { stage: stageOf(release) } : {}),
    ...(baseline === null ? {} : { baseline: refOf(baseline) }),
    candidate: refOf(version),
    stages: stages.map(({ weight, enteredAt, leftAt, verdict }) => ({
      weight,
      ...(enteredAt === undefined ? {} : { enteredAt }),
      ...(leftAt === undefined ? {} : { leftAt }),
      ...(verdict ? { verdict: briefly(verdict) } : {}),
    })),
    ...(verdict ? { verdict: briefly(verdict) } : {}),
    ...(hold ? { hold } : {}),
    ...(rollback ? { rollback } : {}),
    ...(failure === undefined ? {} : { failure }),
    startedAt: createdAt,
    ...(isActive(release) ? {} : { endedAt: updatedAt }),
  };
}

function briefly({ kind, reason }: Verdict): { kind: string; reason: string } {
  return { kind, reason };
}

/** All of them, as far as a condition may be long. */
function told(problems: readonly string[]): string {
  return problems.join('; ').slice(0, 4_000);
}

function dated(
  draft: ConditionDraft,
  before: readonly Condition[] = [],
  at: { generation: number; nowIso: string },
): Condition {
  const same = before.find(({ type, status }) => type === draft.type && status === draft.status);
  return {
    ...draft,
    lastTransitionTime: same?.lastTransitionTime ?? at.nowIso.replace(/\.\d+Z$/, 'Z'),
    observedGeneration: at.generation,
  };
}

function capital(word: Phase | string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
