/** Answers kept for repeated requests. Expired ones go when a new one comes, so that no sweeper is needed. */
import type { Clock } from '../../clock.ts';
import type { IdempotencyStore } from '../store.ts';
import { fromText, toText } from './json-column.ts';
import type { Db } from './schema.ts';

export function idempotencyStore(db: Db, clock: Clock): IdempotencyStore {
  return {
    async getIdempotent(key) {
      const row = await db
        .selectFrom('idempotency')
        .selectAll()
        .where('key', '=', key)
        .where('expires_at', '>', clock.nowMs())
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return {
        fingerprint: row.fingerprint,
        status: row.status,
        body: fromText(row.body, 'an idempotent answer'),
        expiresAt: row.expires_at,
      };
    },
    putIdempotent: (key, answer) =>
      db.transaction().execute(async tx => {
        await tx.deleteFrom('idempotency').where('expires_at', '<=', clock.nowMs()).execute();
        await tx
          .insertInto('idempotency')
          .values({
            key,
            fingerprint: answer.fingerprint,
            status: answer.status,
            body: toText(answer.body),
            expires_at: answer.expiresAt,
          })
          .onConflict(conflict => conflict.column('key').doNothing())
          .execute();
      }),
  };
}
