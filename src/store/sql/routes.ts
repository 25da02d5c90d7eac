/**
 * The prompt registry's rows. The rule which write may replace which lives here, as a pure function, because every
 * writer goes through it: a controller that was paused for a minute must not bring an old weight back.
 */
import type { RouteRow, RouteStore } from '../store.ts';
import type { Db, RouteRecord } from './schema.ts';

function toRoute(row: RouteRecord): RouteRow {
  return {
    artifact: row.artifact,
    releaseId: row.release_id,
    salt: row.salt,
    epoch: row.epoch,
    weight: row.weight,
    baseline: row.baseline,
    candidate: row.candidate,
    rolledBack: row.rolled_back,
    updatedAt: row.updated_at,
  };
}

/** A tombstone is `<release>@<epoch>`. */
function releaseOf(tombstone: string): string {
  return tombstone.slice(0, tombstone.lastIndexOf('@'));
}

/** See `RouteStore.putRoute`. */
function mayReplace(stored: RouteRow, row: RouteRow): boolean {
  if (row.epoch < stored.epoch) return false;
  if (stored.rolledBack === null) return true;
  if (row.epoch === stored.epoch && row.rolledBack !== stored.rolledBack) return false;
  return row.weight === 0 || row.releaseId !== releaseOf(stored.rolledBack);
}

async function readRoute(db: Db, artifact: string): Promise<RouteRow | undefined> {
  const row = await db.selectFrom('routes').selectAll().where('artifact', '=', artifact).executeTakeFirst();
  return row && toRoute(row);
}

/** Within the caller's transaction, which must be a writing one from its start. */
export async function writeRoute(tx: Db, row: RouteRow): Promise<'written' | 'stale'> {
  const stored = await readRoute(tx, row.artifact);
  if (stored !== undefined && !mayReplace(stored, row)) return 'stale';
  const values = {
    release_id: row.releaseId,
    salt: row.salt,
    epoch: row.epoch,
    weight: row.weight,
    baseline: row.baseline,
    candidate: row.candidate,
    rolled_back: row.rolledBack,
    updated_at: row.updatedAt,
  };
  await tx
    .insertInto('routes')
    .values({ artifact: row.artifact, ...values })
    .onConflict(conflict => conflict.column('artifact').doUpdateSet(values))
    .execute();
  return 'written';
}

export function routeStore(db: Db): RouteStore {
  return {
    putRoute: row => db.transaction().execute(tx => writeRoute(tx, row)),
    getRoute: artifact => readRoute(db, artifact),
    listRoutes: async () => (await db.selectFrom('routes').selectAll().orderBy('artifact').execute()).map(toRoute),
  };
}
