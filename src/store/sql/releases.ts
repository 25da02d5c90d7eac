/**
 * Releases in SQL. A save compares the state version and writes everything that belongs to one decision (state, audit
 * events, route, snapshot, hold) in one transaction, or nothing. Rows are taken in one order, release before route before
 * audit, so that two saves never wait for each other.
 */
import { SpillwayError } from '../../errors.ts';
import type {
  AuditDraft,
  AuditEvent,
  Change,
  ReleaseQuery,
  ReleaseStore,
  SaveExtra,
  SaveOutcome,
  StoredRelease,
} from '../store.ts';
import { addEvents } from './audit.ts';
import { fromText, toText } from './json-column.ts';
import { writeRoute } from './routes.ts';
import type { Db, ReleaseRecord, Tx } from './schema.ts';
import { writeSnapshot } from './snapshots.ts';
import { setHold } from './versions.ts';
import type { WriteRules } from './write-rules.ts';

type StateStore = Pick<
  ReleaseStore,
  'insertRelease' | 'getRelease' | 'activeRelease' | 'listReleases' | 'saveRelease' | 'replaceRelease'
>;

/** Thrown inside a transaction to take it back, caught right outside. */
class Moved extends Error {}

export function toRelease(row: ReleaseRecord): StoredRelease {
  return {
    id: row.id,
    artifact: row.artifact,
    active: row.active === 1,
    stateVersion: row.state_version,
    state: fromText(row.state, `release ${row.id}`),
    dueAt: row.due_at,
    leaseOwner: row.lease_owner,
    leaseUntil: row.lease_until,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** False when another release of the artifact is active. */
async function insert(tx: Tx, release: StoredRelease): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('releases')
    .values({
      id: release.id,
      artifact: release.artifact,
      active: release.active ? 1 : 0,
      state_version: release.stateVersion,
      state: toText(release.state),
      due_at: release.dueAt,
      lease_owner: release.leaseOwner,
      lease_until: release.leaseUntil,
      created_at: release.createdAt,
      updated_at: release.updatedAt,
    })
    .onConflict(conflict => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 1n) return true;
  const same = await tx.selectFrom('releases').select('id').where('id', '=', release.id).executeTakeFirst();
  if (same !== undefined) throw new SpillwayError('INTERNAL', `There is already a release ${release.id}`);
  return false;
}

async function update(tx: Tx, release: StoredRelease, expected: number): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('releases')
    .set({
      state: toText(release.state),
      state_version: expected + 1,
      active: release.active ? 1 : 0,
      due_at: release.dueAt,
      updated_at: release.updatedAt,
      ...(release.active ? {} : { lease_owner: null, lease_until: 0 }),
    })
    .where('id', '=', release.id)
    .where('state_version', '=', expected)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new Moved();
}

async function writeExtra(tx: Tx, release: StoredRelease, extra: SaveExtra, rules: WriteRules): Promise<void> {
  if (extra.route !== undefined && (await writeRoute(tx, extra.route, rules)) === 'stale') throw new Moved();
  if (extra.snapshot !== undefined) await writeSnapshot(tx, release.id, extra.snapshot);
  if (extra.holdVersion !== undefined) {
    await setHold(tx, release.artifact, extra.holdVersion.version, extra.holdVersion.releaseId);
  }
}

/** What others should look at: a checkpoint of evidence and stage clock is nobody else's business. */
function changesOf(release: StoredRelease, events: readonly AuditDraft[], extra: SaveExtra): Change[] {
  const { artifact } = release;
  const route: Change[] = extra.route === undefined ? [] : [{ of: 'route', artifact }];
  return events.length === 0 ? route : [...route, { of: 'release', artifact }];
}

async function orMoved(saving: Promise<AuditEvent[]>): Promise<SaveOutcome> {
  try {
    return { saved: await saving };
  } catch (error) {
    if (error instanceof Moved) return 'moved';
    throw error;
  }
}

function afterCursor(cursor: string): { createdAt: number; id: string } {
  const [, createdAt, id] = /^(\d{1,15})_(.+)$/s.exec(cursor) ?? [];
  if (createdAt === undefined || id === undefined) {
    const problems = [{ path: 'cursor', message: 'is not the `next` of an earlier page' }];
    throw new SpillwayError('REQUEST_INVALID', 'The cursor is not one of ours', { problems });
  }
  return { createdAt: Number(createdAt), id };
}

async function list(db: Db, query: ReleaseQuery): Promise<{ releases: StoredRelease[]; next: string | null }> {
  const limit = Math.min(Math.max(Math.trunc(query.limit ?? 100), 1), 1000);
  let select = db.selectFrom('releases').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc');
  if (query.active !== undefined) select = select.where('active', '=', query.active ? 1 : 0);
  if (query.artifact !== undefined) select = select.where('artifact', '=', query.artifact);
  if (query.cursor !== undefined) {
    const { createdAt, id } = afterCursor(query.cursor);
    select = select.where(({ eb, or, and }) =>
      or([eb('created_at', '<', createdAt), and([eb('created_at', '=', createdAt), eb('id', '<', id)])]),
    );
  }
  const rows = await select.limit(limit + 1).execute();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    releases: page.map(toRelease),
    next: rows.length > limit && last !== undefined ? `${last.created_at}_${last.id}` : null,
  };
}

async function first(db: Db, column: 'id' | 'artifact', value: string): Promise<StoredRelease | undefined> {
  let select = db.selectFrom('releases').selectAll().where(column, '=', value);
  if (column === 'artifact') select = select.where('active', '=', 1);
  const row = await select.executeTakeFirst();
  return row && toRelease(row);
}

export function stateStore(db: Db, rules: WriteRules): StateStore {
  const save = (release: StoredRelease, expected: number, events: readonly AuditDraft[], extra: SaveExtra) =>
    db.transaction().execute(async tx => {
      await update(tx, release, expected);
      await writeExtra(tx, release, extra, rules);
      await rules.announce(tx, changesOf(release, events, extra));
      return addEvents(tx, events, rules);
    });
  return {
    insertRelease: (release, events) =>
      db.transaction().execute(async tx => {
        if (!(await insert(tx, release))) return 'activeExists';
        await rules.announce(tx, changesOf(release, events, {}));
        return { saved: await addEvents(tx, events, rules) };
      }),
    getRelease: id => first(db, 'id', id),
    activeRelease: artifact => first(db, 'artifact', artifact),
    listReleases: (query = {}) => list(db, query),
    saveRelease: (release, expected, events, extra = {}) => orMoved(save(release, expected, events, extra)),
    replaceRelease: ({ ended, expected, inserted, events, extra = {} }) =>
      orMoved(
        db.transaction().execute(async tx => {
          await update(tx, ended, expected);
          await writeExtra(tx, ended, extra, rules);
          if (!(await insert(tx, inserted))) throw new Moved();
          await rules.announce(tx, changesOf(ended, events, extra));
          return addEvents(tx, events, rules);
        }),
      ),
  };
}
