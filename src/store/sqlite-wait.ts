/**
 * Waiting for another writer without stopping the event loop. SQLite's own busy time-out sleeps in the thread: while it
 * waits for another process nothing else runs here, and when the other writer is in this very process it waits in vain.
 * So the database refuses at once, and the statement is tried again a little later, up to a limit.
 */
import { CompiledQuery, type DatabaseConnection, type SqliteDatabase, SqliteDialect, SqliteDriver } from 'kysely';
import { systemClock } from '../clock.ts';

/** SQLITE_BUSY and SQLITE_LOCKED. */
export function isBusy(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return false;
  return [5, 6].includes(Number(error.errcode) & 0xff);
}

/** Runs until it is not refused for being busy; then, or after the limit, its own outcome. Uses real time: a lock does. */
export async function onceFree<T>(run: () => T | Promise<T>, limitMs: number): Promise<T> {
  const deadline = systemClock.monotonicMs() + limitMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isBusy(error) || systemClock.monotonicMs() >= deadline) throw error;
      // Spread, so that several waiters do not come back in step.
      await systemClock.sleep(1 + Math.random() * Math.min(8, tries));
    }
  }
}

class WaitingDriver extends SqliteDriver {
  readonly #limitMs: number;

  constructor(database: SqliteDatabase, limitMs: number) {
    super({ database });
    this.#limitMs = limitMs;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    return {
      executeQuery: query => onceFree(() => connection.executeQuery(query), this.#limitMs),
      streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
    };
  }

  /** Every transaction of the store writes: taking the write lock at once is what keeps it from failing halfway. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

export class WaitingSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase;
  readonly #limitMs: number;

  constructor(database: SqliteDatabase, limitMs: number) {
    super({ database });
    this.#database = database;
    this.#limitMs = limitMs;
  }

  override createDriver(): SqliteDriver {
    return new WaitingDriver(this.#database, this.#limitMs);
  }
}
