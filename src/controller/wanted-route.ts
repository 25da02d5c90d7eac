import type { Clock } from '../clock.ts';
import { type Release, shareOf } from '../rollout/release.ts';
import type { RouteRow } from '../store/store.ts';
import type { Route } from '../traffic/router.ts';

/**
 * The route that a release wants: a pure function of its state, so that a pass can close the gap at any time, after any
 * crash. Undefined while an artifact's first version is on its way: nothing serves yet.
 */
export function wantedRoute(release: Release): Route | undefined {
  const { artifact, epoch } = release;
  if (release.phase === 'succeeded') return unsplit(artifact, epoch, release.version, null);
  if (release.baseline === null) return undefined;
  switch (release.phase) {
    case 'rollingOut':
    case 'baking':
    case 'promoting':
      return {
        artifact,
        releaseId: release.id,
        salt: release.id,
        epoch,
        weight: release.returningWeight ?? shareOf(release),
        baseline: release.baseline,
        candidate: release.version,
        rolledBack: null,
      };
    case 'rollingBack':
    case 'rolledBack':
      return unsplit(artifact, epoch, release.baseline, `${release.id}@${epoch}`);
    case 'queued':
    case 'testing':
    case 'comparing':
    case 'failed':
    case 'cancelled':
    case 'superseded':
      return unsplit(artifact, epoch, release.baseline, null);
  }
}

/** The same as a row of the store, for the transaction that saves the release. */
export function wantedRow(release: Release, clock: Pick<Clock, 'nowMs'>): { route?: RouteRow } {
  const route = wantedRoute(release);
  return route ? { route: { ...route, updatedAt: clock.nowMs() } } : {};
}

function unsplit(artifact: string, epoch: number, baseline: string, rolledBack: string | null): Route {
  return { artifact, releaseId: null, salt: '', epoch, weight: 0, baseline, candidate: null, rolledBack };
}
