/**
 * Folds the outcomes of one release, in the order in which they became durable, into its evidence. One owner at a time
 * does this; its state is a snapshot with an offset, so that after a crash the same rows give the same verdict.
 */
import { decodeEvidence, type LiveEvidence, openEvidence } from '../analysis/live.ts';
import type { Verdict } from '../analysis/verdict.ts';
import { asSpillwayError } from '../errors.ts';
import type { StoredOutcome } from '../metrics/outcome.ts';
import { readStoredOutcomes } from '../metrics/stored-outcomes.ts';
import { type Release, stagePlanOf } from '../rollout/release.ts';
import type { OutcomeBatch } from '../store/store.ts';
import { BUCKETS, isCandidateBucket, unitHashOf } from '../traffic/assignment.ts';
import { evidencePlanOf, restoredOr, stageEntryOf } from './stage-evidence.ts';
import type { EvidenceFolder, World } from './world.ts';

/** Batches read at once, and how long one look may fold: a backlog must not hold up the rest of the process. */
const READ_LIMIT = 8;
const FOLD_MS = 50;

export async function evidenceFolder(
  release: Release,
  world: Pick<World, 'store' | 'clock' | 'log'>,
): Promise<EvidenceFolder> {
  const { store, clock } = world;
  const plan = evidencePlanOf(release);
  const { evidence, offset: restoredOffset } = await restoredOr<LiveEvidence>(release, world, {
    open: () => openEvidence(plan),
    decode: bytes => decodeEvidence(plan, bytes),
  });
  let offset = restoredOffset;
  let savedOffset = offset;
  // On the monotonic clock: silence is when nothing arrives, whatever the wall clocks of the apps and of this host say.
  let arrivedAtMs = clock.monotonicMs();
  let entered = '';
  let isBehind = false;

  /** @returns whether everything that has arrived is folded */
  async function fold(current: Release): Promise<boolean> {
    const giveUpAtMs = clock.monotonicMs() + FOLD_MS;
    for (;;) {
      const batches = await store.readOutcomes(current.artifact, offset, READ_LIMIT);
      for (const batch of batches) {
        for (const outcome of outcomesOf(batch, world)) addOutcome(evidence, current, outcome);
        offset = batch.offset;
        arrivedAtMs = clock.monotonicMs();
        await new Promise(resolve => setImmediate(resolve));
      }
      if (batches.length < READ_LIMIT) return true;
      if (clock.monotonicMs() >= giveUpAtMs) return false;
    }
  }

  return {
    async judge(current) {
      const stage = `${current.phase} ${current.stageIndex} ${current.weight}`;
      if (stage !== entered) arrivedAtMs = clock.monotonicMs();
      entered = stage;
      evidence.enterStage(stageEntryOf(current));
      isBehind = !(await fold(current));
      const { minSamples, require } = stagePlanOf(current);
      const nowMs = clock.nowMs();
      const lastArrivalMs = nowMs - (clock.monotonicMs() - arrivedAtMs);
      const verdict = evidence.judge({ minSamples, require, nowMs, lastArrivalMs });
      return isBehind && verdict.kind === 'pass' ? stillReading(verdict) : verdict;
    },
    isBehind: () => isBehind,
    snapshot: () => (offset === savedOffset ? undefined : { offset, bytes: evidence.encode() }),
    saved(upto) {
      savedOffset = upto;
    },
  };
}

/** Part of the outcomes may fail a candidate; only all of them may let it pass. */
function stillReading(verdict: Verdict): Verdict {
  const { metrics } = verdict;
  return {
    kind: 'inconclusive',
    code: 'notEnoughData',
    reason: 'outcomes that have arrived are still being read',
    metrics,
  };
}

/** A row that cannot be read is left out: one broken batch must not blind the detector for ever. */
function outcomesOf(batch: OutcomeBatch, { log }: Pick<World, 'log'>): StoredOutcome[] {
  try {
    return readStoredOutcomes(batch.outcomes);
  } catch (error) {
    const cause = asSpillwayError(error).message;
    log.error(
      { artifact: batch.artifact, offset: batch.offset, cause },
      'a batch of outcomes cannot be read and is left out',
    );
    return [];
  }
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
