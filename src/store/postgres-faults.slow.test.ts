/** A server that stops, restarts, ends sessions or hangs: what callers see, and that nothing acknowledged is lost. */

import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { verifyChain } from './audit-chain.ts';
import { auditDraft, batchDraft, releaseRow } from './contract/rows.ts';
import { openPostgresStore, type PostgresOptions } from './postgres.ts';
import { hasPostgres, type PostgresServer, startPostgres } from './postgres-server.test-support.ts';
import type { Change, Store } from './store.ts';

const AWAY = { code: 'STORE_UNAVAILABLE', hint: expect.stringContaining('--database') };

describe.skipIf(!hasPostgres())('a PostgreSQL that fails', () => {
  let server: PostgresServer;
  const undo: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });
  afterAll(() => server.end(), 60_000);

  async function open(options: Partial<PostgresOptions> = {}): Promise<Store> {
    const store = await openPostgresStore({ url: server.address(), clock: systemClock, ...options });
    undo.push(() => store.close());
    return store;
  }

  test('by not running is unavailable, and no password is in what is said', async () => {
    const url = 'postgres://ann:s3cret@127.0.0.1:1/db';
    const error = await openPostgresStore({ url, clock: systemClock }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ ...AWAY, message: expect.stringContaining('ECONNREFUSED') });
    expect(JSON.stringify(error) + String(error) + String((error as Error).cause)).not.toContain('s3cret');
  });

  test('by restarting under writers loses nothing that was acknowledged, and is used again by itself', async () => {
    const store = await open();
    const acknowledged: number[] = [];
    const refusals: unknown[] = [];
    let isEnding = false;
    const writing = Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        for (let sequence = writer; !isEnding; sequence += 4)
          await Promise.all([
            store.appendOutcomes([batchDraft({ sequence })]),
            store.appendAudit([auditDraft({ why: `${sequence}` })]),
          ]).then(
            () => acknowledged.push(sequence),
            error => refusals.push(error),
          );
      }),
    );
    for (const how of ['fast', 'immediate'] as const) {
      const before = acknowledged.length;
      await holds(() => acknowledged.length > before + 20);
      await server.stop(how);
      const refused = refusals.length;
      await holds(() => refusals.length > refused + 4);
      await server.start();
    }
    const before = acknowledged.length;
    await holds(() => acknowledged.length > before + 20);
    isEnding = true;
    await writing;
    for (const refusal of refusals) expect(refusal).toMatchObject(AWAY);
    const kept = new Set((await store.readOutcomes('bot', 0, 1_000_000)).map(({ sequence }) => sequence));
    expect(acknowledged.filter(sequence => !kept.has(sequence))).toEqual([]);
    const events = await store.listAudit();
    const told = new Set(events.map(({ why }) => Number(why)));
    expect(acknowledged.filter(sequence => !told.has(sequence))).toEqual([]);
    expect(verifyChain(events)).toMatchObject({ ok: true });
  });

  test('by ending its sessions is there for the next call, and that it could not be heard counts as a change', async () => {
    const store = await open();
    const heard: Change[] = [];
    store.onChange!(change => heard.push(change));
    await Promise.all(Array.from({ length: 5 }, () => store.ping()));
    const others = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'spillway'`;
    expect((await server.query(others)).length).toBeGreaterThan(1);
    await holds(() => heard.some(({ of }) => of === 'everything'));
    await holds(() =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
    await store.insertRelease(releaseRow(), [auditDraft()]);
  });

  test('by hanging costs a call its time-out, not for ever, and is used again when it answers', async () => {
    const between = await proxy(server.port);
    undo.push(between.end);
    const url = server.address().replace(`:${server.port}/`, `:${between.port}/`);
    const store = await open({ url, limits: { connectMs: 300, statementMs: 300, answerMs: 400 } });
    await store.insertRelease(releaseRow(), []);
    between.stopForwarding();
    const startedMs = performance.now();
    const calls = Array.from({ length: 20 }, () => store.saveRelease(releaseRow(), 1, [auditDraft()]));
    const answers = await Promise.allSettled([...calls, store.getRelease('r1'), store.ping()]);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: AWAY });
    const closing = await open({ url, limits: { connectMs: 300, statementMs: 300, answerMs: 400 } }).catch(
      () => undefined,
    );
    expect(closing).toBeUndefined();
    between.goOn();
    await holds(() =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
    expect(await store.saveRelease(releaseRow(), 1, [auditDraft()])).toMatchObject({ saved: [{ seq: 1 }] });
  });

  test('by hanging does not keep a store from being closed', async () => {
    const between = await proxy(server.port);
    undo.push(between.end);
    const url = server.address().replace(`:${server.port}/`, `:${between.port}/`);
    const store = await openPostgresStore({ url, clock: systemClock });
    await store.ping();
    between.stopForwarding();
    const startedMs = performance.now();
    await store.close();
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    await holds(() => between.open() === 0);
  });

  test('by another session that keeps a lock fails after the limit of a statement', async () => {
    const url = server.address();
    const store = await open({ url, limits: { statementMs: 200 } });
    await store.insertRelease(releaseRow(), []);
    const schema = new URL(url).searchParams.get('schema');
    const holding = server.query(`begin; lock table ${schema}.releases; select pg_sleep(60)`);
    holding.catch(() => undefined);
    undo.push(() =>
      server.query(`select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'`),
    );
    await holds(
      async () => (await server.query(`select 1 from pg_stat_activity where wait_event = 'PgSleep'`)).length > 0,
    );
    await expect(store.saveRelease(releaseRow(), 1, [])).rejects.toMatchObject(AWAY);
  });

  test('by becoming read-only refuses writes and serves reads', async () => {
    const store = await open();
    await store.insertRelease(releaseRow(), []);
    undo.push(() => server.query('select pg_reload_conf()'));
    undo.push(() => server.query('alter system reset default_transaction_read_only'));
    await server.query('alter system set default_transaction_read_only = on');
    await server.query('select pg_reload_conf()');
    await holds(() =>
      store.ping().then(
        () => false,
        () => true,
      ),
    );
    await expect(store.appendAudit([auditDraft()])).rejects.toMatchObject({
      ...AWAY,
      message: expect.stringContaining('read-only'),
    });
    expect(await store.getRelease('r1')).toEqual(releaseRow());
  });
});

