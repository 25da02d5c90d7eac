import { asSpillwayError } from '../errors.ts';
import type { World } from './world.ts';

/** Drops outcomes that were folded or concern nobody any more. Housekeeping: what was decided stands when this fails. */
export async function trimQuietly(artifact: string, uptoOffset: number, { store, log }: World): Promise<void> {
  try {
    await store.trimOutcomes(artifact, uptoOffset);
  } catch (error) {
    log.warn({ artifact, code: asSpillwayError(error).code }, 'outcomes that are done with could not be dropped');
  }
}
