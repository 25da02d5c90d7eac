/**
 * Who works on which release. A lease keeps two replicas from doing the same work twice; correctness does not hang on
 * it (the state version does that), so a lease that lapses in the middle of a pass costs work, never a wrong weight.
 * Where many write at once, a claim passes over rows that another transaction holds instead of waiting for it.
 */
import type { ReleaseStore, StoredRelease } from '../store.ts';
import { toRelease } from './releases.ts';
import type { Db } from './schema.ts';
import type { WriteRules } from './write-rules.ts';

type LeaseStore = Pick<ReleaseStore, 'claimReleases' | 'releaseLeases' | 'countWaiting'>;

function due(db: Db, nowMs: number) {
  return db.selectFrom('releases').where('active', '=', 1).where('due_at', '<=', nowMs);
}

interface Claim {
  owner: string;
  nowMs: number;
  until: number;
  limit: number;
}

/** A look before the transaction, because most looks find nothing and must not wait for a writer. */
async function claim(db: Db, { owner, nowMs, until, limit }: Claim, rules: WriteRules): Promise<StoredRelease[]> {
  const candidates = (limit: number) =>
    due(db, nowMs)
      .select('id')
      .where(({ eb, or }) =>
        or([eb('lease_owner', 'is', null), eb('lease_owner', '=', owner), eb('lease_until', '<=', nowMs)]),
      )
      .orderBy('due_at')
      .orderBy('id')
      .limit(limit);
  if ((await candidates(1).execute()).length === 0) return [];
  const free = rules.locksRows ? candidates(limit).forUpdate().skipLocked() : candidates(limit);
  // Named, because a locking query in the condition itself might be run again for each row and lock beyond the limit.
  const rows = await db
    .with('free', () => free)
    .updateTable('releases')
    .set({ lease_owner: owner, lease_until: until })
    .where('id', 'in', taken => taken.selectFrom('free').select('id'))
    .returningAll()
    .execute();
  return rows.map(toRelease).sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
}

export function leaseStore(db: Db, rules: WriteRules): LeaseStore {
  return {
    claimReleases: (owner, nowMs, leaseMs, limit) => claim(db, { owner, nowMs, until: nowMs + leaseMs, limit }, rules),
    releaseLeases: owner =>
      db.transaction().execute(async tx => {
        await tx
          .updateTable('releases')
          .set({ lease_owner: null, lease_until: 0 })
          .where('active', '=', 1)
          .where('lease_owner', '=', owner)
          .execute();
        await rules.announce(tx, [{ of: 'leases' }]);
      }),
    async countWaiting(nowMs) {
      const { waiting } = await due(db, nowMs)
        .select(({ fn }) => fn.countAll<number>().as('waiting'))
        .where(({ eb, or }) => or([eb('lease_owner', 'is', null), eb('lease_until', '<=', nowMs)]))
        .executeTakeFirstOrThrow();
      return Number(waiting);
    },
  };
}
