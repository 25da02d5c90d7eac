/**
 * What Spillway leans on goes away in the middle of a release, for longer than a hiccup: the traffic stays as it was, the release
 * waits and says for what, and goes on when it is back.
 */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import type { ServerProcess } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { PROMETHEUS } from './plane/addresses.ts';
import { conditionOf, pipeline, readPipeline, untilPipeline } from './support/pipelines.ts';
import { broken, shareOf } from './support/steady-traffic.ts';
import { doubled, NAME, openWeb, say, verifiedAudit, type Web } from './support/web.ts';

const OUTAGE_MS = 60_000;
let room: Room;
let web: Web;
let server: ServerProcess;

beforeAll(async () => {
  room = openRoom();
  web = await openWeb(room);
  const { cluster, spillway } = web;
  server = await spillway.start();
  const wishes = { stages: [{ weight: 25 }, { weight: 100 }], stage: { hold: '4s' }, bake: '2s' };
  await cluster.apply(pipeline(cluster.namespace, NAME, { ...wishes, prometheus: { silentAfter: '5s' } }));
  await untilPipeline(cluster, NAME, ({ phase }) => phase === 'serving');
});
afterAll(() => room.end());

const routed = (weight: number) =>
  until(`the route gives ${weight} %`, () => web.history.last()?.weight === weight, { withinMs: 60_000 });

const phaseOf = async (release: string) => {
  const found = (await web.releases()).find(one => one.metadata.name.endsWith(release.replace('rel_', '')));
  return found?.['status']?.phase;
};
const succeeded = (release: string) =>
  until(`${release} succeeded`, async () => (await phaseOf(release)) === 'succeeded', {
    withinMs: 90_000,
    instead: async () => (await readPipeline(web.cluster, NAME))['status'],
  });

/** All apps, no gateway: what users of the outage saw. */
function expectSplit(version: string, fromMs: number, weight: number): void {
  const answers = web.traffic.since(fromMs);
  expect(answers.length).toBeGreaterThan(200);
  expect(Math.abs(shareOf(version, answers) - weight), `share of ${version}`).toBeLessThan(5);
}

test('Prometheus is away for a minute: no advance, no rollback, an alarm that says why; then it goes on and succeeds', async () => {
  const { cluster } = web;
  const { version, release } = await web.change();
  await routed(25);
  await cluster.control('prometheus', 'kill');
  onTestFinished(() => cluster.control('prometheus', 'start').catch(() => undefined));
  const goneMs = performance.now();
  const { status } = await untilPipeline(cluster, NAME, one => conditionOf(one, 'Degraded')?.status === 'True');
  say(`Degraded ${Math.round(performance.now() - goneMs)} ms after the end of Prometheus`);
  expect(conditionOf(status, 'Degraded')).toMatchObject({ reason: 'SourceSilent' });
  expect(status).toMatchObject({ hold: { reason: 'sourceSilent' }, weight: 25, stage: '1/2' });
  await until('the minute is over', () => performance.now() - goneMs >= OUTAGE_MS, {
    withinMs: OUTAGE_MS,
    everyMs: 200,
  });
  // The gateways may still have been saying that they have taken it up.
  expect(
    web.history.weightsSince(goneMs).filter(weight => weight !== '25'),
    'weights meanwhile',
  ).toEqual([]);
  expectSplit(version, goneMs, 25);
  expect((await readPipeline(cluster, NAME))['status']).toMatchObject({ phase: 'rollingOut', stage: '1/2', release });
  await cluster.control('prometheus', 'start');
  await until('Prometheus is back', async () => (await fetch(`${PROMETHEUS}/-/ready`)).ok);
  const backMs = performance.now();
  await succeeded(release);
  say(`succeeded ${Math.round(performance.now() - backMs)} ms after it was back`);
  const after = await untilPipeline(cluster, NAME, ({ phase }) => phase === 'serving');
  expect(conditionOf(after['status'], 'Degraded')).toMatchObject({ status: 'False' });
  await web.untilClean();
  expect(broken(web.traffic.answers)).toEqual([]);
}, 240_000);

async function restartApiServer(meanwhile: () => Promise<unknown>): Promise<void> {
  await web.cluster.control('kube-apiserver', 'kill');
  await meanwhile();
  await web.cluster.control('kube-apiserver', 'start');
  await until('the API server is back', () => web.cluster.api.call('GET', '/readyz'), { withinMs: 60_000 });
}

test('the API server is killed in mid-stage: traffic stays as it was, and the release goes on to its end', async () => {
  const { version, release } = await web.change();
  await routed(25);
  const goneMs = performance.now();
  await restartApiServer(() => until('five seconds of traffic', () => performance.now() - goneMs > 5_000));
  expectSplit(version, goneMs, 25);
  say(`the API server was away for ${Math.round(performance.now() - goneMs)} ms`);
  await succeeded(release);
  await web.untilClean();
  expect(broken(web.traffic.answers)).toEqual([]);
}, 240_000);

test('a template that is changed right after the API server is back is seen, and released', async () => {
  await restartApiServer(async () => undefined);
  const backMs = performance.now();
  const { release } = await web.change();
  say(`a change right after a restart began to be released after ${Math.round(performance.now() - backMs)} ms`);
  await succeeded(release);
  await web.untilClean();
  expect(broken(web.traffic.answers)).toEqual([]);
  expect(doubled(await verifiedAudit(room, server.url))).toEqual([]);
}, 240_000);
