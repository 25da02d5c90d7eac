/**
 * What all live evidence of a release has in common, whoever counts: the plan it is judged by, the stage it is in, and the snapshot
 * from which it goes on. How it is read is each folder's own.
 */
import type { StageEntry } from '../analysis/live-judge.ts';
import type { EvidencePlan } from '../analysis/live-plan.ts';
import { asSpillwayError } from '../errors.ts';
import type { Release } from '../rollout/release.ts';
import type { World } from './world.ts';

export function evidencePlanOf({ plan }: Release): EvidencePlan {
  const { alpha, metrics } = plan.regression;
  return { alpha, metrics, errorRateMax: plan.rollback.triggers.errorRateMax };
}

/** The bake is the stage after the last. */
export function stageEntryOf(release: Release): StageEntry {
  const baking = release.phase === 'baking';
  const enteredAt = baking ? release.stages.at(-1)?.leftAt : release.stages[release.stageIndex]?.enteredAt;
  return {
    index: baking ? release.stages.length : release.stageIndex,
    weight: release.weight,
    atMs: Date.parse(enteredAt ?? release.updatedAt),
  };
}

/** The decoded snapshot and its offset; `opened` and the offset where it cannot be read, and 0 where there is none. */
export async function restoredOr<Evidence>(
  release: Release,
  { store, log }: Pick<World, 'store' | 'log'>,
  { decode, open }: { decode(bytes: Uint8Array): Evidence; open(): Evidence },
): Promise<{ evidence: Evidence; offset: number }> {
  const snapshot = await store.getSnapshot(release.id);
  if (!snapshot) return { evidence: open(), offset: 0 };
  try {
    return { evidence: decode(snapshot.bytes), offset: snapshot.offset };
  } catch (error) {
    // Of another version of Spillway: evidence begins anew, which delays a verdict and never fakes one.
    log.warn(
      { release: release.id, cause: asSpillwayError(error).message },
      'a snapshot of evidence cannot be read; it begins anew',
    );
    return { evidence: open(), offset: snapshot.offset };
  }
}
