/**
 * What a starting process does before it serves anyone: rollbacks that reached the journal and not the store are carried
 * on, traffic first. Until that is done no route is shown to an SDK.
 */
import { isExposed, type Release } from '../rollout/release.ts';
import { resumeRollback } from './rollback.ts';
import { type Run, toRun } from './run.ts';
import { wantedRoute } from './wanted-route.ts';
import type { World } from './world.ts';

/** Runs whose rollback is live and not saved yet; passes go on with them. */
export async function recover(world: World): Promise<Run[]> {
  const runs: Run[] = [];
  for (const note of world.journal.pending()) {
    const stored = await world.store.getRelease(note.releaseId);
    const release = stored?.state as unknown as Release | undefined;
    if (!stored || !release || !isExposed(release)) {
      world.journal.settle(note.releaseId, note.epoch); // saved before the crash: the note was the only thing left
      continue;
    }
    const run = toRun(stored, world.clock.monotonicMs());
    resumeRollback(run, release, note, world);
    await world.router.writeRoute(wantedRoute(run.release)!);
    runs.push(run);
  }
  return runs;
}
