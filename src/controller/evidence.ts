/**
 * Folds the outcomes of one release, in the order in which they became durable, into its evidence. One owner at a time
 * does this; its state is a snapshot with an offset, so that after a crash the same rows give the same verdict.
 */
import { decodeEvidence, type LiveEvidence, openEvidence } from '../analysis/live.ts';
import { asSpillwayError } from '../errors.ts';
import type { StoredOutcome } from '../metrics/outcome.ts';
import { readStoredOutcomes } from '../metrics/stored-outcomes.ts';
import { type Release, stagePlanOf } from '../rollout/release.ts';
import { BUCKETS, isCandidateBucket, unitHashOf } from '../traffic/assignment.ts';
import type { EvidenceFolder, World } from './world.ts';

/** Batches read at once: bounds the memory of a long replay. */
const READ_LIMIT = 500;

export async function evidenceFolder(
  release: Release,
  world: Pick<World, 'store' | 'clock' | 'log'>,
): Promise<EvidenceFolder> {
  const { store, clock } = world;
  let { evidence, offset } = await restored(release, world);
  let snapshotOffset = offset;
  /** Kept apart from the outcomes' own times, which the apps' clocks write: silence is when nothing arrives. */
  let arrivedAtMs: number | undefined;

  async function fold(current: Release): Promise<void> {
    for (;;) {
      const batches = await store.readOutcomes(current.artifact, offset, READ_LIMIT);
      for (const batch of batches) {
        for (const outcome of readStoredOutcomes(batch.outcomes)) addOutcome(evidence, current, outcome);
        offset = batch.offset;
        arrivedAtMs = Math.max(arrivedAtMs ?? 0, batch.receivedAt);
      }
      if (batches.length < READ_LIMIT) return;
    }
  }

  return {
    async judge(current) {
      enter(evidence, current);
      await fold(current);
      const { minSamples, require } = stagePlanOf(current);
      const arrival = arrivedAtMs === undefined ? {} : { lastArrivalMs: arrivedAtMs };
      return evidence.judge({ minSamples, require, nowMs: clock.nowMs(), ...arrival });
    },
    snapshot() {
      if (offset === snapshotOffset) return undefined;
      snapshotOffset = offset;
      return { offset, bytes: evidence.encode() };
    },
  };
}

async function restored(
  release: Release,
  { store, log }: Pick<World, 'store' | 'log'>,
): Promise<{ evidence: LiveEvidence; offset: number }> {
  const plan = {
    alpha: release.plan.regression.alpha,
    metrics: release.plan.regression.metrics,
    errorRateMax: release.plan.rollback.triggers.errorRateMax,
  };
  const snapshot = await store.getSnapshot(release.id);
  if (!snapshot) return { evidence: openEvidence(plan), offset: 0 };
  try {
    return { evidence: decodeEvidence(plan, snapshot.bytes), offset: snapshot.offset };
  } catch (error) {
    // Of another version of Spillway: evidence begins anew, which delays a verdict and never fakes one.
    log.warn(
      { release: release.id, cause: asSpillwayError(error).message },
      'a snapshot of evidence cannot be read; it begins anew',
    );
    return { evidence: openEvidence(plan), offset: snapshot.offset };
  }
}

/** The bake is the stage after the last; entering the same stage again changes nothing. */
function enter(evidence: LiveEvidence, release: Release): void {
  const baking = release.phase === 'baking';
  const enteredAt = baking ? release.stages.at(-1)?.leftAt : release.stages[release.stageIndex]?.enteredAt;
  evidence.enterStage({
    index: baking ? release.stages.length : release.stageIndex,
    weight: release.weight,
    atMs: Date.parse(enteredAt ?? release.updatedAt),
  });
}

function addOutcome(evidence: LiveEvidence, release: Release, outcome: StoredOutcome): void {
  const isCandidate = outcome.version === release.version;
  if (!isCandidate && outcome.version !== release.baseline) return;
  const { version: _version, unit, id: _id, invalid, ...measured } = outcome;
  const unitHash = unitHashOf(release.id, unit);
  evidence.add({
    arm: isCandidate ? 'candidate' : 'baseline',
    unitHash,
    expectedArm: isCandidateBucket(unitHash % BUCKETS, release.weight) ? 'candidate' : 'baseline',
    ...measured,
    // What could not be read as a number counts as invalid, in every metric: the analysis sees that data is broken.
    ...(invalid ? { latencyMs: Number.NaN } : {}),
  });
}
