/**
 * Servers on a PostgreSQL that really stops, and replicas that really die: with the database away no weight rises and a
 * rollback still counts; what one replica does is served by the other; what a killed one had under way the other takes up.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/stats/random.ts';
import { openJournal } from '../../src/store/journal.ts';
import { hasPostgres, type PostgresServer, startPostgres } from '../../src/store/postgres-server.test-support.ts';
import { type Api, api } from '../support/api.ts';
import { ARTIFACT, documentsOf, writeDocuments } from '../support/documents.ts';
import { openRoom } from '../support/room.ts';
import { flawsOf, gapsOf, watchRoutes } from '../support/sightings.ts';
import { run, runJson, type ServerProcess, serve } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { startUsers, type Users } from '../support/users.ts';

const room = openRoom();
const stays = { stage: { hold: '1h', timeout: '2h' } };
/** Enough to see both arms. */
const units = Array.from({ length: 300 }, (_, at) => `someone-${at}`);
/** Another replica's SDKs are told by the database's notification and a look: bounded here with room for a busy machine. */
const FOLLOWS_WITHIN_MS = 1_000;
/** The lease of a dead replica, 15 s; then a look, and the stage's hold that is begun anew. */
const TAKEN_UP_WITHIN_MS = 22_000;

interface Replica {
  server: ServerProcess;
  client: Api;
  users: Users;
  data: string;
}

const exposedTo = ({ users }: Replica) =>
  units.filter(unit => users.prompts.prompt(ARTIFACT, { unit }).variant === 'candidate').length;

async function exposedByOfrep({ client }: Replica): Promise<number> {
  const answers = await Promise.all(units.slice(0, 200).map(unit => client.resolve(ARTIFACT, unit)));
  return answers.filter(({ variant }) => variant === 'candidate').length;
}

