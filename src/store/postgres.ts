/**
 * Opens the shared store: PostgreSQL, for several replicas at once. What differs from SQLite is here and in the files
 * `postgres-*.ts`; queries are the same, and so is the contract. Read committed everywhere, with locks where two writers
 * could pass each other. The address may hold a password and never goes into a message.
 */
import { createHash } from 'node:crypto';
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import type { Clock } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import { kyselyStore } from './kysely-store.ts';
import { postgresFailure, wasTakenBack } from './postgres-failure.ts';
import { type Listener, listen, newSender } from './postgres-listener.ts';
import { LIMITS, type Limits, postgresPool, type SessionOptions } from './postgres-pool.ts';
import { manyWriters } from './postgres-rules.ts';
import { bringUpToDate, checkSchema } from './postgres-schema.ts';
import { readPostgresUrl } from './postgres-url.ts';
import type { Tables } from './sql/schema.ts';
import type { Store } from './store.ts';

export interface PostgresOptions {
  url: string;
  clock: Clock;
  /** Only reads; fails with NOT_FOUND where there is no store yet. */
  readonly?: boolean;
  limits?: Partial<Limits>;
}

/** JSON text, `on conflict`, `skip locked`, generated keys: all old; older servers get no fixes any more. */
const OLDEST = 130_000;

/** What is acknowledged is on disk, also where the cluster was told to be quicker than that. */
const DURABLE = CompiledQuery.raw(
  `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`,
);

interface Facts {
  schema: string;
  channel: string;
}

async function factsOf(db: Kysely<Tables>, wanted: string | undefined): Promise<Facts> {
  const { rows } = await sql<{ version: string; schema: string | null }>`
    select current_setting('server_version_num') as version, current_schema() as schema`.execute(db);
  const { version = '0', schema = null } = rows[0] ?? {};
  if (Number(version) < OLDEST)
    throw new SpillwayError('NOT_SUPPORTED', 'The database is older than PostgreSQL 13', {
      hint: 'Use PostgreSQL 13 or newer.',
    });
  const used = wanted ?? schema;
  if (used === null)
    throw new SpillwayError('NOT_FOUND', 'This user has no schema in the database', {
      hint: 'Name one: postgres://user@host/database?schema=spillway.',
    });
  // A channel's name is at most 63 bytes long, and a schema's may be that already.
  return { schema: used, channel: `spillway_${createHash('sha256').update(used).digest('hex').slice(0, 16)}` };
}

/**
 * Rejects with STORE_UNAVAILABLE (not reachable, not let in), NOT_SUPPORTED (written by another version), NOT_FOUND
 * (`readonly`, and nothing there) or USAGE (no such address can be).
 */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { clock, readonly = false } = options;
  const { connection, schema: wanted } = readPostgresUrl(options.url);
  const session: SessionOptions = { connection, schema: wanted, readonly, limits: { ...LIMITS, ...options.limits } };
  const onCreateConnection = async (fresh: { executeQuery(query: CompiledQuery): Promise<unknown> }) =>
    void (await fresh.executeQuery(DURABLE));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: postgresPool(session), onCreateConnection }) });
  let listener: Listener | undefined;
  try {
    const { schema, channel } = await factsOf(db, wanted);
    if (readonly) await checkSchema(db, schema);
    else await bringUpToDate(db, schema);
    const sender = newSender();
    const rules = manyWriters({ channel, sender });
    const store = kyselyStore({ db, clock, readonly, asFailure: postgresFailure, wasTakenBack, rules });
    if (readonly) return store;
    const heard = await listen(session, channel, sender);
    listener = heard;
    const close = async () => {
      await heard.close();
      await store.close();
    };
    return { ...store, close, onChange: heard.onChange };
  } catch (error) {
    await listener?.close();
    await db.destroy().catch(() => undefined);
    throw postgresFailure(error);
  }
}
