/** Versions and pipelines in SQL. A version is immutable but for the release that holds it back. */
import type { PipelineRow, VersionRow, VersionStore } from '../store.ts';
import { fromText, toText } from './json-column.ts';
import type { Db, Tables } from './schema.ts';

function toVersion(row: Tables['versions']): VersionRow {
  return {
    artifact: row.artifact,
    version: row.version,
    spec: fromText(row.spec, `version ${row.artifact} ${row.version}`),
    createdAt: row.created_at,
    createdBy: row.created_by,
    heldBy: row.held_by,
  };
}

function toListed(row: Omit<Tables['pipelines'], 'bundle'>): Omit<PipelineRow, 'bundle'> {
  return {
    name: row.name,
    artifact: row.artifact,
    document: fromText(row.document, `pipeline ${row.name}`),
    digest: row.digest,
    updatedAt: row.updated_at,
  };
}

function toPipeline(row: Tables['pipelines']): PipelineRow {
  return { ...toListed(row), bundle: fromText(row.bundle, `the bundle of pipeline ${row.name}`) };
}

/** Within the caller's transaction, or alone. An unknown version is left alone. */
export async function setHold(db: Db, artifact: string, version: string, releaseId: string | null): Promise<void> {
  await db
    .updateTable('versions')
    .set({ held_by: releaseId })
    .where('artifact', '=', artifact)
    .where('version', '=', version)
    .execute();
}

async function putVersion(db: Db, row: VersionRow): Promise<{ created: boolean }> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('versions')
    .values({
      artifact: row.artifact,
      version: row.version,
      spec: toText(row.spec),
      created_at: row.createdAt,
      created_by: row.createdBy,
      held_by: row.heldBy,
    })
    .onConflict(conflict => conflict.columns(['artifact', 'version']).doNothing())
    .executeTakeFirstOrThrow();
  return { created: numInsertedOrUpdatedRows === 1n };
}

function putPipeline(db: Db, row: PipelineRow): Promise<{ created: boolean }> {
  const values = {
    artifact: row.artifact,
    document: toText(row.document),
    bundle: toText(row.bundle),
    digest: row.digest,
    updated_at: row.updatedAt,
  };
  return db.transaction().execute(async tx => {
    const inserted = await tx
      .insertInto('pipelines')
      .values({ name: row.name, ...values })
      .onConflict(conflict => conflict.column('name').doNothing())
      .executeTakeFirstOrThrow();
    const created = inserted.numInsertedOrUpdatedRows === 1n;
    if (!created) await tx.updateTable('pipelines').set(values).where('name', '=', row.name).execute();
    return { created };
  });
}

export function versionStore(db: Db): VersionStore {
  return {
    putVersion: row => putVersion(db, row),
    async getVersion(artifact, version) {
      const row = await db
        .selectFrom('versions')
        .selectAll()
        .where('artifact', '=', artifact)
        .where('version', '=', version)
        .executeTakeFirst();
      return row && toVersion(row);
    },
    async listVersions(artifact) {
      const rows = await db
        .selectFrom('versions')
        .selectAll()
        .where('artifact', '=', artifact)
        .orderBy('created_at', 'desc')
        .orderBy('version')
        .execute();
      return rows.map(toVersion);
    },
    holdVersion: (artifact, version, releaseId) => setHold(db, artifact, version, releaseId),
    putPipeline: row => putPipeline(db, row),
    async getPipeline(name) {
      const row = await db.selectFrom('pipelines').selectAll().where('name', '=', name).executeTakeFirst();
      return row && toPipeline(row);
    },
    async listPipelines() {
      const columns = ['name', 'artifact', 'document', 'digest', 'updated_at'] as const;
      return (await db.selectFrom('pipelines').select(columns).orderBy('name').execute()).map(toListed);
    },
  };
}
