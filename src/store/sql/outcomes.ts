/**
 * Evidence as it arrives. A call with many batches is one transaction (group commit): one wait for the disk, whatever
 * the number of clients. Keys of batches are kept apart from the batches, so that a batch that was folded and trimmed is
 * still known when a client sends it again.
 */
import type { Clock } from '../../clock.ts';
import type { EvidenceStore, OutcomeBatch, OutcomeBatchDraft } from '../store.ts';
import { fromText, toText } from './json-column.ts';
import type { Db } from './schema.ts';

type BatchStore = Pick<EvidenceStore, 'appendOutcomes' | 'readOutcomes' | 'trimOutcomes' | 'dropOutcomesBefore'>;

/** How long a repeated batch is recognised. Clients give up well before. */
const DEDUPE_MS = 3_600_000;

async function isNew(tx: Db, batch: OutcomeBatchDraft): Promise<boolean> {
  const { client, sequence, artifact, receivedAt } = batch;
  if (client === null || sequence === null) return true;
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('outcome_keys')
    .values({ artifact, client, sequence, received_at: receivedAt })
    .onConflict(conflict => conflict.columns(['client', 'sequence', 'artifact']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

async function append(tx: Db, batches: readonly OutcomeBatchDraft[]) {
  const duplicates: number[] = [];
  for (const [index, batch] of batches.entries()) {
    if (await isNew(tx, batch)) {
      await tx
        .insertInto('outcomes')
        .values({
          client: batch.client,
          sequence: batch.sequence,
          artifact: batch.artifact,
          received_at: batch.receivedAt,
          outcomes: toText(batch.outcomes),
        })
        .execute();
    } else {
      duplicates.push(index);
    }
  }
  const { last } = await tx
    .selectFrom('outcomes')
    .select(({ fn }) => fn.max('offset').as('last'))
    .executeTakeFirstOrThrow();
  return { duplicates, maxOffset: last ?? 0 };
}

async function read(db: Db, artifact: string, afterOffset: number, limit: number): Promise<OutcomeBatch[]> {
  const rows = await db
    .selectFrom('outcomes')
    .selectAll()
    .where('artifact', '=', artifact)
    .where('offset', '>', afterOffset)
    .orderBy('offset')
    .limit(limit)
    .execute();
  return rows.map(row => ({
    offset: row.offset,
    client: row.client,
    sequence: row.sequence,
    artifact: row.artifact,
    receivedAt: row.received_at,
    outcomes: fromText(row.outcomes, `outcome batch ${row.offset}`),
  }));
}

/** Offsets grow with time, so the first batch that is young enough ends the search: no index on the time is needed. */
async function dropBefore(tx: Db, atMs: number): Promise<void> {
  const kept = await tx
    .selectFrom('outcomes')
    .select('offset')
    .where('received_at', '>=', atMs)
    .orderBy('offset')
    .limit(1)
    .executeTakeFirst();
  let old = tx.deleteFrom('outcomes');
  if (kept !== undefined) old = old.where('offset', '<', kept.offset);
  await old.execute();
}

async function forgetKeys(tx: Db, clock: Clock): Promise<void> {
  await tx
    .deleteFrom('outcome_keys')
    .where('received_at', '<=', clock.nowMs() - DEDUPE_MS)
    .execute();
}

export function batchStore(db: Db, clock: Clock): BatchStore {
  return {
    appendOutcomes: batches => db.transaction().execute(tx => append(tx, batches)),
    readOutcomes: (artifact, afterOffset, limit) => read(db, artifact, afterOffset, limit),
    trimOutcomes: (artifact, uptoOffset) =>
      db.transaction().execute(async tx => {
        await tx.deleteFrom('outcomes').where('artifact', '=', artifact).where('offset', '<=', uptoOffset).execute();
        await forgetKeys(tx, clock);
      }),
    dropOutcomesBefore: atMs =>
      db.transaction().execute(async tx => {
        await dropBefore(tx, atMs);
        await forgetKeys(tx, clock);
      }),
  };
}
