/**
 * A release: one attempt to bring one version of an artifact into service, as plain JSON. It is the whole state of the
 * life cycle, so that any replica can go on from a stored copy. Holds no policy (decide.ts) and no effect (controller).
 */
import type { InconclusiveCode, Verdict } from '../analysis/verdict.ts';
import type { KubernetesPlan, Plan, StagePlan } from '../config/plan.ts';

export type Phase =
  | 'queued'
  | 'testing'
  | 'comparing'
  | 'rollingOut'
  | 'baking'
  /** Workloads only: the user's own Deployment takes the version over; meanwhile the candidate serves everyone. */
  | 'promoting'
  | 'succeeded'
  | 'rollingBack'
  | 'rolledBack'
  | 'failed'
  | 'cancelled'
  | 'superseded';

export type RollbackTrigger = 'performance' | 'errorRate' | 'healthCheck' | 'timeout' | 'manual';

export interface Hold {
  reason: 'paused' | 'approval' | 'candidateNotReady' | 'promotionTimeout' | InconclusiveCode;
  /** RFC 3339. */
  since: string;
}

export interface StageRecord {
  /** Integer percent. */
  weight: number;
  enteredAt?: string;
  leftAt?: string;
  /** The verdict on which the stage was left. */
  verdict?: Verdict;
  /** Who let it be left, and when. */
  approvedBy?: string;
  approvedAt?: string;
}

/** Three clocks, because "decided", "written" and "seen by users" are three different promises. Milliseconds. */
export interface RollbackClocks {
  decisionToWriteMs: number;
  writeToAcceptedMs?: number;
  writeToVerifiedMs?: number;
  /** From the write until the Deployment ran the old version again; after a promotion had begun. Outside the SLA. */
  reverseRollMs?: number;
}

export interface RollbackRecord {
  trigger: RollbackTrigger;
  reason: string;
  at: string;
  clocks?: RollbackClocks;
  /** False when the time from the decision to the last clock was longer than the SLA. */
  withinSla?: boolean;
}

export interface TestSummary {
  passed: boolean;
  /** True when every planned case ran; a run that is not whole is never green. */
  complete: boolean;
  why: string;
  suites: {
    suite: string;
    passed: number;
    failed: number;
    errors: number;
    notRun: number;
    passRate: number;
    durationMs: number;
  }[];
}

export interface Release {
  id: string;
  artifact: string;
  pipeline: string;
  /** sha256:<hex>. */
  version: string;
  /** Null for the first version of an artifact: there is nothing to be compared with. */
  baseline: string | null;
  phase: Phase;
  hold?: Hold;
  /** -1 before the first stage. */
  stageIndex: number;
  stages: StageRecord[];
  /** The weight that is wanted now, integer percent. */
  weight: number;
  verdict?: Verdict;
  test?: TestSummary;
  rollback?: RollbackRecord;
  /** Why it ended, when it did not succeed. */
  failure?: string;
  supersededBy?: string;
  createdAt: string;
  updatedAt: string;
  createdBy: string;
  /** Frozen at creation: a later edit of the pipeline changes no running release. */
  plan: Plan;
  /** Grows with every change of the wanted route; the data plane refuses lower ones. */
  epoch: number;
  /** Time spent in the stage or the bake: the sum of the gaps between passes, so that downtime and clock jumps do not count. */
  stageElapsedMs: number;
  /** Time that a stage which has passed has waited for a person, as the stage clock counts. */
  approvalElapsedMs?: number;
  /** The candidate has no ready pod, so the baseline has its share: `weight` is what it gets back. */
  withdrawn?: true;
  /** For how long, as the stage clock counts. */
  withdrawnElapsedMs?: number;
  /** How often that was so in the present stage. */
  losses?: number;
  /** While promoting: percent of the traffic that is still with the candidate. */
  returningWeight?: number;
}

/** One gap between two passes counts for at most this long. */
export const MAX_GAP_MS = 10_000;

const ENDED: readonly Phase[] = ['succeeded', 'rolledBack', 'failed', 'cancelled', 'superseded'];
const EXPOSED: readonly Phase[] = ['rollingOut', 'baking', 'promoting'];

