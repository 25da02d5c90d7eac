/**
 * Outcomes per second that the embedded store takes durably (one synced transaction per group commit), in batches of 100
 * outcomes, by the number of batches in a group; beside it what the same disk gives for the bare bytes with the same
 * number of syncs, and prepared statements without the query builder: the ratios hold on a busy machine. Median of
 * several passes. Run: node bench/outcomes-store.ts [FOLDER]
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../src/clock.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import type { OutcomeBatchDraft } from '../src/store/store.ts';

const PASSES = 5;
const BATCHES = 1000;
const OUTCOMES = 100;
const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'spillway-bench-'));

function batch(sequence: number): OutcomeBatchDraft {
  const outcomes = Array.from({ length: OUTCOMES }, (_, index) => ({
    id: `${sequence}-${index}`,
    artifact: 'support-bot',
    version: `sha256:${'a'.repeat(64)}`,
    unit: `user-${(sequence * 31 + index) % 5000}`,
    at: '2026-01-01T00:00:00.000Z',
    latencyMs: 120.5 + index,
    quality: 0.9,
    costUsd: 0.0012,
  }));
  return { client: 'app-1', sequence, artifact: 'support-bot', receivedAt: Date.now(), outcomes };
}

function groups(pass: number, size: number): OutcomeBatchDraft[][] {
  return Array.from({ length: BATCHES / size }, (_, group) =>
    Array.from({ length: size }, (_, index) => batch(pass * BATCHES + group * size + index)),
  );
}

async function median(size: number, work: (groups: OutcomeBatchDraft[][]) => unknown): Promise<number> {
  const rates: number[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) {
    const prepared = groups(pass, size);
    const start = performance.now();
    await work(prepared);
    rates.push((BATCHES * OUTCOMES * 1000) / (performance.now() - start));
  }
  return rates.sort((a, b) => a - b)[PASSES >> 1]!;
}

async function throughStore(size: number): Promise<number> {
  const store = await openSqliteStore({ folder: join(folder, `store-${size}`), clock: systemClock });
  const rate = await median(size, async groups => {
    for (const group of groups) await store.appendOutcomes(group);
  });
  await store.close();
  return rate;
}

/** The same rows by prepared statements: what the query builder costs. */
function bySql(size: number): Promise<number> {
  const database = new DatabaseSync(join(folder, `sql-${size}.db`));
  database.exec(`pragma journal_mode = wal; pragma synchronous = full;
    create table outcomes (offset integer primary key autoincrement, client, sequence, artifact, received_at, outcomes);
    create index by_artifact on outcomes (artifact, offset);
    create table outcome_keys (artifact, client, sequence, received_at, primary key (client, sequence, artifact));
    create index by_age on outcome_keys (received_at);`);
  const key = database.prepare('insert into outcome_keys values (?, ?, ?, ?) on conflict do nothing');
  const row = database.prepare('insert into outcomes values (null, ?, ?, ?, ?, ?)');
  return median(size, groups => {
    for (const group of groups) {
      database.exec('begin immediate');
      for (const { artifact, client, sequence, receivedAt, outcomes } of group) {
        if (key.run(artifact, client, sequence, receivedAt).changes === 1) {
          row.run(client, sequence, artifact, receivedAt, JSON.stringify(outcomes));
        }
      }
      database.exec('commit');
    }
  }).finally(() => database.close());
}

/** The ideal: the JSON appended to a file, with one sync per group. */
function byFile(size: number): Promise<number> {
  const fd = openSync(join(folder, `file-${size}`), 'a');
  return median(size, groups => {
    for (const group of groups) {
      writeSync(fd, group.map(({ outcomes }) => JSON.stringify(outcomes)).join('\n'));
      fdatasyncSync(fd);
    }
  }).finally(() => closeSync(fd));
}

const round = (rate: number) => Math.round(rate / 1000) * 1000;
for (const size of [1, 5, 20, 100]) {
  const store = await throughStore(size);
  const sql = await bySql(size);
  const file = await byFile(size);
  console.log(
    JSON.stringify({
      bench: 'outcomes-store',
      batchesPerCommit: size,
      outcomesPerSecond: round(store),
      preparedStatementsPerSecond: round(sql),
      fileAppendPerSecond: round(file),
      ofPreparedStatements: Number((store / sql).toFixed(2)),
      ofFileAppend: Number((store / file).toFixed(2)),
    }),
  );
}
rmSync(folder, { recursive: true });
