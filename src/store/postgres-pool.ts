/**
 * The connections to PostgreSQL, with a limit on every wait: a server that hangs costs a call some seconds, never a pass.
 * The server's own limits come first (a statement, a lock, a transaction that its client has forgotten), the driver's
 * after them, for a server that does not answer at all. A session that did not answer is never used again.
 */
import type { Socket } from 'node:net';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';
import { systemClock } from '../clock.ts';
import { endsSession } from './postgres-failure.ts';

export interface Limits {
  /** To connect, or to get a connection of the pool. */
  connectMs: number;
  /** Of one statement, on the server. */
  statementMs: number;
  /** Until a statement counts as unanswered, whatever the server says. */
  answerMs: number;
}

export const LIMITS: Limits = { connectMs: 4_000, statementMs: 5_000, answerMs: 6_000 };

/** A replica that is stopped in the middle of a transaction must not keep the others waiting for its locks. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** One for each pass that is under way at once, within reason: PostgreSQL takes 100 altogether by default. */
const MAX_CONNECTIONS = 10;
/** For sessions to end in order. */
const GOODBYE_MS = 1_000;

export interface SessionOptions {
  connection: string;
  limits: Limits;
  schema?: string | undefined;
  readonly?: boolean | undefined;
}

const INT8 = 20;
/** On these connections alone: `bigint` as a number. Ours are times, counts and epochs, all below 2^53. */
const types = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** Read committed is stated, not assumed: every lock in `sql/` counts on each statement seeing what was committed before it. */
function serverSettings({ schema, readonly }: SessionOptions): string {
  const settings = ['default_transaction_isolation=read\\ committed'];
  if (schema !== undefined) settings.push(`search_path=${schema}`);
  if (readonly) settings.push('default_transaction_read_only=on');
  return settings.map(setting => `-c ${setting}`).join(' ');
}

export function sessionConfig(options: SessionOptions): pg.ClientConfig {
  const { connection, limits } = options;
  return {
    connectionString: connection,
    application_name: 'spillway',
    options: serverSettings(options),
    connectionTimeoutMillis: limits.connectMs,
    statement_timeout: limits.statementMs,
    lock_timeout: limits.statementMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: limits.answerMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  };
}

/** PostgreSQL's text has no NUL: one in a name must not fail the whole batch that it came with. */
function storable(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\u0000') ? value.replaceAll('\u0000', '\uFFFD') : value;
}

/** Without a goodbye: a server that hangs would keep the process from ending. */
export function cutOff(client: pg.Client): void {
  (client as unknown as { connection?: { stream?: Socket } }).connection?.stream?.destroy();
}

function guardedClient(client: pg.PoolClient): PostgresPoolClient {
  let isLost = false;
  const query = async <R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> => {
    // Behind a statement without an answer everything would wait, the rollback first.
    if (isLost) throw new Error('Connection terminated: a statement before had no answer');
    try {
      return (await client.query(sql, parameters.map(storable))) as unknown as PostgresQueryResult<R>;
    } catch (error) {
      isLost ||= endsSession(error);
      throw error;
    }
  };
  const release = (discard?: boolean) => client.release(discard === true || isLost);
  return { query, release } as unknown as PostgresPoolClient;
}

export function postgresPool(options: SessionOptions): PostgresPool {
  const pool = new pg.Pool({ ...sessionConfig(options), max: MAX_CONNECTIONS, idleTimeoutMillis: 30_000 });
  // A session that ends while nobody uses it is no event: the next call gets another one. Unheard, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', client => client.on('error', () => undefined));
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const sessions = new Set<pg.Client>();
  pool.on('connect', client => sessions.add(client));
  pool.on('remove', client => sessions.delete(client));
  return {
    options: pool.options,
    async end() {
      const ended = pool.end();
      await Promise.race([ended, systemClock.sleep(GOODBYE_MS)]);
      for (const client of sessions) cutOff(client);
    },
    async connect() {
      const client = await pool.connect();
      const guarded = known.get(client) ?? guardedClient(client);
      known.set(client, guarded);
      return guarded;
    },
  };
}
