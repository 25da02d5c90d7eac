/**
 * Who works on which release. A lease keeps two replicas from doing the same work twice; correctness does not hang on
 * it (the state version does that), so a lease that lapses in the middle of a pass costs work, never a wrong weight.
 */
import type { ReleaseStore, StoredRelease } from '../store.ts';
import { toRelease } from './releases.ts';
import type { Db } from './schema.ts';

type LeaseStore = Pick<ReleaseStore, 'claimReleases' | 'releaseLeases' | 'countWaiting'>;

function due(db: Db, nowMs: number) {
  return db.selectFrom('releases').where('active', '=', 1).where('due_at', '<=', nowMs);
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
    .set({ lease_owner: owner, lease_until: until })
    .where('id', 'in', candidates(db))
    .returningAll()
    .execute();
  return rows.map(toRelease).sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
}

export function leaseStore(db: Db): LeaseStore {
  return {
    claimReleases: (owner, nowMs, leaseMs, limit) => claim(db, owner, nowMs, nowMs + leaseMs, limit),
    async releaseLeases(owner) {
      await db
        .updateTable('releases')
        .set({ lease_owner: null, lease_until: 0 })
        .where('active', '=', 1)
        .where('lease_owner', '=', owner)
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
