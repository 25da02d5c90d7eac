/**
 * The journal's part of a rollback: what is noted before traffic moves, and the end of a note once the store has the
 * record. Neither may fail a rollback: a journal that takes no writes is logged, and the rollback goes on.
 */
import { asSpillwayError } from '../errors.ts';
import type { Decision } from '../rollout/decision.ts';
import type { Release } from '../rollout/release.ts';
import type { RollbackNote, World } from './world.ts';

export function noteOf(next: Release, decision: Extract<Decision, { kind: 'rollback' }>, actor: string): RollbackNote {
  return {
    releaseId: next.id,
    artifact: next.artifact,
    epoch: next.epoch,
    at: next.updatedAt,
    trigger: decision.trigger,
    reason: decision.why,
    actor,
  };
}

export function keepNote(note: RollbackNote, world: World): void {
  try {
    world.journal.append(note);
  } catch (error) {
    // Without a journal the rollback still moves traffic and is still saved if the store answers.
    world.log.error(
      { release: note.releaseId, code: asSpillwayError(error).code },
      'the rollback journal could not be written',
    );
  }
}

export function settle(note: RollbackNote, world: World): void {
  try {
    world.journal.settle(note.releaseId, note.epoch);
  } catch (error) {
    // The note stays; the next start finds the release ended and settles it.
    world.log.warn(
      { release: note.releaseId, code: asSpillwayError(error).code },
      'the rollback journal could not be settled',
    );
  }
}
