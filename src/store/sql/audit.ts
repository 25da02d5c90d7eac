/**
 * The audit chain in SQL. Events are only ever inserted. Whoever adds some takes a turn first: the head of a chain cannot
 * move between its look and its insert, and positions become readable in their order. The unique (artifact, seq) is the net.
 */
import { chainAll } from '../audit-chain.ts';
import type { AuditDraft, AuditEvent, AuditHead, AuditQuery, AuditStore, PositionedEvent } from '../store.ts';
import { fromText, toText } from './json-column.ts';
import type { AuditRecord, Db } from './schema.ts';
import type { WriteRules } from './write-rules.ts';

function toEvent(row: AuditRecord): AuditEvent {
  return {
    seq: row.seq,
    at: row.at,
    actor: row.actor,
    artifact: row.artifact,
    releaseId: row.release_id,
    kind: row.kind,
    why: row.why,
    evidence: fromText(row.evidence, `audit event ${row.artifact} ${row.seq}`),
    weightBefore: row.weight_before,
    weightAfter: row.weight_after,
    prev: row.prev,
    hash: row.hash,
  };
}

async function headsOf(db: Db, artifacts: readonly string[]): Promise<Map<string, AuditHead>> {
  const heads = new Map<string, AuditHead>();
  for (const artifact of new Set(artifacts)) {
    const head = await db
      .selectFrom('audit_events')
      .select(['artifact', 'seq', 'hash'])
      .where('artifact', '=', artifact)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (head !== undefined) heads.set(artifact, head);
  }
  return heads;
}

/** Within the caller's transaction, and best at its end: until it commits, nobody else adds events. */
export async function addEvents(tx: Db, drafts: readonly AuditDraft[], rules: WriteRules): Promise<AuditEvent[]> {
  if (drafts.length === 0) return [];
  await rules.takeTurn(tx, 'audit_events');
  const events = chainAll(
    await headsOf(
      tx,
      drafts.map(draft => draft.artifact),
    ),
    drafts,
  );
  for (const event of events) {
    await tx
      .insertInto('audit_events')
      .values({
        artifact: event.artifact,
        seq: event.seq,
        at: event.at,
        actor: event.actor,
        release_id: event.releaseId,
        kind: event.kind,
        why: event.why,
        evidence: toText(event.evidence),
        weight_before: event.weightBefore,
        weight_after: event.weightAfter,
        prev: event.prev,
        hash: event.hash,
      })
      .execute();
  }
  return events;
}

export function auditStore(db: Db, rules: WriteRules): AuditStore {
  async function readAudit(query: AuditQuery = {}): Promise<PositionedEvent[]> {
    let select = db.selectFrom('audit_events').selectAll().orderBy('position');
    if (query.release !== undefined) select = select.where('release_id', '=', query.release);
    if (query.artifact !== undefined) select = select.where('artifact', '=', query.artifact);
    if (query.from !== undefined) select = select.where('at', '>=', query.from);
    if (query.to !== undefined) select = select.where('at', '<=', query.to);
    if (query.after !== undefined) select = select.where('position', '>', query.after);
    if (query.limit !== undefined) select = select.limit(query.limit);
    const rows = await select.execute();
    return rows.map(row => ({ position: row.position, event: toEvent(row) }));
  }
  return {
    readAudit,
    listAudit: async query => (await readAudit(query)).map(({ event }) => event),
    auditHeads: async () => {
      const heads = await db
        .selectFrom('audit_events as event')
        .innerJoin(
          db
            .selectFrom('audit_events')
            .select(({ fn }) => ['artifact', fn.max('seq').as('seq')])
            .groupBy('artifact')
            .as('last'),
          join => join.onRef('event.artifact', '=', 'last.artifact').onRef('event.seq', '=', 'last.seq'),
        )
        .select(['event.artifact', 'event.seq', 'event.hash'])
        .orderBy('event.artifact')
        .execute();
      return heads.map(({ artifact, seq, hash }) => ({ artifact, seq, hash }));
    },
    appendAudit: drafts => db.transaction().execute(tx => addEvents(tx, drafts, rules)),
  };
}