export function isActive(release: Pick<Release, 'phase'>): boolean {
  return !ENDED.includes(release.phase);
}

/** True while users may meet the candidate and a rollback is possible. */
export function isExposed(release: Release): boolean {
  return EXPOSED.includes(release.phase);
}

/** What the candidate shall get now, integer percent: its weight, unless there is nobody to take it. */
export function shareOf({ weight, withdrawn }: Pick<Release, 'weight' | 'withdrawn'>): number {
  return withdrawn ? 0 : weight;
}

/** The plan of its workload; undefined for a prompt. */
export function workloadOf({ plan: { target } }: Pick<Release, 'plan'>): KubernetesPlan | undefined {
  return 'kubernetes' in target ? target.kubernetes : undefined;
}

/** A workload whose own Deployment takes the version over at the end. */
export function isPromoted(release: Pick<Release, 'plan'>): boolean {
  const plan = workloadOf(release);
  return plan !== undefined && 'managed' in plan.workload;
}

/** What holds for the present stage. The bake is a last stage of its own: its hold is the bake, its policy that of the last stage. */
export function stagePlanOf(release: Release): StagePlan {
  const { stages, bakeMs } = release.plan.rollout;
  const last = stages[stages.length - 1]!;
  if (release.phase !== 'baking') return stages[release.stageIndex] ?? last;
  // The last stage has shown its samples already and was approved; the bake adds time at full load, and must not end in silence.
  const { approval: _given, ...rest } = last;
  return { ...rest, weight: release.weight, holdMs: bakeMs, timeoutMs: bakeMs + last.timeoutMs };
}

/** Of the present stage, from 0; the bake comes after the last one. */
export function stageNumberOf({
  phase,
  stageIndex,
  stages,
}: Pick<Release, 'phase' | 'stageIndex'> & { stages: readonly unknown[] }): number {
  return phase === 'baking' ? stages.length : stageIndex;
}

/** Counts the time since the pass before. A pause stops the clock; a negative, huge or absent gap cannot move it far. */
export function tick(release: Release, gapMs: number): Release {
  if (!isExposed(release) || release.hold?.reason === 'paused' || !(gapMs > 0)) return release;
  const clock = clockOf(release);
  return { ...release, [clock]: (release[clock] ?? 0) + Math.min(gapMs, MAX_GAP_MS) };
}

/** One of them goes at a time. */
function clockOf({ hold, withdrawn }: Release): 'approvalElapsedMs' | 'withdrawnElapsedMs' | 'stageElapsedMs' {
  if (hold?.reason === 'approval') return 'approvalElapsedMs';
  return withdrawn ? 'withdrawnElapsedMs' : 'stageElapsedMs';
}

/** Its candidate was withdrawn for as long as a stage may take. */
export function isAbsentTooLong(release: Release): boolean {
  return release.withdrawn === true && (release.withdrawnElapsedMs ?? 0) >= stagePlanOf(release).timeoutMs;
}

/** All that `tick` has counted: moves with every gap that counts. */
export function clockedMs({ stageElapsedMs, approvalElapsedMs = 0, withdrawnElapsedMs = 0 }: Release): number {
  return stageElapsedMs + approvalElapsedMs + withdrawnElapsedMs;
}

interface NewRelease {
  id: string;
  version: string;
  baseline: string | null;
  plan: Plan;
  artifact: string;
  createdBy: string;
  /** Above every epoch that the artifact's route has had. */
  epoch: number;
  nowIso: string;
}

export function newRelease(request: NewRelease): Release {
  return {
    id: request.id,
    artifact: request.artifact,
    pipeline: request.plan.name,
    version: request.version,
    baseline: request.baseline,
    phase: 'queued',
    stageIndex: -1,
    stages: request.plan.rollout.stages.map(stage => ({ weight: stage.weight })),
    weight: 0,
    createdAt: request.nowIso,
    updatedAt: request.nowIso,
    createdBy: request.createdBy,
    plan: request.plan,
    epoch: request.epoch,
    stageElapsedMs: 0,
  };
}
