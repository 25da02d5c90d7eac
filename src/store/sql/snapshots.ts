/** Folded evidence and test runs of a release: documents that are replaced as a whole. */
import type { EvidenceStore, Snapshot } from '../store.ts';
import { fromText, toText } from './json-column.ts';
import type { Db } from './schema.ts';

type DocumentStore = Pick<EvidenceStore, 'putSnapshot' | 'getSnapshot' | 'putTestRun' | 'getTestRuns'>;

/** Within the caller's transaction, or alone. `null` deletes it. */
export async function writeSnapshot(db: Db, releaseId: string, snapshot: Snapshot | null): Promise<void> {
  if (snapshot === null) {
    await db.deleteFrom('snapshots').where('release_id', '=', releaseId).execute();
    return;
  }
  const { offset, bytes } = snapshot;
  await db
    .insertInto('snapshots')
    .values({ release_id: releaseId, offset, bytes })
    .onConflict(conflict => conflict.column('release_id').doUpdateSet({ offset, bytes }))
    .execute();
}

export function documentStore(db: Db): DocumentStore {
  return {
    putSnapshot: (releaseId, offset, bytes) => writeSnapshot(db, releaseId, { offset, bytes }),
    async getSnapshot(releaseId) {
      const row = await db
        .selectFrom('snapshots')
        .select(['offset', 'bytes'])
        .where('release_id', '=', releaseId)
        .executeTakeFirst();
      return row && { offset: row.offset, bytes: new Uint8Array(row.bytes) };
    },
    async putTestRun(releaseId, suite, document) {
      const text = toText(document);
      await db
        .insertInto('test_runs')
        .values({ release_id: releaseId, suite, document: text })
        .onConflict(conflict => conflict.columns(['release_id', 'suite']).doUpdateSet({ document: text }))
        .execute();
    },
    async getTestRuns(releaseId) {
      const rows = await db
        .selectFrom('test_runs')
        .selectAll()
        .where('release_id', '=', releaseId)
        .orderBy('suite')
        .execute();
      return rows.map(row => ({
        releaseId: row.release_id,
        suite: row.suite,
        document: fromText(row.document, `test run ${row.suite} of release ${row.release_id}`),
      }));
    },
  };
}
