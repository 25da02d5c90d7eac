/**
 * The schema, as steps that only ever go forward. A step that was released is never edited: write a new one. The few
 * words in which the engines differ (row identity, binary columns) are chosen by `Dialect`, so that both get one history.
 */
import { type ColumnDefinitionBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

type Dialect = 'sqlite' | 'postgres';
type Schema = Kysely<unknown>['schema'];

interface Words {
  identity: 'integer' | 'bigserial';
  bytes: 'blob' | 'bytea';
  /** Compared byte by byte: order must not hang on a locale, nor an index break when the system's collations change. */
  text: 'text' | RawBuilder<unknown>;
  identityColumn: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
}

const WORDS: Record<Dialect, Words> = {
  // AUTOINCREMENT: an offset is never given out twice, even after the newest rows were deleted.
  sqlite: {
    identity: 'integer',
    bytes: 'blob',
    text: 'text',
    identityColumn: column => column.primaryKey().autoIncrement(),
  },
  postgres: {
    identity: 'bigserial',
    bytes: 'bytea',
    text: sql`text collate "C"`,
    identityColumn: column => column.primaryKey(),
  },
};

async function createDocuments(schema: Schema, words: Words): Promise<void> {
  await schema
    .createTable('versions')
    .addColumn('artifact', words.text, column => column.notNull())
    .addColumn('version', words.text, column => column.notNull())
    .addColumn('spec', words.text, column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('created_by', words.text, column => column.notNull())
    .addColumn('held_by', words.text)
    .addPrimaryKeyConstraint('versions_key', ['artifact', 'version'])
    .execute();
  await schema
    .createTable('pipelines')
    .addColumn('name', words.text, column => column.primaryKey().notNull())
    .addColumn('artifact', words.text, column => column.notNull())
    .addColumn('document', words.text, column => column.notNull())
    .addColumn('bundle', words.text, column => column.notNull())
    .addColumn('digest', words.text, column => column.notNull())
    .addColumn('updated_at', 'bigint', column => column.notNull())
    .execute();
}

async function createReleases(schema: Schema, words: Words): Promise<void> {
  await schema
    .createTable('releases')
    .addColumn('id', words.text, column => column.primaryKey().notNull())
    .addColumn('artifact', words.text, column => column.notNull())
    .addColumn('active', 'integer', column => column.notNull())
    .addColumn('state_version', 'bigint', column => column.notNull())
    .addColumn('state', words.text, column => column.notNull())
    .addColumn('due_at', 'bigint', column => column.notNull())
    .addColumn('lease_owner', words.text)
    .addColumn('lease_until', 'bigint', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('updated_at', 'bigint', column => column.notNull())
    .execute();
  await schema
    .createIndex('releases_one_active')
    .on('releases')
    .column('artifact')
    .unique()
    .where(sql.ref('active'), '=', sql.lit(1))
    .execute();
  await schema
    .createIndex('releases_due')
    .on('releases')
    .column('due_at')
    .where(sql.ref('active'), '=', sql.lit(1))
    .execute();
  await schema.createIndex('releases_newest').on('releases').columns(['created_at', 'id']).execute();
  await schema.createIndex('releases_of_artifact').on('releases').columns(['artifact', 'created_at', 'id']).execute();
}

async function createRoutes(schema: Schema, words: Words): Promise<void> {
  await schema
    .createTable('routes')
    .addColumn('artifact', words.text, column => column.primaryKey().notNull())
    .addColumn('release_id', words.text)
    .addColumn('salt', words.text, column => column.notNull())
    .addColumn('epoch', 'bigint', column => column.notNull())
    .addColumn('weight', 'integer', column => column.notNull())
    .addColumn('baseline', words.text, column => column.notNull())
    .addColumn('candidate', words.text)
    .addColumn('rolled_back', words.text)
    .addColumn('updated_at', 'bigint', column => column.notNull())
    .execute();
}

async function createEvidence(schema: Schema, words: Words): Promise<void> {
  await schema
    .createTable('outcomes')
    .addColumn('offset', words.identity, words.identityColumn)
    .addColumn('client', words.text)
    .addColumn('sequence', 'bigint')
    .addColumn('artifact', words.text, column => column.notNull())
    .addColumn('received_at', 'bigint', column => column.notNull())
    .addColumn('outcomes', words.text, column => column.notNull())
    .execute();
  await schema.createIndex('outcomes_of_artifact').on('outcomes').columns(['artifact', 'offset']).execute();
  // Apart from the batches, so that folded batches can go while their keys are still recognised.
  await schema
    .createTable('outcome_keys')
    .addColumn('artifact', words.text, column => column.notNull())
    .addColumn('client', words.text, column => column.notNull())
    .addColumn('sequence', 'bigint', column => column.notNull())
    .addColumn('received_at', 'bigint', column => column.notNull())
    .addPrimaryKeyConstraint('outcome_keys_key', ['client', 'sequence', 'artifact'])
    .execute();
  await schema.createIndex('outcome_keys_age').on('outcome_keys').column('received_at').execute();
  await schema
    .createTable('snapshots')
    .addColumn('release_id', words.text, column => column.primaryKey().notNull())
    .addColumn('offset', 'bigint', column => column.notNull())
    .addColumn('bytes', sql.raw(words.bytes), column => column.notNull())
    .execute();
  await schema
    .createTable('test_runs')
    .addColumn('release_id', words.text, column => column.notNull())
    .addColumn('suite', words.text, column => column.notNull())
    .addColumn('document', words.text, column => column.notNull())
    .addPrimaryKeyConstraint('test_runs_key', ['release_id', 'suite'])
    .execute();
}

async function createAudit(schema: Schema, words: Words): Promise<void> {
  await schema
    .createTable('audit_events')
    .addColumn('position', words.identity, words.identityColumn)
    .addColumn('artifact', words.text, column => column.notNull())
    .addColumn('seq', 'bigint', column => column.notNull())
    .addColumn('at', words.text, column => column.notNull())
    .addColumn('actor', words.text, column => column.notNull())
    .addColumn('release_id', words.text)
    .addColumn('kind', words.text, column => column.notNull())
    .addColumn('why', words.text, column => column.notNull())
    .addColumn('evidence', words.text, column => column.notNull())
    .addColumn('weight_before', 'integer', column => column.notNull())
    .addColumn('weight_after', 'integer', column => column.notNull())
    .addColumn('prev', words.text, column => column.notNull())
    .addColumn('hash', words.text, column => column.notNull())
    .addUniqueConstraint('audit_chain', ['artifact', 'seq'])
    .execute();
  await schema.createIndex('audit_of_release').on('audit_events').columns(['release_id', 'position']).execute();
}

async function createHousekeeping(schema: Schema, words: Words): Promise<void> {
  await schema
    .createTable('idempotency')
    .addColumn('key', words.text, column => column.primaryKey().notNull())
    .addColumn('fingerprint', words.text, column => column.notNull())
    .addColumn('status', 'integer', column => column.notNull())
    .addColumn('body', words.text, column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .execute();
  await schema.createIndex('idempotency_age').on('idempotency').column('expires_at').execute();
  await schema
    .createTable('pings')
    .addColumn('id', 'integer', column => column.primaryKey().notNull())
    .addColumn('count', 'bigint', column => column.notNull())
    .execute();
}

/** By name, in the order in which they run. */
export function migrations(dialect: Dialect): Record<string, Migration> {
  const words = WORDS[dialect];
  return {
    '0001_first': {
      async up(db: Kysely<unknown>) {
        await createDocuments(db.schema, words);
        await createReleases(db.schema, words);
        await createRoutes(db.schema, words);
        await createEvidence(db.schema, words);
        await createAudit(db.schema, words);
        await createHousekeeping(db.schema, words);
      },
    },
  };
}
