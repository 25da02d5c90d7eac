/**
 * One pass over one release: look, decide, save with audit, close the gap. Level-triggered: it may be repeated, skipped or
 * killed at any line, and the next one converges. An advance is saved before traffic moves; a rollback moves traffic
 * first. No policy here: what to do is decide()'s, what it makes of the state is evolve()'s.
 */

import { toTimestamp } from '../clock.ts';
import { asSpillwayError, SpillwayError } from '../errors.ts';
import type { Command } from '../rollout/command.ts';
import { decide, type Findings } from '../rollout/decide.ts';
import { evolve } from '../rollout/evolve.ts';
import { clockedMs, isActive, isExposed, type Release, tick, workloadOf } from '../rollout/release.ts';
import type { AuditDraft, AuditEvent } from '../store/store.ts';
import { isLowering, isSameRoute } from '../traffic/router.ts';
import { decisionEvent, ENGINE } from './audit-draft.ts';
import { reloadRun, restore, resumeRollback, rollBack, saveUnsaved } from './rollback.ts';
import { dropEvidence, type Run, saveRun } from './run.ts';
import { comparison, type TestWork } from './test-work.ts';
import { trimQuietly } from './trim.ts';
import { wantedRoute, wantedRow } from './wanted-route.ts';
import type { World } from './world.ts';

/** More turns than any chain of decisions that need no new data: queued → testing; rollback → restored. */
const MAX_TURNS = 6;
/** Evidence is saved at most this often while the stage stays; the stage clock with it, and with every decision. */
const CHECKPOINT_MS = 10_000;
/** For another replica to record its rollback. After that it has died, and its reason is in a journal that nobody reads. */
const RECORD_MS = 5_000;

export interface PassReport {
  events: AuditEvent[];
  /** Whether the state changed, so that listeners are told. */
  hasChanged: boolean;
}

/**
 * @param report what was committed, filled in as it happens: it holds also when a later step throws
 * @throws SpillwayError of a refused command, STATE_MOVED, STORE_UNAVAILABLE; the state is then as before, or safer
 */
export async function pass(
  run: Run,
  world: World,
  tests: TestWork,
  report: PassReport,
  command?: Command,
): Promise<void> {
  if (await isRecordedElsewhere(run, world, command)) return;
  if (run.unsaved) report.events.push(...(await saveUnsaved(run, world)));
  let asked = command;
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    // A command was carried out for another replica, or a rollback ended; the rest is the holder's.
    if (!run.isHeld && !asked && run.release.phase !== 'rollingBack') break;
    const before = tick(run.release, isUnderWay(run) ? gapMs(run, world) : noGap(run, world));
    run.release = before; // the clock goes on even when what follows cannot be saved
    const findings = await look(run, before, world, tests, asked);
    const decidedAtMs = world.clock.monotonicMs();
    const decision = decide(before, findings);
    const next = evolve(before, decision, findings, toTimestamp(world.clock.nowMs()));
    if (next === before) break;
    const cause = { command: asked, verdict: findings.verdict };
    const saved =
      decision.kind === 'rollback'
        ? await rollBack(run, { before, next, decision, decidedAtMs, cause }, world)
        : await saveDecision(run, next, decisionEvent(before, decision, next, cause), world);
    report.hasChanged = true;
    report.events.push(...saved);
    // The verdict on a stage that was left says nothing about the next.
    if (next.stageIndex !== before.stageIndex || next.phase !== before.phase) delete run.verdict;
    asked = undefined;
    await closeGapLater(run, world, !run.unsaved);
    if (run.unsaved) return; // safe, and nothing more can be decided without the store
  }
  await closeGapLater(run, world, false);
  if (run.isHeld) await checkpoint(run, world);
}

/**
 * A tombstone that stands in the live route and in no record (the journal and the store both failed then) is obeyed. On a
 * shared store the replica that put it there is about to record it, with its reason: until then nothing is done here.
 */
