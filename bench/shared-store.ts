/**
 * The shared store beside the embedded one, in one run: durable outcomes a second by the number of batches in a commit,
 * claims a second, and what PostgreSQL's turn costs (one writer at a time per table), against the same statements without
 * it. A private PostgreSQL with every sync, on this machine's disk. Run: node bench/shared-store.ts [seconds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../src/clock.ts';
import { releaseRow } from '../src/store/contract/rows.ts';
import { openPostgresStore } from '../src/store/postgres.ts';
import { startPostgres } from '../src/store/postgres-server.test-support.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import type { OutcomeBatchDraft, Store } from '../src/store/store.ts';

const seconds = Number(process.argv[2] ?? 2);
const OUTCOMES = 100;
const WRITERS = 8;
const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
const server = await startPostgres();

const outcomes = Array.from({ length: OUTCOMES }, (_, index) => ({
  id: `o-${index}`,
  version: `sha256:${'a'.repeat(64)}`,
  unit: `user-${index}`,
  latencyMs: 120.5 + index,
  quality: 0.9,
}));
const text = JSON.stringify(outcomes);
let sequence = 0;
const batch = (): OutcomeBatchDraft => {
  sequence += 1;
  return { client: 'app', sequence, artifact: 'bot', receivedAt: Date.now(), outcomes };
};

/** How often all workers together got through `work` in a second. */
async function rate(workers: (() => Promise<unknown>)[]): Promise<number> {
  let count = 0;
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1_000;
  await Promise.all(
    workers.map(async work => {
      while (performance.now() < endMs) {
        await work();
        count += 1;
      }
    }),
  );
  return (count * 1_000) / (performance.now() - startedMs);
}

const append = (store: Store, size: number) => () => store.appendOutcomes(Array.from({ length: size }, batch));
const rounded = (value: number) => Number(value.toPrecision(3));

async function claims(stores: readonly Store[]): Promise<number> {
  for (let n = 0; n < 500; n += 1) await stores[0]!.insertRelease(releaseRow({ id: `r${n}`, artifact: `a${n}` }), []);
  let nowMs = 0;
  let taken = 0;
  const startedMs = performance.now();
  await rate(
    stores.map((store, owner) => async () => {
      nowMs += 1;
      taken += (await store.claimReleases(`${owner}`, nowMs, 1, 10)).length;
    }),
  );
  return (taken * 1_000) / (performance.now() - startedMs);
}

/** The statements of an append by themselves, to see what the lock alone costs. */
async function plainAppends(turn: string): Promise<number> {
  const clients = await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      const client = new pg.Client({ connectionString: server.address(), application_name: 'bench' });
      await client.connect();
      return client;
    }),
  );
  const result = await rate(
    clients.map(client => async () => {
      await client.query('begin');
      await client.query(turn);
      await client.query('insert into plain (outcomes) values ($1)', [text]);
      await client.query('commit');
    }),
  );
  await Promise.all(clients.map(client => client.end()));
  return result;
}

const sqlite = await openSqliteStore({ folder, clock: systemClock });
const url = server.address();
const replicas = await Promise.all(
  Array.from({ length: WRITERS }, () => openPostgresStore({ url, clock: systemClock })),
);
for (const size of [1, 20, 100]) {
  const embedded = (await rate([append(sqlite, size)])) * size * OUTCOMES;
  const shared = (await rate([append(replicas[0]!, size)])) * size * OUTCOMES;
  const both = (await rate(replicas.slice(0, 2).map(store => append(store, size)))) * size * OUTCOMES;
  const line = {
    batchesPerCommit: size,
    sqlite: rounded(embedded),
    postgres: rounded(shared),
    twoReplicas: rounded(both),
  };
  console.log(
    JSON.stringify({ bench: 'outcomesPerSecond', ...line, ofSqlite: Number((shared / embedded).toFixed(2)) }),
  );
}
const embeddedClaims = await claims([sqlite]);
const sharedClaims = await claims(replicas.slice(0, 4));
console.log(
  JSON.stringify({
    bench: 'claimsPerSecond',
    sqlite: rounded(embeddedClaims),
    postgresFourReplicas: rounded(sharedClaims),
  }),
);
await server.query('create table plain (id bigserial primary key, outcomes text)');
const free = await plainAppends('select 1');
const inTurn = await plainAppends(`select pg_advisory_xact_lock('plain'::regclass::oid::bigint)`);
console.log(
  JSON.stringify({ bench: 'turn', writers: WRITERS, commitsPerSecond: rounded(free), inTurn: rounded(inTurn) }),
);
await Promise.all([sqlite, ...replicas].map(store => store.close()));
await server.end();
rmSync(folder, { recursive: true });
