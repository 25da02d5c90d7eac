import { existsSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { manualClock } from '../clock.ts';
import { temporaryFolder } from '../temporary-folder.test-support.ts';
import { verifyChain } from './audit-chain.ts';
import { auditDraft, batchDraft, releaseRow } from './contract/rows.ts';
import { canMount, tinyDisk } from './disk.test-support.ts';
import { openJournal } from './journal.ts';
import { databasePath, openSqliteStore } from './sqlite.ts';

const clock = manualClock();
let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

/** Another connection beside the store, as an administrator's tool would open one. */
function withDatabase<T>(use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(databasePath(folder));
  try {
    return use(database);
  } finally {
    database.close();
  }
}

describe('opening for reading', () => {
  test('where nothing is makes nothing and says so', async () => {
    const nowhere = join(folder, 'nowhere');
    await expect(openSqliteStore({ folder: nowhere, clock, readonly: true })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(existsSync(nowhere)).toBe(false);
  });

  test('sees what a running server writes, and is refused every write', async () => {
    const server = await openSqliteStore({ folder, clock });
    const reader = await openSqliteStore({ folder, clock, readonly: true });
    await server.insertRelease(releaseRow(), [auditDraft()]);
    expect(await reader.getRelease('r1')).toEqual(releaseRow());
    await reader.ping();
    await expect(reader.appendAudit([auditDraft()])).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('read-only'),
      cause: expect.objectContaining({ errcode: 8 }),
    });
    expect(await reader.listAudit()).toHaveLength(1);
    await Promise.all([server.close(), reader.close()]);
  });

  test('works after the server has gone', async () => {
    await (await openSqliteStore({ folder, clock })).close();
    const reader = await openSqliteStore({ folder, clock, readonly: true });
    expect(await reader.listAudit()).toEqual([]);
    await reader.close();
  });
});

