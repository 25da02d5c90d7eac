/**
 * Gives a command to a release that other processes may save too. When one did between our look and our save, the command
 * is given to what is there now, a few times; that is never silent about a commit whose answer was lost, because only a
 * refused state version (nothing was written) is tried again.
 */
import { asSpillwayError } from '../errors.ts';
import type { Command } from '../rollout/command.ts';
import type { Release } from '../rollout/release.ts';
import type { Engine } from './engine.ts';
import type { Run } from './run.ts';

const MAX_TRIES = 3;

/** Two who take a release back at once have both had their will. */
const isDoneAlready = ({ phase }: Release, { kind }: Command) => kind === 'rollback' && phase === 'rolledBack';

/** Within `engine.exclusively`. @throws what the pass throws */
export async function obey(run: Run, given: Command, engine: Engine): Promise<void> {
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        return await engine.passOver(run, run.unsaved ? undefined : given);
      } catch (error) {
        if (tries === MAX_TRIES || asSpillwayError(error).code !== 'STATE_MOVED') throw error;
        if (isDoneAlready(run.release, given)) return;
      }
    }
  } finally {
    // Until the store has it, the passes go on with a rollback, whoever holds the release.
    if (run.unsaved) engine.runs.set(run.release.id, run);
  }
}
