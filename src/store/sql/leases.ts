/**
 * Who works on which release. A lease keeps two replicas from doing the same work twice; correctness does not hang on
 * it (the state version does that), so a lease that lapses in the middle of a pass costs work, never a wrong weight.
 */
import type { ReleaseStore, StoredRelease } from '../store.ts';
import { toRelease } from './releases.ts';
import type { Db } from './schema.ts';

type LeaseStore = Pick<
  ReleaseStore,
  'claimReleases' | 'renewLeases' | 'releaseLeases' | 'rescheduleReleases' | 'wakeRelease' | 'countWaiting'
>;

function due(db: Db, nowMs: number) {
  return db
    .selectFrom('releases')
    .where('active', '=', 1)
    .where(({ eb, or }) => or([eb('due_at', '<=', nowMs), eb('woken_at', '<=', nowMs)]));
}

/** A look before the transaction, because most looks find nothing and must not wait for a writer. */
async function claim(db: Db, owner: string, nowMs: number, until: number, limit: number): Promise<StoredRelease[]> {
  const candidates = (from: Db) =>
    due(from, nowMs)
      .select('id')
      .where(({ eb, or }) =>
        or([eb('lease_owner', 'is', null), eb('lease_owner', '=', owner), eb('lease_until', '<=', nowMs)]),
      )
      .orderBy('due_at')
      .orderBy('id')
      .limit(limit);
  if ((await candidates(db).limit(1).execute()).length === 0) return [];
  const rows = await db
    .updateTable('releases')
    .set(({ eb }) => ({
      lease_owner: owner,
      lease_until: until,
      due_at: eb
        .case()
        .when('woken_at', '<', eb.ref('due_at'))
        .then(eb.fn.coalesce('woken_at', 'due_at'))
        .else(eb.ref('due_at'))
        .end(),
      woken_at: null,
    }))
    .where('id', 'in', candidates(db))
    .returningAll()
    .execute();
  return rows.map(toRelease).sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
}

export function leaseStore(db: Db): LeaseStore {
  return {
    claimReleases: (owner, nowMs, leaseMs, limit) => claim(db, owner, nowMs, nowMs + leaseMs, limit),
    async renewLeases(owner, nowMs, leaseMs) {
      const { numUpdatedRows } = await db
        .updateTable('releases')
        .set({ lease_until: nowMs + leaseMs })
        .where('active', '=', 1)
        .where('lease_owner', '=', owner)
        .where('lease_until', '>', nowMs)
        .executeTakeFirstOrThrow();
      return Number(numUpdatedRows);
    },
    async releaseLeases(owner) {
      await db
        .updateTable('releases')
        .set({ lease_owner: null, lease_until: 0 })
        .where('active', '=', 1)
        .where('lease_owner', '=', owner)
        .execute();
    },
    rescheduleReleases: dues =>
      db.transaction().execute(async tx => {
        for (const { id, dueAt } of dues) {
          await tx
            .updateTable('releases')
            .set({ due_at: dueAt })
            .where('id', '=', id)
            .where('active', '=', 1)
            .execute();
        }
      }),
    async wakeRelease(id, atMs) {
      await db
        .updateTable('releases')
        .set({ woken_at: atMs })
        .where('id', '=', id)
        .where('active', '=', 1)
        .where(({ eb, or }) => or([eb('woken_at', 'is', null), eb('woken_at', '>', atMs)]))
        .execute();
    },
    async countWaiting(nowMs) {
      const { waiting } = await due(db, nowMs)
        .select(({ fn }) => fn.countAll<number>().as('waiting'))
        .where(({ eb, or }) => or([eb('lease_owner', 'is', null), eb('lease_until', '<=', nowMs)]))
        .executeTakeFirstOrThrow();
      return Number(waiting);
    },
  };
}
