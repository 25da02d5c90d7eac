/**
 * The prompt registry's rows. The rule which write may replace which lives here, as a pure function, because every
 * writer goes through it: a controller that was paused for a minute must not bring an old weight back.
 */
import type { AuditDraft, RouteRow, RouteStore } from '../store.ts';
import { addEvents } from './audit.ts';
import type { Db, RouteRecord } from './schema.ts';
import type { WriteRules } from './write-rules.ts';

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

const valuesOf = (row: RouteRow) => ({
  release_id: row.releaseId,
  salt: row.salt,
  epoch: row.epoch,
  weight: row.weight,
  baseline: row.baseline,
  candidate: row.candidate,
  rolled_back: row.rolledBack,
  updated_at: row.updatedAt,
});

/** The first row of an artifact is put without a look: of two at once one finds the other's, and keeps it from changing. */
async function storedOrPut(tx: Db, row: RouteRow, rules: WriteRules): Promise<RouteRow | 'put'> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('routes')
    .values({ artifact: row.artifact, ...valuesOf(row) })
    .onConflict(conflict => conflict.column('artifact').doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 1n) return 'put';
  const select = tx.selectFrom('routes').selectAll().where('artifact', '=', row.artifact);
  return toRoute(await (rules.locksRows ? select.forUpdate() : select).executeTakeFirstOrThrow());
}

/** Within the caller's transaction. */
export async function writeRoute(tx: Db, row: RouteRow, rules: WriteRules): Promise<'written' | 'stale'> {
  const stored = await storedOrPut(tx, row, rules);
  if (stored === 'put') return 'written';
  if (!mayReplace(stored, row)) return 'stale';
  await tx.updateTable('routes').set(valuesOf(row)).where('artifact', '=', row.artifact).execute();
  return 'written';
}

async function putRoute(tx: Db, row: RouteRow, rules: WriteRules): Promise<'written' | 'stale'> {
  const outcome = await writeRoute(tx, row, rules);
  if (outcome === 'written') await rules.announce(tx, [{ of: 'route', artifact: row.artifact }]);
  return outcome;
}

async function adoptRoute(
  tx: Db,
  row: RouteRow,
  events: readonly AuditDraft[],
  rules: WriteRules,
): Promise<'written' | 'stale'> {
  const before = await storedOrPut(tx, row, rules);
  if (before !== 'put' && (before.epoch >= row.epoch || (await writeRoute(tx, row, rules)) === 'stale')) return 'stale';
  await addEvents(tx, events, rules);
  await rules.announce(tx, [{ of: 'route', artifact: row.artifact }]);
  return 'written';
}

export function routeStore(db: Db, rules: WriteRules): RouteStore {
  return {
    putRoute: row => db.transaction().execute(tx => putRoute(tx, row, rules)),
    adoptRoute: (row, events) => db.transaction().execute(tx => adoptRoute(tx, row, events, rules)),
    getRoute: artifact => readRoute(db, artifact),
    listRoutes: async () => (await db.selectFrom('routes').selectAll().orderBy('artifact').execute()).map(toRoute),
  };
}
