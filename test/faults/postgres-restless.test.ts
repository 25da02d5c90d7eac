/**
 * Two replicas on one PostgreSQL, an operator who asks now one and now the other, users on both, and every few moments one
 * of the two dies without a word and is started again. Whatever happens in between, both agree in the end, no weight was
 * ever live without a record, no epoch went back, and nothing acknowledged is lost.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startSimulatedModel } from '../../examples/support-bot/simulated-model.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { hasPostgres, type PostgresServer, startPostgres } from '../../src/store/postgres-server.test-support.ts';
import { expectAgreement } from '../support/agreement.ts';
import { type Api, api } from '../support/api.ts';
import { operator } from '../support/operator.ts';
import { openRoom } from '../support/room.ts';
import { flawsOf, gapsOf, type Sightings, watchRoutes } from '../support/sightings.ts';
import { runJson, type ServerProcess, serve } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { startUsers, type Users } from '../support/users.ts';

const SEED = 20_261_124;
const KILLS = 16;
const room = openRoom();

interface Replica {
  data: string;
  server: ServerProcess;
  client: Api;
  users: Users;
  routes: Sightings;
}

describe.skipIf(!hasPostgres())('two replicas on one PostgreSQL', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(() => room.end());
  afterAll(() => postgres.end());

  test(`killed in turns at ${KILLS} moments they stay one`, async () => {
    const random = seededRandom(SEED);
    const model = await startSimulatedModel(seededRandom(SEED));
    room.atEnd(() => model.close());
    const args = ['--database', postgres.address()];
    const env = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'simulated' };
    const start = async (seed: number): Promise<Replica> => {
      const data = join(room.folder(), 'data');
      const server = await serve(room, { data, env, args });
      const { url } = server;
      const users = startUsers(room, { url, random: seededRandom(seed), perSecond: 150 });
      return { data, server, client: api(url), users, routes: watchRoutes(room, () => url) };
    };
    const both = [await start(1), await start(2)] as const;
    const one = () => both[random() < 0.5 ? 0 : 1];
    const someone = operator(eitherOf(one), random);
    expect(await someone.begin('is the first')).toMatchObject({ status: 201 });
    const anyActive = async () => (await both[0].client.active()).length > 0;
    await until('version 1 serves', async () => !(await anyActive()));
    for (const { users } of both) await users.prompts.ready();

    for (let kill = 1; kill <= KILLS; kill += 1) {
      if (!(await anyActive())) await someone.begin();
      for (let acts = 0; acts < 3; acts += 1) {
        const [release] = await one().client.active();
        if (release && random() < 0.8) await someone.act(release);
        await new Promise(resolve => setTimeout(resolve, random() * 500));
      }
      const dies = one();
      await dies.server.killHard();
      dies.server = await serve(room, { data: dies.data, port: dies.server.port, env, args });
      for (const { client, users } of both) await expectAgreement(client, users);
    }

    for (const release of await both[0].client.active())
      await someone.ask(release, 'rollback', { reason: 'the test ends' });
    // The lease of the one that was killed last, and what the release had still to do.
    await until('no release is active', async () => !(await anyActive()), { withinMs: 60_000 });
    for (const { client, users } of both) await expectAgreement(client, users);
    const audit = await both[1].client.audit();
    process.stdout.write(`  ${KILLS} kills, ${someone.begun()} releases, ${audit.length} events\n`);
    expect({
      flaws: both.flatMap(({ routes }) => flawsOf(routes.list, audit)),
      gaps: gapsOf(audit),
      wronged: both.flatMap(({ users }) => users.wronged),
      unrecorded: someone.unrecorded(audit),
    }).toEqual({ flaws: [], gaps: [], wronged: [], unrecorded: [] });
    expect(await both[0].client.audit()).toEqual(audit);
    await runJson(room, ['audit', 'verify', ...args], 0);
  });
});

/** Each request goes to one of them, as through a load balancer. */
function eitherOf(one: () => Replica): Api {
  return new Proxy({} as Api, { get: (_, method) => Reflect.get(one().client, method) });
}
