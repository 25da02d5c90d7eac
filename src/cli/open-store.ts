/**
 * Opens the store that a command was pointed at, and is the only place that knows there are two: SQLite in the data folder,
 * or PostgreSQL where an address is given. That one is loaded when it is named, so that nobody else pays for its driver.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { asSpillwayError } from '../errors.ts';
import { readPostgresUrl } from '../store/postgres-url.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

export interface StoreWhere {
  /** The data folder. */
  data: string;
  /** Address of a PostgreSQL database; may hold a password. */
  database?: string;
}

export async function openStore(
  { data, database }: StoreWhere,
  { clock, readonly = false }: { clock: Clock; readonly?: boolean },
): Promise<Store> {
  if (database === undefined) return openSqliteStore({ folder: data, clock, readonly });
  const { openPostgresStore } = await import('../store/postgres.ts');
  return openPostgresStore({ url: database, clock, readonly });
}

/** Where the data is, for people: never with a password. */
export function shownStore({ data, database }: StoreWhere): string {
  return database === undefined ? data : readPostgresUrl(database).shown;
}

/**
 * Owns the leases of a process. Alone on its folder's SQLite everyone is the same one: what a killed server had leased, the
 * next takes up at once. Replicas that share a database each keep a name in their folder, so that the same holds for each.
 */
export function leaseOwner({ data, database }: StoreWhere): string {
  if (database === undefined) return 'host';
  const file = join(data, 'replica');
  try {
    const name = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{16}$/.test(name)) return name;
  } catch {
    // None yet.
  }
  const name = randomBytes(8).toString('hex');
  try {
    writeFileSync(file, `${name}\n`, { mode: 0o600 });
  } catch (error) {
    throw asSpillwayError(error, 'STORE_UNAVAILABLE');
  }
  return name;
}