describe.skipIf(!hasPostgres())('opening a PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.end(), 60_000);

  test('for reading, where nothing is, makes nothing and says so', async () => {
    const url = server.address();
    await expect(openPostgresStore({ url, clock: systemClock, readonly: true })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const schema = new URL(url).searchParams.get('schema');
    expect(await server.query(`select 1 from pg_namespace where nspname = '${schema}'`)).toEqual([]);
  });

  test('for reading sees what a server writes, and is refused every write', async () => {
    const url = server.address();
    const writer = await openPostgresStore({ url, clock: systemClock });
    const reader = await openPostgresStore({ url, clock: systemClock, readonly: true });
    await writer.insertRelease(releaseRow(), [auditDraft()]);
    expect(await reader.getRelease('r1')).toEqual(releaseRow());
    await reader.ping();
    await expect(reader.appendAudit([auditDraft()])).rejects.toMatchObject({ message: /read-only/ });
    await Promise.all([writer.close(), reader.close()]);
  });

  test('that a newer version wrote is refused', async () => {
    const url = server.address();
    await (await openPostgresStore({ url, clock: systemClock })).close();
    const schema = new URL(url).searchParams.get('schema');
    await server.query(`insert into ${schema}.kysely_migration values ('9999_later', 'now')`);
    for (const readonly of [false, true])
      await expect(openPostgresStore({ url, clock: systemClock, readonly })).rejects.toMatchObject({
        code: 'NOT_SUPPORTED',
      });
  });

  test('that has no such database, or does not let the user in, says which', async () => {
    const at = (path: string) => openPostgresStore({ url: path, clock: systemClock });
    const base = `127.0.0.1:${server.port}`;
    await expect(at(`postgres://spillway@${base}/none`)).rejects.toMatchObject({ message: /no such database/ });
    await expect(at(`postgres://nobody@${base}/postgres`)).rejects.toMatchObject({ message: /let this user in/ });
  });

  test('syncs to disk also where the cluster was told not to wait', async () => {
    const url = server.address();
    await server.query('alter role spillway set synchronous_commit = off');
    const store = await openPostgresStore({ url, clock: systemClock });
    const schema = new URL(url).searchParams.get('schema');
    await server.query(`
      create table ${schema}.noted (setting text);
      create function ${schema}.note() returns trigger language plpgsql as
        $$ begin insert into ${schema}.noted values (current_setting('synchronous_commit')); return new; end $$;
      create trigger note before insert on ${schema}.pings for each row execute function ${schema}.note()`);
    await store.ping();
    expect(await server.query(`select distinct setting from ${schema}.noted`)).toEqual([{ setting: 'on' }]);
    await server.query('alter role spillway reset synchronous_commit');
    await store.close();
  });
});

async function holds(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('it did not come to hold within 15 s');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

/** A network that swallows everything without a word: connections stay open, new ones are taken, nothing comes through. */
async function proxy(port: number) {
  let isOpen = true;
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const between = createServer(client => {
    const behind = dial(port, '127.0.0.1');
    clients.add(client);
    client.on('close', () => clients.delete(client));
    for (const [from, to] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(from);
      from.on('data', bytes => isOpen && to.write(bytes));
      from.on('close', () => to.destroy());
      from.on('error', () => undefined);
    }
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  return {
    port: (between.address() as { port: number }).port,
    open: () => clients.size,
    stopForwarding() {
      isOpen = false;
    },
    goOn() {
      isOpen = true;
    },
    end() {
      for (const socket of sockets) socket.destroy();
      between.close();
    },
  };
}
