/**
 * Evidence as it arrives. A call with many batches is one transaction (group commit): one wait for the disk, whatever
 * the number of clients. Keys of batches are kept apart from the batches, so that a batch that was folded and trimmed is
 * still known when a client sends it again.
 */
import type { Clock } from '../../clock.ts';
import type { EvidenceStore, OutcomeBatch, OutcomeBatchDraft } from '../store.ts';
import { fromText, toText } from './json-column.ts';
import type { Db } from './schema.ts';
import type { WriteRules } from './write-rules.ts';

type BatchStore = Pick<EvidenceStore, 'appendOutcomes' | 'readOutcomes' | 'trimOutcomes' | 'dropOutcomesBefore'>;

/** How long a repeated batch is recognised. Clients give up well before. */
const DEDUPE_MS = 3_600_000;

function chunks<T>(rows: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, at) => rows.slice(at * size, (at + 1) * size));
}

/** As every engine gives it back: a key is recognised by what was read. */
const named = (client: string | null) => client?.toWellFormed().replaceAll('\u0000', '\uFFFD') ?? null;
const keyOf = ({ client, sequence, artifact }: KeyedBatch) => JSON.stringify([client, sequence, artifact]);
type KeyedBatch = Pick<OutcomeBatchDraft, 'artifact'> & { client: string; sequence: number; receivedAt: number };
const isKeyed = (batch: OutcomeBatchDraft): batch is OutcomeBatchDraft & KeyedBatch =>
  batch.client !== null && batch.sequence !== null;

/** Keeps the keys that are not known yet, and answers them. */
async function addKeys(tx: Db, batches: readonly OutcomeBatchDraft[], rules: WriteRules): Promise<Set<string>> {
  const first = new Map(batches.filter(isKeyed).map(batch => [keyOf(batch), batch]));
  const added = new Set<string>();
  for (const chunk of chunks([...first.values()], rules.rowsAtOnce)) {
    const rows = await tx
      .insertInto('outcome_keys')
      .values(
        chunk.map(({ artifact, client, sequence, receivedAt }) => ({
          artifact,
          client,
          sequence,
          received_at: receivedAt,
        })),
      )
      .onConflict(conflict => conflict.columns(['client', 'sequence', 'artifact']).doNothing())
      .returning(['client', 'sequence', 'artifact'])
      .execute();
    for (const row of rows) added.add(JSON.stringify([row.client, row.sequence, row.artifact]));
  }
  return added;
}

/** A key that comes twice in one call counts for the first. */
async function append(tx: Db, given: readonly OutcomeBatchDraft[], rules: WriteRules) {
  const batches = given.map(batch => ({ ...batch, client: named(batch.client) }));
  await rules.takeTurn(tx, 'outcomes');
  const unused = await addKeys(tx, batches, rules);
  const duplicates: number[] = [];
  const fresh = batches.filter((batch, index) => {
    const isFresh = !isKeyed(batch) || unused.delete(keyOf(batch));
    if (!isFresh) duplicates.push(index);
    return isFresh;
  });
  const rows = fresh.map(({ client, sequence, artifact, receivedAt, outcomes }) => ({
    client,
    sequence,
    artifact,
    received_at: receivedAt,
    outcomes: toText(outcomes),
  }));
  for (const chunk of chunks(rows, rules.rowsAtOnce)) await tx.insertInto('outcomes').values(chunk).execute();
  const { last } = await tx
    .selectFrom('outcomes')
    .select(({ fn }) => fn.max('offset').as('last'))
    .executeTakeFirstOrThrow();
  const artifacts = [...new Set(fresh.map(({ artifact }) => artifact))];
  await rules.announce(
    tx,
    artifacts.map(artifact => ({ of: 'outcomes', artifact })),
  );
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

export function batchStore(db: Db, clock: Clock, rules: WriteRules): BatchStore {
  return {
    appendOutcomes: batches => db.transaction().execute(tx => append(tx, batches, rules)),
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
