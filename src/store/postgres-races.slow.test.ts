/** Two and more pools on one database: what SQLite gives by letting one write at a time, held by locks here. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { verifyChains } from './audit-chain.ts';
import { auditDraft, batchDraft, releaseRow, routeRow } from './contract/rows.ts';
import { openPostgresStore } from './postgres.ts';
import { hasPostgres, type PostgresServer, startPostgres } from './postgres-server.test-support.ts';
import type { Change, Store } from './store.ts';

const WRITERS = 8;

describe.skipIf(!hasPostgres())('many replicas on one PostgreSQL', () => {
  let server: PostgresServer;
  const opened: Store[] = [];

  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(store => store.close()));
  });
  afterAll(() => server.end(), 60_000);

  async function replicas(count: number, url = server.address()): Promise<Store[]> {
    const stores = await Promise.all(
      Array.from({ length: count }, () => openPostgresStore({ url, clock: systemClock })),
    );
    opened.push(...stores);
    return stores;
  }

  test('may start at once on an empty schema: its tables are made once', async () => {
    const stores = await replicas(4);
    await stores[0]!.insertRelease(releaseRow(), []);
    expect(await stores[3]!.getRelease('r1')).toEqual(releaseRow());
  });

  test('never hold one release both, however they race for it', async () => {
    const [left, right] = await replicas(2);
    for (let n = 0; n < 40; n += 1) await left!.insertRelease(releaseRow({ id: `r${n}`, artifact: `a${n}` }), []);
    for (let round = 0; round < 20; round += 1) {
      const nowMs = round * 1_000;
      const claims = await Promise.all(
        [left!, right!, left!, right!].map((store, owner) => store.claimReleases(`${owner}`, nowMs, 500, 7)),
      );
      const taken = claims.flat().map(({ id }) => id);
      expect(new Set(taken).size).toBe(taken.length);
      expect(taken.length).toBe(28);
    }
  });

  test('do not wait for a release that another transaction holds, and take the others', async () => {
    const url = server.address();
    const [store] = await replicas(1, url);
    await store!.insertRelease(releaseRow(), []);
    await store!.insertRelease(releaseRow({ id: 'r2', artifact: 'other' }), []);
    const schema = new URL(url).searchParams.get('schema');
    const holding = server.query(
      `begin; update ${schema}.releases set due_at = 0 where id = 'r1'; select pg_sleep(60)`,
    );
    holding.catch(() => undefined);
    await holds(
      async () => (await server.query(`select 1 from pg_stat_activity where wait_event = 'PgSleep'`)).length > 0,
    );
    expect(await store!.claimReleases('me', 1, 1_000, 10)).toMatchObject([{ id: 'r2' }]);
    await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'`);
    expect(await store!.claimReleases('me', 1, 1_000, 10)).toHaveLength(2);
  });

  test('keep every chain dense and positions in order of becoming readable', async () => {
    const stores = await replicas(WRITERS);
    const reader = readForwards(async after => {
      const page = await stores[0]!.readAudit({ after });
      return page.map(({ position }) => position);
    });
    await Promise.all(
      stores.map(async (store, writer) => {
        for (let n = 0; n < 25; n += 1) {
          const artifacts = n % 2 ? ['bot', 'other'] : ['other', 'bot'];
          await store.appendAudit(artifacts.map(artifact => auditDraft({ artifact, why: `${writer} ${n}` })));
        }
      }),
    );
    const seen = await reader.end();
    const events = await stores[0]!.listAudit();
    expect(verifyChains(events, await stores[0]!.auditHeads()).map(({ check }) => check)).toMatchObject([
      { ok: true, events: WRITERS * 25 },
      { ok: true, events: WRITERS * 25 },
    ]);
    expect(seen).toHaveLength(events.length);
  });

  test('show no outcome below an offset that was read already', async () => {
    const stores = await replicas(WRITERS);
    const reader = readForwards(async after => {
      const page = await stores[0]!.readOutcomes('bot', after, 1_000);
      return page.map(({ offset }) => offset);
    });
    await Promise.all(
      stores.map(async (store, writer) => {
        for (let sequence = 0; sequence < 40; sequence += 1)
          await store.appendOutcomes(
            Array.from({ length: 1 + (sequence % 3) }, (_, n) => batchDraft({ client: `${writer}-${n}`, sequence })),
          );
      }),
    );
    const all = (await stores[0]!.readOutcomes('bot', 0, 10_000)).map(({ offset }) => offset);
    expect(await reader.end()).toEqual(all);
  });

  test('end a race for an empty route at the higher epoch', async () => {
    const stores = await replicas(WRITERS);
    for (let round = 0; round < 10; round += 1) {
      const artifact = `a${round}`;
      const answers = await Promise.all(
        stores.map((store, n) => store.putRoute(routeRow({ artifact, epoch: n + 1, weight: n }))),
      );
      expect(answers).toContain('written');
      expect(await stores[0]!.getRoute(artifact)).toMatchObject({ epoch: WRITERS, weight: WRITERS - 1 });
    }
  });

  test('save, supersede, claim and trim at once without a deadlock that anyone sees', async () => {
    const stores = await replicas(4);
    for (const artifact of ['a', 'b', 'c'])
      await stores[0]!.insertRelease(releaseRow({ id: artifact, artifact }), [auditDraft({ artifact })]);
    const work = stores.flatMap((store, owner) =>
      ['a', 'b', 'c'].map(async artifact => {
        for (let n = 0; n < 15; n += 1) {
          const { stateVersion } = (await store.getRelease(artifact))!;
          const extra = { route: routeRow({ artifact, epoch: stateVersion }), snapshot: null };
          await Promise.all([
            store.saveRelease(releaseRow({ id: artifact, artifact }), stateVersion, [auditDraft({ artifact })], extra),
            store.claimReleases(`${owner}`, 1, 1, 2),
            store.releaseLeases(`${owner}`),
            store.appendOutcomes([batchDraft({ artifact, client: `${owner}`, sequence: n })]),
            store.trimOutcomes(artifact, n),
            store.putIdempotent('same', { fingerprint: `${owner}`, status: 200, body: {}, expiresAt: 1 }),
          ]);
        }
      }),
    );
    await Promise.all(work);
    const chains = verifyChains(await stores[0]!.listAudit(), await stores[0]!.auditHeads());
    expect(chains.map(({ check }) => check.ok)).toEqual([true, true, true]);
    for (const artifact of ['a', 'b', 'c']) {
      const { stateVersion } = (await stores[0]!.getRelease(artifact))!;
      expect((await stores[0]!.listAudit({ artifact })).length).toBe(stateVersion);
    }
  });

  test('hear what the others commit, and not what they write themselves', async () => {
    const [teller, hearer] = await replicas(2);
    const heard: Change[] = [];
    const own: Change[] = [];
    teller!.onChange!(change => own.push(change));
    hearer!.onChange!(change => heard.push(change));
    await teller!.appendOutcomes([batchDraft(), batchDraft({ artifact: 'other' })]);
    await teller!.putRoute(routeRow());
    await teller!.insertRelease(releaseRow(), [auditDraft()]);
    await teller!.saveRelease(releaseRow(), 1, [], { snapshot: null });
    await teller!.releaseLeases('me');
    await holds(() => heard.at(-1)?.of === 'leases');
    expect(heard).toEqual([
      { of: 'outcomes', artifact: 'bot' },
      { of: 'outcomes', artifact: 'other' },
      { of: 'route', artifact: 'bot' },
      { of: 'release', artifact: 'bot' },
      { of: 'leases' },
    ]);
    expect(own).toEqual([]);
  });
});

/** Reads on from the last number it saw, again and again, as an event stream or the evidence does. */
function readForwards(page: (after: number) => Promise<number[]>): { end(): Promise<number[]> } {
  const seen: number[] = [];
  let isEnding = false;
  const reading = (async () => {
    for (;;) {
      const wasEnding = isEnding;
      seen.push(...(await page(seen.at(-1) ?? 0)));
      if (wasEnding) return seen;
    }
  })();
  return {
    end() {
      isEnding = true;
      return reading;
    },
  };
}

async function holds(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error('it did not come to hold within 10 s');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
