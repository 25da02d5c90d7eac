/**
 * Makes a `node:sqlite` database look like the driver that the query builder expects, and turns what SQLite reports into
 * our failures. Statements are kept prepared by their text. Parameters are mapped one by one: SQLite's binding takes a
 * leading object for named parameters and would silently shift the values.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { type FailureCode, SpillwayError } from '../errors.ts';

/** Beyond this many texts the cache starts anew; ours are a few dozen. */
const STATEMENTS_MAX = 300;

/** Primary result codes, https://sqlite.org/rescode.html. Not listed: the store cannot be used now. */
const CODES: Record<number, { code: FailureCode; what: string }> = {
  5: { code: 'STORE_UNAVAILABLE', what: 'another process keeps it locked' },
  6: { code: 'STORE_UNAVAILABLE', what: 'another process keeps it locked' },
  8: { code: 'STORE_UNAVAILABLE', what: 'it is read-only' },
  10: { code: 'STORE_UNAVAILABLE', what: 'the disk reports an error' },
  11: { code: 'STORE_CORRUPT', what: 'its file is damaged' },
  13: { code: 'STORE_UNAVAILABLE', what: 'the disk is full' },
  14: { code: 'STORE_UNAVAILABLE', what: 'its file cannot be opened' },
  19: { code: 'INTERNAL', what: 'a row breaks a rule of the schema' },
  20: { code: 'INTERNAL', what: 'a value has the wrong type' },
  21: { code: 'INTERNAL', what: 'it was called in the wrong way' },
  25: { code: 'INTERNAL', what: 'it was called in the wrong way' },
  26: { code: 'STORE_CORRUPT', what: 'its file is not a database' },
};

/** Errors that say "not now" without a code of SQLite: a closed database, a folder that cannot be made. */
function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return 'syscall' in error || /database is not open|driver has already been destroyed/.test(error.message);
}

/** What SQLite, the query builder or the file system threw, as one of our failures; keeps it as the cause. */
export function sqliteFailure(error: unknown): SpillwayError {
  if (error instanceof SpillwayError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (typeof error !== 'object' || error === null || !('errcode' in error)) {
    return new SpillwayError(isUnavailable(error) ? 'STORE_UNAVAILABLE' : 'INTERNAL', `The store failed: ${message}`, {
      cause: error,
    });
  }
  const { code, what } = CODES[Number(error.errcode) & 0xff] ?? { code: 'STORE_UNAVAILABLE', what: message };
  return new SpillwayError(code, `The store cannot be used: ${what}`, { cause: error });
}

/** SQLITE_CANTOPEN. */
export function isCannotOpen(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errcode' in error && (Number(error.errcode) & 0xff) === 14;
}

function toSqlite(value: unknown): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'object' && !ArrayBuffer.isView(value)) return JSON.stringify(value);
  return value as SQLInputValue;
}

function toStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: parameters => statement.all(...parameters.map(toSqlite)),
    run: parameters => statement.run(...parameters.map(toSqlite)),
    iterate: parameters => statement.iterate(...parameters.map(toSqlite)),
  };
}

export function sqliteDriver(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  const nothing: SqliteStatement = {
    reader: false,
    all: () => [],
    run: () => ({ changes: 0, lastInsertRowid: 0 }),
    iterate: () => [].values(),
  };
  return {
    prepare(sql) {
      // SQLite has taken the transaction back by itself after a full disk; a second rollback would hide that failure.
      if (sql === 'rollback' && database.isOpen && !database.isTransaction) return nothing;
      const kept = statements.get(sql);
      if (kept !== undefined) return kept;
      if (statements.size >= STATEMENTS_MAX) statements.clear();
      const statement = toStatement(database.prepare(sql));
      statements.set(sql, statement);
      return statement;
    },
    close() {
      statements.clear();
      if (database.isOpen) database.close();
    },
  };
}
