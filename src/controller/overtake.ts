/**
 * A rollback by hand does not wait for a pass under way, which may hang on the store: its journal note and its live route
 * come at once, ahead of the queue, with an epoch above anything that the pass can still write. The record follows when
 * the release's turn comes.
 */
import { toTimestamp } from '../clock.ts';
import { asSpillwayError } from '../errors.ts';
import { type Command, decideCommand } from '../rollout/command.ts';
import { evolve } from '../rollout/evolve.ts';
import { isExposed } from '../rollout/release.ts';
import { keepNote, noteOf, settle } from './rollback-note.ts';
import type { Overtaken, Run } from './run.ts';
import { wantedRoute } from './wanted-route.ts';
import type { World } from './world.ts';

/**
 * The pass under way may save one more decision before it sees that it was overtaken, and `promote --full` takes two epochs:
 * the last stage's and the bake's.
 */
const EPOCHS_AHEAD = 3;

/**
 * Resolves when the route is live, or cannot be now; then the rollback takes its turn under the same note. From the first moment on the
 * run says that it is overtaken: its own half-written routes are no rollback of somebody else whose record was lost. Nothing is done
 * where nobody has met the candidate.
 */
export async function overtake(run: Run, command: Command, world: World): Promise<void> {
  if (command.kind !== 'rollback' || !isExposed(run.release)) return;
  const decidedAtMs = world.clock.monotonicMs();
  const decision = decideCommand(run.release, command);
  if (decision.kind !== 'rollback') return;
  const next = evolve(run.release, decision, {}, toTimestamp(world.clock.nowMs()));
  const epoch = next.epoch - 1 + EPOCHS_AHEAD;
  const note = noteOf({ ...next, epoch }, decision, command.actor);
  keepNote(note, world);
  const overtaken: Overtaken = { note, decidedAtMs };
  run.overtaken = overtaken;
  const route = wantedRoute({ ...next, epoch })!;
  await new Promise<void>(resolve => {
    const writing = world.router.writeRoute(route, liveAtMs => {
      overtaken.decisionToWriteMs = liveAtMs - decidedAtMs;
      resolve();
    });
    // Stored or not: the release's own turn stores it again. Not even live: that turn is the rollback.
    writing.catch(error => {
      const { code } = asSpillwayError(error);
      world.log.warn({ release: note.releaseId, code }, 'the overtaking route is not stored yet');
      resolve();
    });
  });
}

/**
 * The release ended otherwise before its turn came (it was promoted, say), so there is nothing to roll back on record:
 * what it wants is made live again, above the epoch that overtook it.
 */
export async function giveBack(run: Run, world: World): Promise<void> {
  const { overtaken } = run;
  if (!overtaken) return;
  delete run.overtaken;
  settle(overtaken.note, world);
  const wanted = wantedRoute(run.release);
  const live = await world.router.readRoute(run.release.artifact);
  const epoch = Math.max(live?.epoch ?? 0, overtaken.note.epoch) + 1;
  if (wanted) await world.router.writeRoute({ ...wanted, epoch });
}
