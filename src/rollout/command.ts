/**
 * What a person may ask of a release, and what comes of it. A command is an override of the verdict, never of the tests
 * and never of the order of the life cycle. A rollback is possible in every exposed state, also while paused.
 */
import type { FailureCode } from '../errors.ts';
import { SpillwayError } from '../errors.ts';
import type { Decision } from './decision.ts';
import { isActive, isExposed, type Release, stageNumberOf, stagePlanOf } from './release.ts';

interface Asked {
  actor: string;
}
export type Command = Asked &
  /** `fromStage`: the stage that the person saw; when it is left meanwhile, the command is refused instead of applied twice. */
  (
    | { kind: 'promote'; full: boolean; fromStage?: number | undefined }
    | { kind: 'pause'; reason?: string }
    | { kind: 'resume' }
    | { kind: 'approve'; comment?: string }
    | { kind: 'cancel'; reason?: string }
    | { kind: 'rollback'; reason: string }
    | { kind: 'supersede'; by: string }
  );

/** @throws SpillwayError RELEASE_FINISHED, RELEASE_PAUSED or COMMAND_REFUSED when the state does not allow the command. */
export function decideCommand(release: Release, command: Command): Decision {
  if (!isActive(release)) throw refuse(release, 'RELEASE_FINISHED', `has ended: ${release.phase}`);
  if (release.phase === 'rollingBack' && command.kind !== 'supersede')
    throw refuse(release, 'COMMAND_REFUSED', 'is being rolled back already');
  if (release.phase === 'promoting' && (command.kind === 'supersede' || command.kind === 'cancel'))
    throw refuse(release, 'COMMAND_REFUSED', 'is being promoted: wait for its end, or roll it back');
  switch (command.kind) {
    case 'rollback':
      if (isExposed(release)) return { kind: 'rollback', trigger: 'manual', why: command.reason };
      return { kind: 'cancel', why: `${command.reason} (nobody had met the candidate yet)` };
    case 'cancel':
      return { kind: 'cancel', why: command.reason ?? `cancelled by ${command.actor}` };
    case 'supersede':
      return { kind: 'supersede', by: command.by, why: `a newer version arrived with release ${command.by}` };
    case 'pause':
      if (!isExposed(release))
        throw refuse(release, 'COMMAND_REFUSED', `is ${release.phase}: there is nothing to pause yet`);
      return { kind: 'hold', hold: 'paused', why: command.reason ?? `paused by ${command.actor}` };
    case 'resume':
      if (release.hold?.reason !== 'paused') throw refuse(release, 'COMMAND_REFUSED', 'is not paused');
      return { kind: 'hold', why: `resumed by ${command.actor}` };
    case 'approve':
      return decideApproval(release, command);
    case 'promote':
      return decidePromote(release, command);
  }
}

/** Before the stage has passed, too: then it is left as soon as it does. */
function decideApproval(release: Release, { actor, comment }: Extract<Command, { kind: 'approve' }>): Decision {
  const stage = release.stages[release.stageIndex];
  if (release.phase !== 'rollingOut' || !stage)
    throw refuse(release, 'COMMAND_REFUSED', `is ${release.phase}: there is no stage to approve`);
  if (!stagePlanOf(release).approval)
    throw refuse(release, 'COMMAND_REFUSED', `needs no approval in stage ${release.stageIndex}`);
  if (stage.approvedBy !== undefined)
    throw refuse(release, 'COMMAND_REFUSED', `was approved by ${stage.approvedBy} in this stage already`);
  const why = `approved by ${actor}${comment === undefined ? '' : `: ${comment}`}`;
  return { kind: 'hold', why, approvedBy: actor };
}

function decidePromote(release: Release, command: Extract<Command, { kind: 'promote' }>): Decision {
  const { full, fromStage, actor } = command;
  if (!isExposed(release))
    throw refuse(release, 'COMMAND_REFUSED', `is ${release.phase}: tests are not overridden, wait for the first stage`);
  if (release.hold?.reason === 'paused') throw refuse(release, 'RELEASE_PAUSED', 'is paused');
  if (release.withdrawn)
    throw refuse(release, 'COMMAND_REFUSED', 'waits for its pods to be ready again: wait too, or roll it back');
  if (fromStage !== undefined && fromStage !== stageNumberOf(release))
    throw refuse(release, 'STATE_MOVED', `has left stage ${fromStage} already`);
  const why = `promoted${full ? ' to 100 %' : ''} by ${actor}, over the verdict`;
  if (release.phase === 'promoting')
    throw refuse(release, 'COMMAND_REFUSED', 'is being promoted: the Deployment takes it over');
  if (release.phase === 'baking') {
    if (full)
      throw refuse(
        release,
        'COMMAND_REFUSED',
        'serves everyone already and bakes; promote without --full ends the bake',
      );
    return { kind: 'promote', why, override: true };
  }
  return { kind: 'advance', why, override: true, ...(full ? { toLastStage: true } : {}) };
}

function refuse(release: Release, code: FailureCode, what: string): SpillwayError {
  return new SpillwayError(code, `Release ${release.id} of ${release.artifact} ${what}.`);
}