describe.skipIf(!hasPostgres())('on PostgreSQL', () => {
  let postgres: PostgresServer;
  let seed = 0;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(() => room.end());
  afterAll(() => postgres.end());

  async function replica(database: string, perSecond = 50): Promise<Replica> {
    const data = join(room.folder(), 'data');
    const server = await serve(room, { data, args: ['--database', database] });
    const users = startUsers(room, { url: server.url, random: seededRandom(++seed), perSecond });
    return { server, client: api(server.url), users, data };
  }

  /** Version 1 serves, and a candidate has 10 % until it is told otherwise. Answers its release. */
  async function tenPercent({ client }: Replica, text = 'two'): Promise<string> {
    if ((await client.assignments()).length === 0) {
      await client.release(documentsOf({ text: 'one' }));
      await until('version 1 serves', async () => (await client.active()).length === 0);
    }
    const { json } = await client.release(documentsOf({ text, ...stays }));
    await until('the first stage', async () => (await client.find(json.id)).weight === 10);
    return json.id;
  }

  test('a rollback counts while the database is down, and is on record once when it is back', async () => {
    const database = postgres.address();
    const one = await replica(database);
    const { client, server, data, users } = one;
    const routes = watchRoutes(room, () => server.url);
    const id = await tenPercent(one);
    await users.prompts.ready();
    await until('some have met the candidate', () => exposedTo(one) > 0);

    await postgres.stop('fast');
    expect(await client.command(id, 'promote')).toMatchObject({ status: 503, json: { code: 'STORE_UNAVAILABLE' } });
    expect((await client.assignments())[0]?.weight).toBe(10);
    expect(await client.call('GET', '/readyz')).toMatchObject({ status: 503 });
    const answer = await client.command(id, 'rollback', { reason: 'wrong answers' });
    expect(answer, answer.text).toMatchObject({ status: 200, json: { weight: 0, phase: 'rollingBack' } });
    await until('every unit is back on the baseline', () => exposedTo(one) === 0, { withinMs: 1_000, everyMs: 1 });
    expect(await exposedByOfrep(one)).toBe(0);

    await postgres.start();
    await until('the rollback is on record', async () => (await client.find(id)).phase === 'rolledBack', {
      instead: () => client.find(id),
    });
    const audit = await client.audit();
    expect(audit.filter(({ kind }) => kind === 'rollback')).toMatchObject([
      { why: 'wrong answers', weightBefore: 10, weightAfter: 0, evidence: { trigger: 'manual' } },
    ]);
    expect(audit.at(-1)).toMatchObject({ kind: 'restored' });
    expect({ flaws: flawsOf(routes.list, audit), gaps: gapsOf(audit) }).toEqual({ flaws: [], gaps: [] });
    expect(await runJson(room, ['audit', 'verify', '--database', database], 0)).toMatchObject({ verified: true });
    expect(await runJson(room, ['status', ARTIFACT, '--database', database], 0)).toMatchObject({ releases: [{ id }] });
    await routes.stop();
    await users.stop();
    expect(await server.stop()).toMatchObject({ exit: 0 });
    const journal = openJournal(join(data, 'rollback.journal'));
    expect(journal.pending()).toEqual([]);
    journal.close();
  });

  test('a release without a server works on the database too, and every reading command finds it', async () => {
    const database = postgres.address();
    const pipeline = writeDocuments(room.folder(), documentsOf({ text: 'one' }));
    const env = { SPILLWAY_DATABASE: database };
    const where = ['--data', join(room.folder(), 'data')];
    const released = await runJson(room, ['release', pipeline, ...where], 0, { env });
    expect(released).toMatchObject({ phase: 'succeeded' });
    const { releases } = await runJson(room, ['status', ARTIFACT, ...where], 0, { env });
    expect(releases).toMatchObject([{ id: released.id }]);
    expect((await runJson(room, ['history', ...where], 0, { env })).events.length).toBeGreaterThan(2);
    const refused = await run(room, ['status', '--database', 'postgres://ann:s3cret@127.0.0.1:1/db', ...where]);
    expect(refused).toMatchObject({ exit: 3, stderr: expect.stringContaining('ECONNREFUSED') });
    expect(refused.stdout + refused.stderr).not.toContain('s3cret');
  });

  test('a rollback given to each replica while the database is down takes the candidate from everyone, recorded once', async () => {
    const database = postgres.address();
    const both = [await replica(database), await replica(database)] as const;
    const id = await tenPercent(both[0]);
    for (const each of both) await until('it is exposed', () => exposedTo(each) > 0);
    await postgres.stop('immediate');
    for (const each of both) {
      const answer = await each.client.command(id, 'rollback', { reason: 'wrong answers' });
      expect(answer, answer.text).toMatchObject({ status: 200, json: { weight: 0 } });
      await until('its SDKs are on the baseline', () => exposedTo(each) === 0, { withinMs: 1_000, everyMs: 1 });
      expect(await exposedByOfrep(each)).toBe(0);
    }
    await postgres.start();
    for (const each of both)
      await until('it is on record', async () => (await each.client.find(id)).phase === 'rolledBack', {
        instead: () => each.client.find(id),
      });
    const settled = (data: string) => {
      const journal = openJournal(join(data, 'rollback.journal'));
      const { length } = journal.pending();
      journal.close();
      return length === 0;
    };
    await until('both journals are settled', () => both.every(({ data }) => settled(data)));
    const audit = await both[1].client.audit(`?release=${id}`);
    expect(audit.filter(({ kind }) => kind === 'rollback')).toHaveLength(1);
    expect(audit.filter(({ kind }) => kind === 'restored')).toHaveLength(1);
    for (const each of both) expect(exposedTo(each)).toBe(0);
    // The next release runs as if nothing had been.
    const next = await tenPercent(both[1], 'three');
    for (const each of both) await until('the next candidate is exposed', () => exposedTo(each) > 0);
    expect(await both[0].client.command(next, 'rollback', { reason: 'the end' })).toMatchObject({ status: 200 });
  });

  test('a rollback on either replica is served by both, whoever runs the release', async () => {
    const database = postgres.address();
    const runs = await replica(database);
    const other = await replica(database);
    await tenPercent(runs, 'Version 0').then(id => runs.client.command(id, 'rollback', { reason: 'to begin with' }));
    const delays: number[] = [];
    for (let round = 1; round <= 6; round += 1) {
      const id = await tenPercent(runs, `Version ${round}`);
      for (const each of [runs, other])
        await until(
          'its SDKs and OFREP know the candidate',
          async () => exposedTo(each) > 0 && (await exposedByOfrep(each)) > 0,
          {
            withinMs: 5_000,
          },
        );
      expect(await other.client.find(id)).toMatchObject({ weight: 10, phase: 'rollingOut' });
      const [asked, told] = round % 2 ? [runs, other] : [other, runs];
      const answering = asked.client.command(id, 'rollback', { reason: `round ${round}` });
      await until('it is live where it was asked for', () => exposedTo(asked) === 0, { everyMs: 1 });
      const startedMs = performance.now();
      await until('it is live at the other', () => exposedTo(told) === 0, { everyMs: 1 });
      delays.push(performance.now() - startedMs);
      expect((await exposedByOfrep(runs)) + (await exposedByOfrep(other))).toBe(0);
      expect(await answering).toMatchObject({ status: 200, json: { weight: 0 } });
      for (const each of [runs, other])
        await until('both say how it ended', async () => (await each.client.find(id)).phase === 'rolledBack');
    }
    delays.sort((a, b) => a - b);
    const rounded = delays.map(ms => Math.round(ms)).join(', ');
    process.stdout.write(`  the other replica's SDKs follow a rollback after ${rounded} ms\n`);
    expect(delays.at(-1)).toBeLessThan(FOLLOWS_WITHIN_MS);
    const audit = await other.client.audit();
    expect(gapsOf(audit)).toEqual([]);
    const reasons = audit.filter(({ kind }) => kind === 'rollback').map(({ why }) => why);
    expect(reasons).toEqual(['to begin with', ...delays.map((_, round) => `round ${round + 1}`)]);
  });

  test('pause, resume and promote on the replica that does not run the release are obeyed by the one that does', async () => {
    const database = postgres.address();
    const runs = await replica(database);
    const other = await replica(database);
    const id = await tenPercent(runs);
    expect(await other.client.command(id, 'pause')).toMatchObject({ status: 200 });
    await until('the holder knows', async () => (await runs.client.find(id)).hold?.reason === 'paused');
    expect(await runs.client.command(id, 'promote')).toMatchObject({ status: 409, json: { code: 'RELEASE_PAUSED' } });
    expect(await other.client.command(id, 'resume')).toMatchObject({ status: 200 });
    expect(await other.client.command(id, 'promote')).toMatchObject({ status: 200, json: { weight: 25 } });
    for (const each of [runs, other])
      await until('both serve 25 %', async () => (await each.client.assignments())[0]?.weight === 25);
    const next = await other.client.release(documentsOf({ text: 'three', ...stays }));
    expect(next, next.text).toMatchObject({ status: 201 });
    await until('superseded', async () => (await runs.client.find(id)).phase === 'superseded');
    await until('the next one is exposed on both', async () => {
      const weights = await Promise.all([runs, other].map(async each => (await each.client.assignments())[0]?.weight));
      return weights.every(weight => weight === 10);
    });
    expect(gapsOf(await runs.client.audit())).toEqual([]);
  });

  test('a replica killed in the middle of a rollout: the other takes it up within the lease, and never above its record', async () => {
    const database = postgres.address();
    const dies = await replica(database, 150);
    const lives = await replica(database, 150);
    const routes = watchRoutes(room, () => lives.server.url);
    await dies.client.release(documentsOf({ text: 'one' }));
    await until('version 1 serves', async () => (await dies.client.active()).length === 0);
    for (const { users } of [dies, lives]) await users.prompts.ready();
    const { json } = await dies.client.release(documentsOf({ text: 'two', stage: { hold: '2s' } }));
    await until('the first stage', async () => (await dies.client.find(json.id)).weight === 10);
    await dies.server.killHard();
    const killedMs = performance.now();
    await until('the other goes on', async () => (await lives.client.find(json.id)).weight > 10, {
      withinMs: TAKEN_UP_WITHIN_MS,
      instead: () => lives.client.find(json.id),
    });
    process.stdout.write(`  taken up ${Math.round(performance.now() - killedMs)} ms after the kill\n`);
    await until('it is promoted', async () => (await lives.client.find(json.id)).phase === 'succeeded', {
      withinMs: 60_000,
      instead: () => lives.client.find(json.id),
    });
    const audit = await lives.client.audit();
    expect({ flaws: flawsOf(routes.list, audit), gaps: gapsOf(audit) }).toEqual({ flaws: [], gaps: [] });
    const again = await serve(room, { data: dies.data, port: dies.server.port, args: ['--database', database] });
    expect(await api(again.url).find(json.id)).toMatchObject({ phase: 'succeeded' });
    expect(await runJson(room, ['audit', 'verify', '--database', database], 0)).toMatchObject({ verified: true });
  });

  test('a replica that stood still beyond its lease finds its release with the other, and lets it go', async () => {
    const database = postgres.address();
    const pauses = await replica(database, 100);
    const lives = await replica(database, 100);
    const id = await tenPercent(pauses);
    pauses.server.kill('SIGSTOP');
    room.atEnd(() => pauses.server.kill('SIGCONT'));
    const owner = async () => {
      const rows = await postgres.query(`select lease_owner from ${schemaOf(database)}.releases where id = '${id}'`);
      return rows[0]?.['lease_owner'];
    };
    const before = await owner();
    await until('the other has the lease', async () => (await owner()) !== before, { withinMs: TAKEN_UP_WITHIN_MS });
    expect(await lives.client.command(id, 'promote')).toMatchObject({ status: 200, json: { weight: 25 } });
    pauses.server.kill('SIGCONT');
    await until('it knows', async () => (await pauses.client.assignments())[0]?.weight === 25);
    await until('it can be asked', async () => (await pauses.client.find(id)).weight === 25);
    expect(await pauses.client.command(id, 'rollback', { reason: 'enough' })).toMatchObject({ status: 200 });
    for (const each of [pauses, lives])
      await until('both are on the baseline', async () => exposedTo(each) === 0 && (await exposedByOfrep(each)) === 0);
    const audit = await lives.client.audit();
    expect(gapsOf(audit)).toEqual([]);
    expect(audit.filter(({ kind }) => kind === 'rollback')).toHaveLength(1);
  });
});

const schemaOf = (address: string) => new URL(address).searchParams.get('schema');
