/**
 * How PostgreSQL keeps many writers in order. Numbers come from sequences, which know nothing of commits: a transaction
 * that took the lower one may commit later, and a reader who goes by the number would miss it for ever. So whoever adds
 * to a numbered table takes a lock on it first and keeps it to the commit, which makes the rows visible before it lets go.
 */
import { sql } from 'kysely';
import type { WriteRules } from './sql/write-rules.ts';
import type { Change } from './store.ts';

/** "SPIL": the upper half of the lock's number, so that other programs in this database have other locks. */
const LOCK_SPACE = 0x5350494c;
/** Rows of an insert: 5 parameters each, of 65,535. */
const ROWS_AT_ONCE = 1_000;

export interface Announcer {
  channel: string;
  /** This store, so that it does not hear itself. */
  sender: string;
}

export function toPayload(change: Change, sender: string): string {
  return `${sender} ${change.of} ${'artifact' in change ? change.artifact : ''}`.trimEnd();
}

/** Undefined for what this store said itself; what cannot be read (a newer version's) is a reason to look at everything. */
export function fromPayload(payload: string, self: string): Change | undefined {
  const [sender, of, artifact] = payload.split(' ');
  if (sender === self) return undefined;
  if ((of === 'outcomes' || of === 'route' || of === 'release') && artifact) return { of, artifact };
  return of === 'leases' ? { of } : { of: 'everything' };
}

export function manyWriters({ channel, sender }: Announcer): WriteRules {
  return {
    locksRows: true,
    rowsAtOnce: ROWS_AT_ONCE,
    /** By the table's own id: two schemas of one database do not wait for each other. */
    async takeTurn(tx, table) {
      const space = sql`${LOCK_SPACE}::bigint << 32`;
      await sql`select pg_advisory_xact_lock((${space}) | ${table}::regclass::oid::bigint)`.execute(tx);
    },
    async announce(tx, changes) {
      if (changes.length === 0) return;
      const payloads = changes.map(change => toPayload(change, sender));
      await sql`select pg_notify(${channel}, payload) from unnest(${payloads}::text[]) as payload`.execute(tx);
    },
  };
}
