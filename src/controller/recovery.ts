/**
 * What a starting process does before it serves anyone: rollbacks that reached the journal and not the store are carried
 * on, traffic first. Until that is done no route is shown to an SDK.
 */
import { isWorkload } from '../config/artifact.ts';
import { asSpillwayError } from '../errors.ts';
import { isExposed } from '../rollout/release.ts';
import { isSameRoute, type Route } from '../traffic/router.ts';
import { resumeRollback } from './rollback.ts';
import { settle } from './rollback-note.ts';
import { type Run, releaseOf, toRun } from './run.ts';
import { wantedRoute } from './wanted-route.ts';
import type { World } from './world.ts';

/** Runs whose rollback is live and not saved yet; passes go on with them. */
export async function recover(world: World): Promise<Run[]> {
  const runs: Run[] = [];
  for (const note of world.journal.pending()) {
    const stored = await world.store.getRelease(note.releaseId);
    const release = stored && releaseOf(stored);
    if (!stored || !release || !isExposed(release)) {
      settle(note, world); // saved before the crash: the note was the only thing left
      continue;
    }
    const run = toRun(stored, world.clock.monotonicMs());
    resumeRollback(run, release, note, world);
    await makeLive(wantedRoute(run.release)!, world);
    runs.push(run);
  }
  return runs;
}

/**
 * Live is what counts here; a store that still takes no writes must not keep the whole server from its users. Nor must a
 * cluster, which may not even be known yet: no app asks here what serves a workload, and the passes go on with it.
 */
async function makeLive(route: Route, { router, log }: World): Promise<void> {
  try {
    await router.writeRoute(route);
  } catch (error) {
    const { code } = asSpillwayError(error);
    const { artifact } = route;
    if (isWorkload(artifact)) return log.error({ artifact, code }, 'a rollback from the journal is not everywhere yet');
    if (!isSameRoute(await router.readRoute(artifact), route)) throw error;
    log.error({ artifact, code }, 'a rollback from the journal is live, and its route not stored yet');
  }
}
