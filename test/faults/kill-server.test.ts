/**
 * The server dies without a word, fifty times, at seeded moments of running releases: while tests run, in stages, in the
 * bake, just after commands, and between the journal and the store of a rollback. Users and their outcomes go on all the
 * while. After each restart on the same folder everything that looks at the split must agree, and nothing is lost.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startSimulatedModel } from '../../examples/support-bot/simulated-model.ts';
import { systemClock } from '../../src/clock.ts';
import type { WireRelease } from '../../src/server/contract.ts';
import { seededRandom } from '../../src/stats/random.ts';
import { openJournal } from '../../src/store/journal.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { AuditEvent } from '../../src/store/store.ts';
import { expectAgreement } from '../support/agreement.ts';
import { type Api, api } from '../support/api.ts';
import { ARTIFACT, documentsOf } from '../support/documents.ts';
import { isExposed, type Operator, operator } from '../support/operator.ts';
import { openRoom } from '../support/room.ts';
import { flawsOf, gapsOf, watchRoutes } from '../support/sightings.ts';
import { runJson, serve } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { startUsers } from '../support/users.ts';

const SEED = 20_261_123;
const KILLS = 50;
const room = openRoom();
afterEach(() => room.end());

const random = seededRandom(SEED);
const chance = (share: number) => random() < share;

test(`a server killed at ${KILLS} moments goes on where its record says, and never above it`, async () => {
  const model = await startSimulatedModel(seededRandom(SEED));
  room.atEnd(() => model.close());
  const data = room.folder();
  const env = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'simulated' };
  let server = await serve(room, { data, env });
  const { port, url } = server;
  const client = api(url);
  const routes = watchRoutes(room, () => url);
  const someone = operator(client, random);
  expect(await someone.begin('is the first')).toMatchObject({ status: 201 });
  await until('version 1 serves', async () => (await client.active()).length === 0);
  const users = startUsers(room, { url, random: seededRandom(SEED + 1) });
  await users.prompts.ready();

  const phases: Record<string, number> = {};
  let pendingNotes = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    await goTo(client, someone, { journal: join(data, 'rollback.journal'), shallBake: kill % 8 === 0 });
    await server.killHard();
    const phase = await phaseOnDisk(data);
    phases[phase] = (phases[phase] ?? 0) + 1;
    pendingNotes += pendingIn(data);
    server = await serve(room, { data, port, env });
    await expectAgreement(client, users);
  }

  for (const release of await client.active()) await someone.ask(release, 'rollback', { reason: 'the test ends' });
  await until('no release is active', async () => (await client.active()).length === 0);
  const last = await someone.begin('is good');
  const id: string = last?.json.id;
  await until('a release after all that is promoted', async () => (await client.find(id)).phase === 'succeeded', {
    instead: () => client.find(id),
  });
  await expectAgreement(client, users);

  const audit = await client.audit();
  const counts = `${pendingNotes} rollbacks found in the journal, ${someone.begun()} releases, ${audit.length} events`;
  process.stdout.write(`  ${KILLS} kills: ${JSON.stringify(phases)}, ${counts}\n`);
  const found = {
    flaws: flawsOf(routes.list, audit),
    gaps: gapsOf(audit),
    wronged: users.wronged,
    unrecorded: someone.unrecorded(audit),
  };
  expect(found).toEqual({ flaws: [], gaps: [], wronged: [], unrecorded: [] });
  await expectEnded(client, audit);
  // Kills that all fell into one phase would prove little.
  const some = expect.any(Number);
  expect(phases).toMatchObject({ testing: some, rollingOut: some, baking: some });
  expect(pendingNotes).toBeGreaterThan(0);

  await runJson(room, ['audit', 'verify', '--data', data], 0);
  await routes.stop();
  await users.stop();
  expect(await server.stop()).toMatchObject({ exit: 0 });
  const verified = await runJson(room, ['audit', 'verify', '--data', data], 0);
  expect(verified).toMatchObject({ verified: true, events: audit.length });
  expect(pendingIn(data)).toBe(0);
});

test('the next server takes up the releases of a killed one at once, not when its leases lapse', async () => {
  const data = room.folder();
  const killed = await serve(room, { data });
  const client = api(killed.url);
  await client.release(documentsOf({ text: 'one' }));
  await until('version 1 serves', async () => (await client.active()).length === 0);
  const users = startUsers(room, { url: killed.url, random: seededRandom(SEED) });
  await users.prompts.ready();
  const { json } = await client.release(documentsOf({ text: 'two' }));
  await until('the first stage', async () => (await client.find(json.id)).weight === 10);
  await killed.killHard();
  await serve(room, { data, port: killed.port });
  await until('the second stage', async () => (await client.find(json.id)).weight > 10, {
    withinMs: 5_000,
    instead: () => client.find(json.id),
  });
});

/** Brings the server to the moment at which it is to die. */
async function goTo(client: Api, someone: Operator, where: { journal: string; shallBake: boolean }): Promise<void> {
  const { journal, shallBake } = where;
  if ((await client.active()).length === 0) await someone.begin();
  // The tests of a release begin anew after each kill: without patience nothing would ever get beyond them.
  const release = shallBake || chance(0.7) ? await exposedOrEnded(client) : (await client.active())[0];
  if (!release) return briefly(someone.begin());
  if (isExposed(release) && shallBake) return bake(client, someone, release);
  if (isExposed(release) && chance(0.3)) {
    // Between the journal and the store: the moment for which the journal is there.
    const written = statSync(journal).mtimeMs;
    void someone.ask(release, 'rollback', { reason: 'by hand' });
    return moment(() => statSync(journal).mtimeMs !== written);
  }
  if (chance(0.6)) await briefly(someone.act(release));
  if (chance(0.6)) await new Promise(resolve => setTimeout(resolve, random() * 900));
}

