/**
 * Brings a PostgreSQL schema up to date, under a lock, so that several replicas may start at once; and says what a
 * database is that was written by another version. Steps are those of migrations.ts, each start looks whether one is due.
 */
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { SpillwayError } from '../errors.ts';
import { migrations } from './migrations.ts';
import type { Db } from './sql/schema.ts';

const STEPS = migrations('postgres');
/** "SPIL" and "MIGR": one for the whole database, because a schema that is made has no number yet. */
const LOCK = sql`(${0x5350494c}::bigint << 32) | ${0x4d494752}::bigint`;
/** Waiting for another replica's step; beyond the limit of a usual statement. */
const STEP_LIMIT = sql.lit('60s');

async function doneSteps(db: Db, schema: string): Promise<string[]> {
  const name = `"${schema}".kysely_migration`;
  const { rows } = await sql<{ found: boolean }>`select to_regclass(${name}) is not null as found`.execute(db);
  if (!rows[0]?.found) return [];
  const done = await sql<{ name: string }>`select name from ${sql.id(schema, 'kysely_migration')}`.execute(db);
  return done.rows.map(row => row.name);
}

/** @throws SpillwayError NOT_SUPPORTED: a newer version was here */
function missingSteps(done: readonly string[]): string[] {
  if (done.some(name => STEPS[name] === undefined)) {
    const hint = 'Use that version of Spillway, or another database or schema.';
    throw new SpillwayError('NOT_SUPPORTED', 'The database was written by a newer Spillway', { hint });
  }
  return Object.keys(STEPS).filter(name => !done.includes(name));
}

export async function checkSchema(db: Db, schema: string): Promise<void> {
  const done = await doneSteps(db, schema);
  if (missingSteps(done).length === 0) return;
  if (done.length === 0) {
    const hint = 'Start a server on it first: `spillway serve --database …`.';
    throw new SpillwayError('NOT_FOUND', `There is no Spillway data in the schema ${schema} of the database`, { hint });
  }
  const hint = 'Start `spillway serve` once: it brings the data up to date.';
  throw new SpillwayError('NOT_SUPPORTED', 'The database was written by an older Spillway', { hint });
}

/** The lock is the transaction's: it goes with it, however that ends. */
export async function bringUpToDate(db: Db, schema: string): Promise<void> {
  if (missingSteps(await doneSteps(db, schema)).length === 0) return;
  await db.transaction().execute(async tx => {
    await sql`set local statement_timeout = ${STEP_LIMIT}`.execute(tx);
    await sql`set local lock_timeout = ${STEP_LIMIT}`.execute(tx);
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx);
    if (missingSteps(await doneSteps(tx, schema)).length === 0) return;
    const provider = { getMigrations: async () => STEPS };
    const migrator = new Migrator({ db: tx, provider, migrationTableSchema: schema });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
  });
}