describe('a data folder', () => {
  test('of a newer version is left alone', async () => {
    await (await openSqliteStore({ folder, clock })).close();
    withDatabase(database => database.exec('pragma user_version = 99'));
    await expect(openSqliteStore({ folder, clock })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });

  test('of an older version is not changed by a reader', async () => {
    withDatabase(database => database.exec('pragma journal_mode = wal; create table other (a)'));
    await expect(openSqliteStore({ folder, clock, readonly: true })).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });

  test('is for its owner alone', async () => {
    await (await openSqliteStore({ folder: join(folder, 'new'), clock })).close();
    expect(statSync(join(folder, 'new')).mode & 0o77).toBe(0);
    expect(statSync(databasePath(join(folder, 'new'))).mode & 0o77).toBe(0);
  });

  test('that is no folder cannot be used', async () => {
    writeFileSync(join(folder, 'file'), '');
    const open = openSqliteStore({ folder: join(folder, 'file'), clock });
    await expect(open).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('with something else under the database’s name is corrupt', async () => {
    writeFileSync(databasePath(folder), 'not a database, but long enough to be looked at '.repeat(200));
    await expect(openSqliteStore({ folder, clock })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  test('whose pages were overwritten is corrupt', async () => {
    const store = await openSqliteStore({ folder, clock });
    await store.appendAudit(Array.from({ length: 200 }, () => auditDraft({ why: 'x'.repeat(500) })));
    await store.close();
    const fd = openSync(databasePath(folder), 'r+');
    for (let page = 2; page < 60; page += 1) writeSync(fd, Buffer.alloc(2048, 0xff), 0, 2048, page * 4096);
    const damaged = openSqliteStore({ folder, clock }).then(async opened => {
      await opened.listAudit().finally(() => opened.close());
    });
    await expect(damaged).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  test('whose stored document is no JSON is corrupt, and the row is named', async () => {
    const store = await openSqliteStore({ folder, clock });
    await store.insertRelease(releaseRow(), []);
    withDatabase(database => database.exec(`update releases set state = '{'`));
    await expect(store.getRelease('r1')).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('release r1'),
    });
    await store.close();
  });
});

describe('another writer', () => {
  test('that does not let go makes writes fail as unavailable after the limit, and reads go on', async () => {
    const store = await openSqliteStore({ folder, clock, busyTimeoutMs: 50 });
    const other = new DatabaseSync(databasePath(folder));
    other.exec('begin immediate');
    await expect(store.appendAudit([auditDraft()])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(store.ping()).rejects.toMatchObject({ message: expect.stringContaining('locked') });
    expect(await store.listAudit()).toEqual([]);
    other.exec('commit');
    expect(await store.appendAudit([auditDraft()])).toHaveLength(1);
    other.close();
    await store.close();
  });

  test('does not stop the event loop while it is waited for', async () => {
    const store = await openSqliteStore({ folder, clock });
    const other = new DatabaseSync(databasePath(folder));
    other.exec('begin immediate');
    const saved = store.appendAudit([auditDraft()]);
    // This timer can only fire if the wait yields.
    await new Promise(resolve => setTimeout(resolve, 5));
    other.exec('commit');
    expect(await saved).toHaveLength(1);
    other.close();
    await store.close();
  });
});

describe('tampering with the audit table', () => {
  test.each([
    ['a changed event', `update audit_events set why = 'all was well' where seq = 3`, 3],
    ['a changed weight', 'update audit_events set weight_after = 26 where seq = 2', 2],
    ['a removed event', 'delete from audit_events where seq = 2', 2],
    ['two exchanged events', 'update audit_events set position = 1000 - position', 1],
  ])('%s is found, and the first event that does not fit is named', async (_, sql, at) => {
    const store = await openSqliteStore({ folder, clock });
    await store.appendAudit(Array.from({ length: 5 }, (_, n) => auditDraft({ why: `event ${n}` })));
    expect(verifyChain(await store.listAudit()).ok).toBe(true);
    withDatabase(database => database.exec(sql));
    expect(verifyChain(await store.listAudit())).toMatchObject({ ok: false, at });
    await store.close();
  });
});

describe.skipIf(!canMount())('on a small disk (needs the right to mount a tmpfs)', () => {
  const mount = (bytes: number) => {
    const disk = tinyDisk(bytes);
    onTestFinished(() => disk.end());
    return disk;
  };

  test('a full one fails writes, keeps what was acknowledged, serves reads, and recovers when there is room', async () => {
    const disk = mount(2_000_000);
    const ballast = join(disk.folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(500_000));
    const journal = openJournal(join(disk.folder, 'journal'));
    const store = await openSqliteStore({ folder: disk.folder, clock });
    let acknowledged = 0;
    const fill = async () => {
      for (let sequence = 1; ; sequence += 1) {
        await store.appendOutcomes([batchDraft({ sequence, outcomes: ['x'.repeat(20_000)] })]);
        acknowledged = sequence;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('full') });
    // What is left is too little for a batch, and may be enough for some pings.
    expect(() => writeFileSync(join(disk.folder, 'rest'), Buffer.alloc(500_000))).toThrow('ENOSPC');
    const ping = async () => {
      for (let tries = 0; tries < 200; tries += 1) await store.ping();
    };
    await expect(ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await store.readOutcomes('bot', 0, 1000)).toHaveLength(acknowledged);
    expect(acknowledged).toBeGreaterThan(3);

    journal.append({ ...record, reason: 'no room for anything else' });
    journal.close();
    expect(openJournal(join(disk.folder, 'journal')).pending()).toHaveLength(1);

    rmSync(ballast);
    await store.ping();
    await store.appendOutcomes([batchDraft({ sequence: acknowledged + 1 })]);
    expect(await store.readOutcomes('bot', 0, 1000)).toHaveLength(acknowledged + 1);
    await store.close();
  });

  test('a read-only one is unavailable to a server; its history and its journal can still be read', async () => {
    const disk = mount(4_000_000);
    const journal = openJournal(join(disk.folder, 'journal'));
    journal.append(record);
    journal.close();
    const store = await openSqliteStore({ folder: disk.folder, clock });
    await store.insertRelease(releaseRow(), [auditDraft()]);
    await store.close();
    disk.makeReadonly();
    await expect(openSqliteStore({ folder: disk.folder, clock })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const reader = await openSqliteStore({ folder: disk.folder, clock, readonly: true });
    expect(await reader.getRelease('r1')).toEqual(releaseRow());
    await reader.close();
    const reopened = openJournal(join(disk.folder, 'journal'));
    expect(reopened.writable).toBe(false);
    expect(reopened.pending()).toEqual([record]);
    expect(() => reopened.settle('r1', 7)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
    reopened.close();
  });
});

const record = {
  releaseId: 'r1',
  artifact: 'bot',
  epoch: 7,
  at: '2026-01-01T00:00:00.000Z',
  trigger: 'performance',
  reason: 'latency is 20 % worse',
  actor: 'controller',
};
