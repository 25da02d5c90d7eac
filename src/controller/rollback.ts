/**
 * Takes a candidate back: traffic first, everything else after. The order is journal, live route, stored route, state with
 * its audit event; each later step may fail and be repeated by a later pass without touching the ones before. It never
 * waits for an alert, a hook or the store: a store that is down costs the record's place, not the user's answer.
 */
import { toTimestamp } from '../clock.ts';
import { isWorkload } from '../config/artifact.ts';
import { asSpillwayError, SpillwayError } from '../errors.ts';
import type { Decision } from '../rollout/decision.ts';
import { evolve } from '../rollout/evolve.ts';
import { isExposed, type Release, type RollbackClocks } from '../rollout/release.ts';
import type { AuditEvent } from '../store/store.ts';
import type { RouteWritten } from '../traffic/router.ts';
import { type Cause, decisionEvent, ENGINE } from './audit-draft.ts';
import type { Alert } from './face.ts';
import { keepNote, noteOf, settle } from './rollback-note.ts';
import { dropEvidence, type Run, releaseOf, saveRun } from './run.ts';
import { wantedRoute, wantedRow } from './wanted-route.ts';
import type { RollbackNote, World } from './world.ts';

interface RollbackMove {
  before: Release;
  next: Release;
  decision: Extract<Decision, { kind: 'rollback' }>;
  cause: Cause;
  /** Monotonic time of the decision. */
  decidedAtMs: number;
}

/** Never throws: what could not be stored stays in the run and in the journal, for the next pass. */
export async function rollBack(run: Run, move: RollbackMove, world: World): Promise<AuditEvent[]> {
  const { before, decision, cause } = move;
  const { overtaken } = run;
  delete run.overtaken;
  const decidedAtMs = overtaken?.decidedAtMs ?? move.decidedAtMs;
  const next = overtaken ? { ...move.next, epoch: Math.max(move.next.epoch, overtaken.note.epoch) } : move.next;
  const note = overtaken?.note ?? noteOf(next, decision, cause.command?.actor ?? ENGINE);
  if (!overtaken) keepNote(note, world);
  run.release = next;
  run.unsaved = { note, events: [decisionEvent(before, decision, next, cause)] };
  delete run.clocks;
  run.decidedAtMs = decidedAtMs;
  try {
    const written = await world.router.writeRoute(wantedRoute(next)!, atMs => {
      run.clocks = { decisionToWriteMs: round(overtaken?.decisionToWriteMs ?? atMs - decidedAtMs) };
    });
    takeStored(run, written, world);
  } catch (error) {
    const { code, message } = asSpillwayError(error);
    world.log.error({ release: next.id, code }, `the rolled-back route is not everywhere yet: ${message}`);
  }
  return saveUnsaved(run, world);
}

/** Where nobody else has to take it up, a route that is stored is accepted. Gateways are asked when the record is safe. */
function takeStored(run: Run, { storedAtMs, liveAtMs }: RouteWritten, world: World): void {
  if (run.clocks && !awaitsGateways(run, world)) run.clocks.writeToAcceptedMs = round(storedAtMs - liveAtMs);
}

/** Stores a rollback that traffic has obeyed already. Leaves everything as it is when the store is still away. */
export async function saveUnsaved(run: Run, world: World): Promise<AuditEvent[]> {
  const { unsaved } = run;
  if (!unsaved) return [];
  try {
    const holdVersion = { version: run.release.version, releaseId: run.release.id };
    // The route goes along: once the note is settled, nothing else would keep a restart from serving the old one.
    const saved = await saveRun(run, run.release, unsaved.events, world, {
      holdVersion,
      ...wantedRow(run.release, world.clock),
    });
    delete run.unsaved;
    settle(unsaved.note, world);
    return saved;
  } catch (error) {
    const { code, message } = asSpillwayError(error);
    world.log.error({ release: run.release.id, code }, `a rollback is not saved yet, the journal keeps it: ${message}`);
    if (code === 'STATE_MOVED') throw error;
    return [];
  }
}

/**
 * Whether the baseline serves everyone again, live and stored, and the times that took; undefined while it does not.
 * After a crash the wall clock since the decision is the honest upper bound.
 */
export async function restore(run: Run, world: World): Promise<RollbackClocks | undefined> {
  if (run.unsaved) return undefined;
  const clocks = await accepted(run, world);
  return clocks && reversed(run, clocks, world);
}

/** A promotion had begun, so the Deployment runs the version too: it has to roll back as well, on a clock of its own. */
async function reversed(run: Run, clocks: RollbackClocks, world: World): Promise<RollbackClocks | undefined> {
  if (run.release.returningWeight === undefined || !world.workloads) return clocks;
  if (!(await world.workloads.reverse(run.release)).isReady) return undefined;
  clocks.reverseRollMs ??= Math.max(0, sinceDecisionMs(run, world) - clocks.decisionToWriteMs);
  return clocks;
}

/** A gateway takes a route up some time after it was written, so that it has to be asked. */
function awaitsGateways({ release }: Run, { router }: World): boolean {
  return router.confirm !== undefined && isWorkload(release.artifact);
}

function isAccepted(run: Run, world: World): boolean {
  return awaitsGateways(run, world) ? run.isConfirmed === true : run.clocks?.writeToAcceptedMs !== undefined;
}

