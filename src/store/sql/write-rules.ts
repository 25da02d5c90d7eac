/**
 * In what a query must differ between an engine that lets one transaction write at a time (SQLite) and one that lets many
 * (PostgreSQL): what has to be locked, how many rows go in one statement, and who is told. Queries ask; the engine's
 * opener answers. No query looks for the engine's name.
 */
import type { Change } from '../store.ts';
import type { Db } from './schema.ts';

export interface WriteRules {
  /**
   * Until the caller's transaction ends, no other adds rows to this table. What is numbered within a turn is readable
   * before anything that gets a higher number: readers who go by the number miss nothing.
   */
  takeTurn(tx: Db, table: 'outcomes' | 'audit_events'): Promise<void>;
  /** Rows that are read in order to be changed must be locked. */
  locksRows: boolean;
  /** Rows in one insert. */
  rowsAtOnce: number;
  /** Tells other processes, when the caller's transaction commits and only then. */
  announce(tx: Db, changes: readonly Change[]): Promise<void>;
}

/** SQLite: the transaction holds the whole file from its beginning, statements are prepared by their text. */
export const oneWriter: WriteRules = {
  takeTurn: async () => undefined,
  locksRows: false,
  rowsAtOnce: 1,
  announce: async () => undefined,
};