async function isRecordedElsewhere(run: Run, world: World, command?: Command): Promise<boolean> {
  const { release } = run;
  if (run.unsaved || run.overtaken || !isExposed(release)) return false;
  const live = await world.router.readRoute(release.artifact);
  const [tombstoned, epoch] = live?.rolledBack?.split('@') ?? [];
  if (tombstoned !== release.id) return false;
  run.tombstoneSeenAtMs ??= world.clock.monotonicMs();
  if (world.store.onChange && world.clock.monotonicMs() - run.tombstoneSeenAtMs < RECORD_MS) {
    if (!command) return true;
    throw new SpillwayError('STATE_MOVED', `Release ${release.id} is being rolled back by another replica.`);
  }
  const reason = 'a rollback stands in the route, and the record of its reason was lost';
  const at = toTimestamp(world.clock.nowMs());
  const { artifact, id: releaseId } = release;
  const note = { releaseId, artifact, epoch: Number(epoch), at, trigger: 'manual' as const, reason, actor: ENGINE };
  resumeRollback(run, release, note, world);
  return false;
}

/**
 * Whoever leaves a stage takes the evidence along, or a replay would count the outcomes of this stage in the next. A decision
 * that stays in it (a hold, a pause) leaves it to the checkpoint: the rows are still there and fold to the same verdict.
 */
async function saveDecision(run: Run, next: Release, event: AuditDraft, world: World): Promise<AuditEvent[]> {
  const { phase, stageIndex, weight } = run.release;
  const stays = next.phase === phase && next.stageIndex === stageIndex && next.weight === weight;
  return stays ? saveRun(run, next, [event], world) : saveWithEvidence(run, next, [event], world);
}

/** Only what is folded in the stored evidence is dropped: a crash goes on from there. */
async function saveWithEvidence(run: Run, next: Release, events: AuditDraft[], world: World): Promise<AuditEvent[]> {
  if (!isActive(next)) return saveEnd(run, next, events, world);
  const snapshot = run.evidence?.snapshot();
  const saved = await saveRun(run, next, events, world, snapshot ? { snapshot } : {});
  run.checkpointedAtMs = world.clock.monotonicMs();
  if (snapshot) {
    run.evidence?.saved(snapshot.offset);
    await trimQuietly(next.artifact, snapshot.offset, world);
  }
  return saved;
}

/** The last state takes its route row along: nobody looks at an ended release again, so no later pass would heal a crash between. */
async function saveEnd(run: Run, next: Release, events: AuditDraft[], world: World): Promise<AuditEvent[]> {
  const saved = await saveRun(run, next, events, world, { ...wantedRow(next, world.clock), snapshot: null });
  await trimQuietly(next.artifact, Number.MAX_SAFE_INTEGER, world);
  return saved;
}

/**
 * A stage goes on while its traffic does: the time that a candidate takes to get ready is not spent watching it. Of one that was
 * withdrawn the absence is counted, whatever the route says.
 */
function isUnderWay({ release, isRouted }: Run): boolean {
  return isRouted !== false || release.withdrawn === true || release.phase === 'promoting';
}

function noGap(run: Run, world: World): number {
  gapMs(run, world);
  return 0;
}

function gapMs(run: Run, world: World): number {
  const now = world.clock.monotonicMs();
  const gap = run.passedAtMs === undefined ? 0 : now - run.passedAtMs;
  run.passedAtMs = now;
  return gap;
}

/** Everything that decide() may want to know in this phase. */
async function look(run: Run, release: Release, world: World, tests: TestWork, command?: Command): Promise<Findings> {
  const findings: Findings = command ? { command } : {};
  switch (release.phase) {
    case 'testing':
      findings.test = (await tests.result(run))?.summary;
      break;
    case 'comparing':
      findings.verdict = await comparison(release, world.store);
      break;
    case 'rollingOut':
    case 'baking':
      // A person's command never waits for the evidence to be read; what was last seen goes on record with it.
      findings.verdict = command ? run.verdict : await judge(run, release, world);
      if (!command && workloadOf(release)) findings.candidate = await world.workloads?.prepare(release);
      if (findings.candidate?.isDown) findings.isServed = await isServed(release, world);
      break;
    case 'promoting':
      if (!command) findings.promotion = await world.workloads?.promote(release);
      findings.isRouted = run.isRouted;
      break;
    case 'rollingBack':
      findings.restored = await restore(run, world);
      findings.isOverdue = run.hasAlerted;
      break;
    default:
      break;
  }
  return findings;
}