async function accepted(run: Run, world: World): Promise<RollbackClocks | undefined> {
  if (run.clocks && isAccepted(run, world)) return run.clocks;
  const route = wantedRoute(run.release)!;
  try {
    const { liveAtMs } = await world.router.writeRoute(route, atMs => {
      run.clocks ??= { decisionToWriteMs: round(sinceDecisionMs(run, world, atMs)) };
    });
    const clocks = run.clocks ?? { decisionToWriteMs: round(sinceDecisionMs(run, world, liveAtMs)) };
    run.clocks = clocks;
    if (awaitsGateways(run, world)) return await confirmed(run, clocks, world);
    clocks.writeToAcceptedMs = Math.max(0, sinceDecisionMs(run, world) - clocks.decisionToWriteMs);
    return clocks;
  } catch (error) {
    const { code, message } = asSpillwayError(error);
    world.log.error({ release: run.release.id, code }, `the rolled-back route is not everywhere yet: ${message}`);
    return undefined;
  }
}

/** Waits for a second at most; the next pass asks again. A probe that never sees it obeyed is waited for until it was alarmed. */
async function confirmed(run: Run, clocks: RollbackClocks, world: World): Promise<RollbackClocks | undefined> {
  const found = await world.router.confirm?.(wantedRoute(run.release)!);
  const { acceptedAtMs = world.clock.monotonicMs(), verifiedAtMs, unverified } = found ?? {};
  const sinceWriteMs = (atMs: number) => round(sinceDecisionMs(run, world, atMs) - clocks.decisionToWriteMs);
  clocks.writeToAcceptedMs ??= sinceWriteMs(acceptedAtMs);
  if (verifiedAtMs !== undefined) clocks.writeToVerifiedMs = sinceWriteMs(verifiedAtMs);
  else if (unverified !== undefined) {
    world.log.warn(
      { release: run.release.id },
      `the rollback is accepted and was not seen to be obeyed: ${unverified}`,
    );
    if (!run.hasAlerted) return undefined;
  }
  run.isConfirmed = true;
  return clocks;
}

/** The alert of a rollback that takes, or took, longer than its SLA; undefined when all is well or it was given before. */
export function overdueAlert(run: Run, world: World): Alert | undefined {
  const { id, artifact, phase, plan, rollback } = run.release;
  if (!rollback || run.hasAlerted) return undefined;
  const { slaMs } = plan.rollback;
  // A reverse roll may go on after traffic is back.
  const isMoving = phase === 'rollingBack' && !isAccepted(run, world);
  const elapsedMs = isMoving ? sinceDecisionMs(run, world) : totalMs(run.clocks ?? rollback.clocks);
  if (elapsedMs <= slaMs) return undefined;
  run.hasAlerted = true;
  return { name: 'RollbackTimeExceeded', releaseId: id, artifact, elapsedMs, slaMs };
}

const totalMs = (clocks: RollbackClocks | undefined) =>
  (clocks?.decisionToWriteMs ?? 0) + Math.max(clocks?.writeToAcceptedMs ?? 0, clocks?.writeToVerifiedMs ?? 0);

/** On the monotonic clock where this process decided; the wall clock is what is left after a crash. */
function sinceDecisionMs(run: Run, { clock }: World, atMs = clock.monotonicMs()): number {
  if (run.decidedAtMs !== undefined) return atMs - run.decidedAtMs;
  const agoMs = clock.monotonicMs() - atMs;
  return Math.max(0, clock.nowMs() - agoMs - Date.parse(run.release.rollback?.at ?? run.release.updatedAt));
}

/**
 * Carries on a rollback that was decided on an older state, or by a process that died: the decision as it was made then,
 * on the state that the store has now. Its event carries both times.
 */
export function resumeRollback(run: Run, release: Release, note: RollbackNote, world: World): void {
  const decision = { kind: 'rollback', trigger: note.trigger, why: note.reason } as const;
  const next = evolve(release, decision, {}, note.at);
  run.release = { ...next, epoch: Math.max(next.epoch, note.epoch) };
  const command = { kind: 'rollback', reason: note.reason, actor: note.actor } as const;
  const event = decisionEvent(release, decision, run.release, { command });
  const evidence = { ...(event.evidence as object), importedAt: toTimestamp(world.clock.nowMs()) };
  run.unsaved = { note, events: [{ ...event, evidence }] };
}

/**
 * Takes what the store has, as after a crash: for when another actor was faster. Evidence goes on from the stored snapshot,
 * because whoever saved it may have dropped the outcomes before. A rollback under way is not forgotten.
 */
export async function reloadRun(run: Run, world: World): Promise<void> {
  const stored = await world.store.getRelease(run.release.id);
  if (!stored) throw new SpillwayError('STORE_CORRUPT', `Release ${run.release.id} is not in the store any more.`);
  const release = releaseOf(stored);
  const { unsaved } = run;
  run.stateVersion = stored.stateVersion;
  run.release = release;
  delete run.unsaved;
  dropEvidence(run);
  if (unsaved && isExposed(release)) resumeRollback(run, release, unsaved.note, world);
  else if (unsaved) settle(unsaved.note, world);
}

const round = (ms: number) => Math.max(0, Math.round(ms * 1000) / 1000);
