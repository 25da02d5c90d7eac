/**
 * Two servers look after one pipeline, on one PostgreSQL: one moves the weights, either takes a rollback, and when the one that holds
 * the release dies the other one takes it over where it was.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasPostgres, type PostgresServer, startPostgres } from '../../src/store/postgres-server.test-support.ts';
import { openRoom, type Room } from '../support/room.ts';
import { run, type ServerProcess } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { pipeline, readPipeline, untilPipeline } from './support/pipelines.ts';
import { broken } from './support/steady-traffic.ts';
import { doubled, NAME, openWeb, say, verifiedAudit, type Web } from './support/web.ts';

const SLA_MS = 15_000;

describe.runIf(hasPostgres())('two servers on one database', () => {
  let room: Room;
  let web: Web;
  let postgres: PostgresServer;
  let database: string;
  const servers: ServerProcess[] = [];

  const start = (data = room.folder()) => web.spillway.start({ data, database });

  beforeAll(async () => {
    room = openRoom();
    postgres = await startPostgres();
    room.atEnd(() => postgres.end());
    database = postgres.address();
    web = await openWeb(room);
    // One after the other: the first makes the tables.
    for (let n = 0; n < 2; n++) servers.push(await start());
    const wishes = { stages: [{ weight: 20 }, { weight: 50 }, { weight: 100 }], stage: { hold: '3s' }, bake: '2s' };
    await web.cluster.apply(pipeline(web.cluster.namespace, NAME, wishes));
    await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving');
  });
  afterAll(() => room.end());

  /** The server that holds the release, and the other. */
  async function sides(release: string): Promise<{ holder: ServerProcess; other: ServerProcess }> {
    const schema = new URL(database).searchParams.get('schema');
    const named = async () =>
      (await postgres.query(`select lease_owner as owner from ${schema}.releases where id = '${release}'`))[0];
    const owner = await until('somebody holds the release', async () => (await named())?.['owner']);
    const nameOf = ({ data }: ServerProcess) => readFileSync(join(data, 'replica'), 'utf8').trim();
    const holder = servers.find(server => nameOf(server) === owner)!;
    return { holder, other: servers.find(server => server !== holder)! };
  }

  const untilRouted = (weight: number) =>
    until(`the route gives ${weight} %`, () => web.history.last()?.weight === weight, { withinMs: 60_000 });

  /** One resource for each release, and every decision once on record. */
  async function expectOnce(releases: number): Promise<void> {
    const events = await verifiedAudit(room, servers[0]!.url);
    expect(doubled(events)).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'create').length).toBe(releases);
    expect((await web.releases()).length).toBe(releases);
  }

  test('a good release goes up step by step and comes back by two, and no weight is ever seen twice', async () => {
    const beganMs = performance.now();
    await web.change();
    await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving', 90_000);
    await web.untilClean();
    const weights = web.history.weightsSince(beganMs);
    say(`weights of the candidate: ${weights.join(' ')}`);
    expect(weights.filter(weight => weight !== '-')).toEqual(['0', '20', '50', '100', '50', '0']);
    expect(broken(web.traffic.answers)).toEqual([]);
    await expectOnce(1);
  }, 180_000);

  test('a rollback given to the server that does not hold the release is in the route within the SLA, with one tombstone', async () => {
    const beganMs = performance.now();
    const { release } = await web.change();
    await untilRouted(50);
    const { other } = await sides(release);
    const askedMs = performance.now();
    const asked = await run(room, ['rollback', release, '--reason', 'the test wants it', '--server', other.url]);
    expect(asked.exit, asked.stderr).toBe(0);
    const isBack = () => web.history.states.find(({ tombstone, weight }) => tombstone?.startsWith(release) && !weight);
    const zero = await until('the route has its tombstone', isBack);
    say(`by the other server: weight 0 after ${Math.round(zero.atMs - askedMs)} ms from the command on`);
    expect(zero.atMs - askedMs).toBeLessThan(SLA_MS);
    await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving');
    await web.untilClean();
    const weights = web.history.weightsSince(beganMs).filter(weight => weight !== '-');
    expect(weights).toEqual(['0', '20', '50', '0']);
    const graves = web.history.states.flatMap(({ tombstone }) => tombstone ?? []);
    expect(new Set(graves.filter(grave => grave.startsWith(release))).size).toBe(1);
    expect(broken(web.traffic.answers)).toEqual([]);
    await expectOnce(2);
  }, 180_000);

  test('the holder is killed in mid-stage: the other one takes the release over, and it ends well', async () => {
    const beganMs = performance.now();
    const { release } = await web.change();
    await untilRouted(20);
    const { holder, other } = await sides(release);
    await holder.killHard();
    servers.splice(servers.indexOf(holder), 1);
    const killedMs = performance.now();
    await until('the other one holds it', async () => (await sides(release)).holder === other, { withinMs: 40_000 });
    say(`taken over ${Math.round(performance.now() - killedMs)} ms after the end of the holder`);
    servers.push(await start(holder.data));
    await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving', 90_000);
    await web.untilClean();
    expect((await readPipeline(web.cluster, NAME))['status'].release).toBe(release);
    expect((await web.releases()).at(-1)?.['status'].phase).toBe('succeeded');
    const weights = web.history.weightsSince(beganMs).filter(weight => weight !== '-');
    expect(weights).toEqual(['0', '20', '50', '100', '50', '0']);
    expect(broken(web.traffic.answers)).toEqual([]);
    await expectOnce(3);
  }, 180_000);
});