/** By what is live: the weight that is wanted may not have been given yet. */
async function isServed({ artifact, id }: Release, { router }: World): Promise<boolean> {
  const live = await router.readRoute(artifact);
  return live?.releaseId === id && live.weight > 0;
}

async function judge(run: Run, release: Release, world: World): Promise<Findings['verdict']> {
  try {
    run.evidence ??= await world.openEvidence(release);
    run.verdict = await run.evidence.judge(release);
    if (run.evidence.isBehind()) run.isDirty = true;
  } catch (error) {
    // What cannot be read is silence: a hold with a reason, never a rollback and never a pass.
    const { code, message } = asSpillwayError(error);
    dropEvidence(run);
    run.verdict = {
      kind: 'inconclusive',
      code: 'sourceSilent',
      reason: `live evidence cannot be read (${code}): ${message}`,
      metrics: [],
    };
  }
  return run.verdict;
}

/** What was committed stays committed: a route that cannot be written now is tried again by the next pass. */
async function closeGapLater(run: Run, world: World, isFresh: boolean): Promise<void> {
  try {
    await closeGap(run, world, isFresh);
  } catch (error) {
    const { code, message } = asSpillwayError(error);
    if (code === 'STATE_MOVED') throw error;
    run.isDirty = true;
    world.log.warn({ release: run.release.id, code }, `the route is not what it should be yet: ${message}`);
  }
}

/**
 * Makes live what is wanted. Every pass, not only after a change: heals a crash between save and write, and edits by hand.
 * What raises the candidate's share is written only on a state that the store has just confirmed.
 */
async function closeGap(run: Run, world: World, isFresh: boolean): Promise<void> {
  const wanted = wantedRoute(run.release);
  if (!wanted || run.release.phase === 'rollingBack') return; // restore() sees to that one
  const live = await world.router.readRoute(wanted.artifact);
  run.isRouted = isSameRoute(live, wanted) && live?.epoch === wanted.epoch;
  if (run.isRouted) return;
  if (!isLowering(live, wanted)) {
    if (!(await canRise(run.release, world))) return;
    if (!isFresh) await confirm(run, world);
  }
  await world.router.writeRoute(wanted);
  run.isRouted = true;
}

/** A candidate that does not run in the number that a weight needs is not given that weight. */
async function canRise(release: Release, { workloads }: World): Promise<boolean> {
  if (!workloads || !workloadOf(release) || !isExposed(release) || release.phase === 'promoting') return true;
  return (await workloads.prepare(release)).isReady;
}

async function confirm(run: Run, world: World): Promise<void> {
  const stored = await world.store.getRelease(run.release.id);
  if (stored?.stateVersion === run.stateVersion) return;
  await reloadRun(run, world);
  throw new SpillwayError('STATE_MOVED', `Release ${run.release.id} was changed by another actor.`);
}

async function checkpoint(run: Run, world: World): Promise<void> {
  if (world.clock.monotonicMs() - run.checkpointedAtMs >= CHECKPOINT_MS) await keep(run, world);
}

/** Keeps the stage clock, the verdict and the folded evidence, so that an end of the process loses seconds and not the stage. */
export async function keep(run: Run, world: World): Promise<void> {
  if (!isExposed(run.release) || run.unsaved) return;
  // A pause with no traffic writes nothing.
  if (clockedMs(run.release) === run.savedElapsedMs && !run.evidence?.snapshot()) return;
  const next = run.verdict ? { ...run.release, verdict: run.verdict } : run.release;
  await saveWithEvidence(run, next, [], world);
}