async function exposedOrEnded(client: Api): Promise<WireRelease | undefined> {
  const found = await until('the release is exposed, or ended', async () => {
    const [release] = await client.active();
    return release === undefined || isExposed(release) ? { release } : false;
  });
  return found.release;
}

async function bake(client: Api, someone: Operator, release: WireRelease): Promise<void> {
  if (release.hold?.reason === 'paused') await someone.ask(release, 'resume');
  await someone.ask(release, 'promote', { full: true });
  await until('it bakes, or ended', async () => (await client.find(release.id)).phase !== 'rollingOut', {
    instead: () => client.find(release.id),
  });
}

/** Waits for a moment too short for a timer. Gives up after a second: then the server dies at some other moment. */
async function moment(isThere: () => boolean): Promise<void> {
  const endMs = performance.now() + 1_000;
  while (!isThere() && performance.now() < endMs) await new Promise(resolve => setImmediate(resolve));
}

/** Lets something run, and does not wait for its end longer than a few random milliseconds. */
async function briefly(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, new Promise(resolve => setTimeout(resolve, random() * 40))]);
}

/** How far the record of the active release had come when the server died. */
async function phaseOnDisk(data: string): Promise<string> {
  const store = await openSqliteStore({ folder: data, clock: systemClock, readonly: true });
  const active = await store.activeRelease(ARTIFACT);
  await store.close();
  return (active?.state as { phase: string } | undefined)?.phase ?? 'none';
}

function pendingIn(data: string): number {
  const journal = openJournal(join(data, 'rollback.journal'));
  const { length } = journal.pending();
  journal.close();
  return length;
}

const LAST_EVENT: Record<string, string> = {
  succeeded: 'promote',
  rolledBack: 'restored',
  failed: 'fail',
  cancelled: 'cancel',
  superseded: 'supersede',
};

/** Every release has ended, and the last event about it says how. */
async function expectEnded(client: Api, audit: readonly AuditEvent[]): Promise<void> {
  const { releases } = (await client.call('GET', '/api/v1/releases?limit=1000')).json as { releases: WireRelease[] };
  const ends = releases.map(({ id, phase }) => [id, LAST_EVENT[phase] ?? `none for ${phase}`]);
  const last = releases.map(({ id }) => [id, audit.filter(({ releaseId }) => releaseId === id).at(-1)?.kind]);
  expect(last).toEqual(ends);
}
