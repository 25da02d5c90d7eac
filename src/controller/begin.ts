/**
 * Begins a release, in the place of an active one of the same artifact where there is one: a newer version supersedes, and
 * its predecessor is at weight 0 before it starts. What is read (who serves, who is held) is read after everything
 * under way on the artifact has ended, so that nothing can change between the look and the insert.
 */
import { toTimestamp } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import { isActive, type Release } from '../rollout/release.ts';
import type { StoredRelease } from '../store/store.ts';
import { createdEvent } from './audit-draft.ts';
import { type Prepared, prepareRelease, supersede } from './create.ts';
import type { Engine } from './engine.ts';
import type { ReleaseRequest } from './face.ts';
import { type Run, toStored } from './run.ts';
import { trimQuietly } from './trim.ts';
import { wantedRow } from './wanted-route.ts';

/** @param leaseMs for which this process takes the new release */
export async function begin(
  request: ReleaseRequest,
  artifact: string,
  engine: Engine,
  leaseMs: number,
): Promise<Release> {
  await endGaps(artifact, engine);
  const active = await engine.world.store.activeRelease(artifact);
  if (!active) return insert(request, engine, leaseMs);
  const run = engine.runFor(active);
  const outcome = await engine.exclusively(run, async () =>
    isActive(run.release) ? replace(run, request, engine, leaseMs) : undefined,
  );
  // It ended while we waited for our turn: what is live and who is held is to be read anew.
  return outcome ? take(outcome, engine) : begin(request, artifact, engine, leaseMs);
}

/** A release that has ended and whose route is not live yet would give the new one a wrong baseline. */
async function endGaps(artifact: string, engine: Engine): Promise<void> {
  for (const run of [...engine.runs.values()]) {
    if (run.release.artifact !== artifact || isActive(run.release)) continue;
    await engine.exclusively(run, () => engine.passOver(run));
    if (engine.runs.has(run.release.id))
      throw new SpillwayError(
        'STORE_UNAVAILABLE',
        `Release ${run.release.id} has ended, and its route is not live yet.`,
      );
  }
}

async function insert(request: ReleaseRequest, engine: Engine, leaseMs: number): Promise<Release> {
  const { store } = engine.world;
  const prepared = await prepareRelease(request, undefined, engine.world);
  const { release } = prepared;
  const stored = toStored(release, 1, engine.world, leaseMs);
  const outcome = await store.insertRelease(stored, [created(prepared, request)]);
  if (outcome === 'activeExists')
    throw new SpillwayError('STATE_MOVED', `Another release of ${release.artifact} began meanwhile.`);
  engine.emitAudit(outcome.saved);
  // Not in the insert's transaction: when it fails, the version stays held, which the next attempt may force again.
  if (prepared.unholds) await store.holdVersion(release.artifact, release.version, null);
  await trimQuietly(release.artifact, Number.MAX_SAFE_INTEGER, engine.world);
  return take(stored, engine);
}

/** Ends the run's release and inserts the new one in one transaction, together with the route that serves meanwhile. */
async function replace(run: Run, request: ReleaseRequest, engine: Engine, leaseMs: number): Promise<StoredRelease> {
  const { world } = engine;
  const prepared = await prepareRelease(request, run.release, world);
  const { release } = prepared;
  if (run.unsaved)
    throw new SpillwayError(
      'STORE_UNAVAILABLE',
      `The rollback of ${run.release.id} is not stored yet; nothing new can start.`,
    );
  const { ended, event } = supersede(run.release, release, release.createdBy, toTimestamp(world.clock.nowMs()));
  const next = { ...release, epoch: Math.max(release.epoch, ended.epoch + 1) };
  const inserted = toStored(next, 1, world, leaseMs);
  const outcome = await world.store.replaceRelease({
    ended: toStored(ended, run.stateVersion, world, 0),
    expected: run.stateVersion,
    inserted,
    events: [event, created(prepared, request)],
    extra: {
      snapshot: null,
      ...wantedRow(next, world.clock),
      ...(prepared.unholds ? { holdVersion: { version: next.version, releaseId: null } } : {}),
    },
  });
  if (outcome === 'moved') throw new SpillwayError('STATE_MOVED', `Release ${run.release.id} was changed meanwhile.`);
  run.release = ended;
  engine.runs.delete(ended.id);
  void engine.tests.stop(run);
  engine.emitAudit(outcome.saved);
  engine.emit({ type: 'release', release: ended });
  await trimQuietly(next.artifact, Number.MAX_SAFE_INTEGER, world);
  return inserted;
}

/** The first pass of a new release also takes the weight of a superseded one away: it is awaited. */
async function take(stored: StoredRelease, engine: Engine): Promise<Release> {
  const run = engine.adopt(stored);
  await engine.passQuietly(run);
  return engine.view(run);
}

function created({ release, why }: Prepared, request: ReleaseRequest) {
  return createdEvent(release, why, request.force ? { force: true } : {});
}
