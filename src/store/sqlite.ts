/**
 * Opens the embedded store: one SQLite file in the data folder, written ahead (WAL) and synced at every commit, so that
 * what was acknowledged survives `kill -9` and a power cut. Several processes may share the file; commands that only
 * read open it read-only beside a running server.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Clock } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import { kyselyStore } from './kysely-store.ts';
import { migrations } from './migrations.ts';
import type { Db, Tables } from './sql/schema.ts';
import { oneWriter } from './sql/write-rules.ts';
import { isCannotOpen, sqliteDriver, sqliteFailure } from './sqlite-driver.ts';
import { onceFree, WaitingSqliteDialect } from './sqlite-wait.ts';
import type { Store } from './store.ts';

interface SqliteOptions {
  /** The data folder; made if missing, unless `readonly`. */
  folder: string;
  clock: Clock;
  /** Only reads; fails with NOT_FOUND where there is no store yet. */
  readonly?: boolean;
  /** How long a statement waits for another process's write, in milliseconds, default 5000. The event loop runs on. */
  busyTimeoutMs?: number;
}

export function databasePath(folder: string): string {
  return join(folder, 'spillway.db');
}

const BUSY_MS = 5000;
const SCHEMA_VERSION = Object.keys(migrations('sqlite')).length;

function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('pragma user_version').get()?.['user_version'] ?? 0);
}

/**
 * Readers of a write-ahead log take part in it, in files beside the database. On a file system that takes no writes (a
 * mounted backup) that fails; there, with no log left behind, the file cannot change either and is read as it is.
 */
function openReadonly(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    schemaVersion(database);
    return database;
  } catch (error) {
    database.close();
    if (existsSync(`${path}-wal`) || !isCannotOpen(error)) throw error;
    const still = pathToFileURL(path);
    still.search = '?immutable=1';
    return new DatabaseSync(still, { readOnly: true });
  }
}

function openFile(options: SqliteOptions, path: string): DatabaseSync {
  const { folder, readonly = false } = options;
  if (readonly && !existsSync(path)) {
    const hint = 'Start a release or a server first, or name the data folder with --data.';
    throw new SpillwayError('NOT_FOUND', `There is no Spillway data in ${folder}`, { hint });
  }
  if (!readonly) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Made here first: SQLite would let everyone read the prompts.
    closeSync(openSync(path, 'a', 0o600));
  }
  if (readonly) return openReadonly(path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    const { journal_mode: mode } = database.prepare('pragma journal_mode = wal').get() ?? {};
    if (mode !== 'wal') throw new Error(`the file system of ${folder} has no write-ahead log (got ${mode})`);
    // A limit, so that a log that once grew under a long reader gives its space back.
    database.exec('pragma synchronous = full; pragma foreign_keys = on; pragma journal_size_limit = 67108864');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Under the write lock, so that two processes that start together do not both create the tables. */
async function migrate(database: DatabaseSync, db: Db, busyMs: number): Promise<void> {
  if (schemaVersion(database) === SCHEMA_VERSION) return;
  await onceFree(() => database.exec('begin immediate'), busyMs);
  if (schemaVersion(database) === SCHEMA_VERSION) return database.exec('commit');
  try {
    const provider = { getMigrations: async () => migrations('sqlite') };
    const { error } = await new Migrator({ db, provider, disableTransactions: true }).migrateToLatest();
    if (error !== undefined) throw error;
    database.exec(`pragma user_version = ${SCHEMA_VERSION}; commit`);
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

function checkVersion(database: DatabaseSync, { folder, readonly }: SqliteOptions): void {
  const version = schemaVersion(database);
  if (version > SCHEMA_VERSION) {
    const hint = 'Use that version of Spillway, or another data folder with --data.';
    throw new SpillwayError('NOT_SUPPORTED', `The data in ${folder} was written by a newer Spillway`, { hint });
  }
  if (readonly && version < SCHEMA_VERSION) {
    const hint = 'Start `spillway serve` once: it brings the data up to date.';
    throw new SpillwayError('NOT_SUPPORTED', `The data in ${folder} was written by an older Spillway`, { hint });
  }
}

/**
 * Rejects with STORE_UNAVAILABLE (not writable, disk full, locked), STORE_CORRUPT (not a database), NOT_SUPPORTED
 * (written by another version) or NOT_FOUND (`readonly`, and nothing there).
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  let database: DatabaseSync | undefined;
  const busyMs = options.busyTimeoutMs ?? BUSY_MS;
  try {
    database = await onceFree(() => openFile(options, databasePath(options.folder)), busyMs);
    checkVersion(database, options);
    const db = new Kysely<Tables>({ dialect: new WaitingSqliteDialect(sqliteDriver(database), busyMs) });
    if (!options.readonly) await migrate(database, db, busyMs);
    const { clock, readonly = false } = options;
    return kyselyStore({ db, clock, readonly, asFailure: sqliteFailure, rules: oneWriter });
  } catch (error) {
    if (database?.isOpen) database.close();
    throw sqliteFailure(error);
  }
}
