/**
 * Pods that never start, pods that die, pods that somebody deletes: what cannot live never gets a request, and what is ill about the stable
 * pods keeps no traffic from coming back to them.
 */
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { run, type ServerProcess } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { follow } from './client/follow.ts';
import type { Pod } from './kubelet/pod.ts';
import { pipeline, readPipeline, untilPipeline } from './support/pipelines.ts';
import { broken } from './support/steady-traffic.ts';
import { NAME, openWeb, say, verifiedAudit, type Web } from './support/web.ts';
import { isReady, PORT } from './support/workloads.ts';

const CANDIDATE = 'spillway.dev/candidate';
/** Of users that send 100 requests a second, half of them to pods that are gone: those of some tenths of a second. */
const LOST_MAX = 40;
const OBEDIENCE_MS = 1_000;
let room: Room;
let web: Web;
let server: ServerProcess;

beforeAll(async () => {
  room = openRoom();
  web = await openWeb(room);
  server = await web.spillway.start();
  const wishes = { stages: [{ weight: 50 }, { weight: 100 }], stage: { hold: '10m', timeout: '20m' } };
  await web.cluster.apply(pipeline(web.cluster.namespace, NAME, wishes));
  await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving');
});
afterAll(() => room.end());

const podsOf = async (isCandidate: boolean) =>
  ((await web.cluster.list('v1', 'pods')) as Pod[]).filter(
    ({ metadata }) => (metadata.labels?.[CANDIDATE] !== undefined) === isCandidate,
  );

const rollbackOf = async (release: string) => {
  const found = (await web.releases()).find(one => one.metadata.name.endsWith(release.replace('rel_', '')));
  return found?.['status']?.rollback;
};

async function exposed() {
  const change = await web.change();
  await until('the route gives 50 %', () => web.history.last()?.weight === 50, { withinMs: 60_000 });
  return change;
}

async function rollBack(release: string): Promise<number> {
  const askedMs = performance.now();
  const asked = await run(room, ['rollback', release, '--reason', 'the test wants it', '--server', server.url]);
  expect(asked.exit, asked.stderr).toBe(0);
  return askedMs;
}

const graveOf = (release: string) =>
  web.history.states.find(({ tombstone, weight }) => tombstone?.startsWith(release) && !weight);

describe('a candidate that cannot live', () => {
  test.for<[string, object, RegExp]>([
    ['whose image cannot be pulled', { image: 'missing/app:v9' }, /ErrImagePull|ImagePullBackOff/],
    ['that crashes again and again', { command: ['sh', '-c', 'exit 3'] }, /CrashLoopBackOff|restarted|exit code 3/],
  ])('%s is rolled back for its health, before it ever had a weight', async ([name, container, why]) => {
    const { cluster } = web;
    const stop = new AbortController();
    room.atEnd(() => stop.abort());
    const reported: number[] = [];
    const onSet = (pod: Pod) => {
      const said = JSON.stringify(pod.status?.containerStatuses ?? []);
      const isIll = /ErrImagePull|BackOff|"terminated"/.test(said);
      if (pod.metadata.labels?.[CANDIDATE] !== undefined && isIll) reported.push(performance.now());
    };
    void follow(
      cluster.api,
      `/api/v1/namespaces/${cluster.namespace}/pods`,
      { onSet, onGone: () => undefined },
      stop.signal,
    );
    const beganMs = performance.now();
    const last = (await readPipeline(cluster, NAME))['status']?.release;
    await cluster.api.patch(`/apis/apps/v1/namespaces/${cluster.namespace}/deployments/${NAME}`, 'strategic', {
      spec: { template: { spec: { containers: [{ name: 'app', ...container }] } } },
    });
    const { status } = await untilPipeline(cluster, NAME, ({ release }) => release !== last);
    const rollback = await until('it is rolled back', () => rollbackOf(status!.release));
    const grave = await until('its tombstone', () => graveOf(status!.release));
    const tookMs = grave.atMs - reported[0]!;
    say(`${name}: rolled back ${Math.round(tookMs)} ms after the first report (${rollback.reason.slice(0, 100)})`);
    expect(rollback).toMatchObject({ trigger: 'healthCheck', reason: expect.stringMatching(why) });
    expect(web.history.weightsSince(beganMs).filter(weight => weight !== '-' && weight !== '0')).toEqual([]);
    expect(tookMs).toBeLessThan(10_000);
    await web.untilClean();
    stop.abort();
    expect(broken(web.traffic.answers)).toEqual([]);
  });
});

test('one of four stable pods is not ready at the rollback: the traffic comes back all the same', async () => {
  const { version, release } = await exposed();
  const [ill] = await podsOf(false);
  await request(`http://${ill!.status!.podIP}:${PORT}/become/unready`, { method: 'POST' });
  await until('it is not ready', async () => (await podsOf(false)).some(pod => !isReady(pod)));
  const askedMs = await rollBack(release);
  const grave = await until('weight 0', () => graveOf(release));
  say(
    `with one of four stable pods unready: weight 0 after ${Math.round(grave.atMs - askedMs)} ms from the command on`,
  );
  expect(grave.atMs - askedMs).toBeLessThan(5_000);
  await until('its rollback is over', async () => (await rollbackOf(release))?.clocks !== undefined);
  expect((await podsOf(false)).filter(pod => !isReady(pod)).length, 'still unready').toBe(1);
  await until('nobody gets the candidate', () =>
    web.traffic.since(performance.now() - 1_000).every(one => one.version !== version),
  );
  await web.untilClean();
  await request(`http://${ill!.status!.podIP}:${PORT}/become/ready`, { method: 'POST' });
  await until('all are ready', async () => (await podsOf(false)).every(isReady));
  expect(broken(web.traffic.answers)).toEqual([]);
});

/** Both candidate pods are ready, and so many of them are not those of before. */
async function areMadeAgain(count: number, before: readonly string[]): Promise<boolean> {
  const ready = (await podsOf(true)).filter(isReady).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return ready.length === 2 && ready.filter(({ metadata }) => !before.includes(metadata.name)).length === count;
}

const namesOf = async () => (await podsOf(true)).map(({ metadata }) => metadata.name);

/** Every pod with the label of a candidate, in one call. */
async function deleteAll(): Promise<void> {
  const path = `/api/v1/namespaces/${web.cluster.namespace}/pods?labelSelector=${encodeURIComponent(CANDIDATE)}`;
  await web.cluster.api.call('DELETE', path);
}

async function become(what: 'unready' | 'ready'): Promise<void> {
  for (const { status } of await podsOf(true))
    await request(`http://${status!.podIP}:${PORT}/become/${what}`, { method: 'POST' });
}

test('one pod of two is deleted by hand in mid-stage: it is made again, and the weight stands', async () => {
  const { release } = await exposed();
  const before = await namesOf();
  expect(before.length, 'pods for half of the traffic of four').toBe(2);
  const deletedMs = performance.now();
  await web.cluster.kubectl('delete', 'pod', before[0]!, '--wait=false');
  await until('another pod is ready', () => areMadeAgain(1, before));
  const tookMs = Math.round(performance.now() - deletedMs);
  const lost = broken(web.traffic.since(deletedMs)).length;
  say(`one of two candidate pods deleted: ready again after ${tookMs} ms, ${lost} requests lost`);
  const others = web.history.weightsSince(deletedMs).filter(weight => weight !== '50');
  expect(others, 'other weights meanwhile').toEqual([]);
  await rollBack(release);
  await web.untilClean();
});

/** Whatever a test left: no release runs. */
afterEach(async () => {
  const { phase, release } = (await readPipeline(web.cluster, NAME))['status'] ?? {};
  if (phase === 'rollingOut') await rollBack(release);
});

describe('S22, S23: the last ready pod of a candidate goes in mid-stage', () => {
  const isHeld = ({ hold, weight }: { hold?: { reason: string }; weight?: number }) =>
    hold?.reason === 'candidateNotReady' && weight === 0;
  const saidAndMended = async () => {
    await untilPipeline(web.cluster, NAME, isHeld);
    await become('ready');
  };
  test.for<[string, () => Promise<void>, () => Promise<void>]>([
    ['deleted by hand', deleteAll, async () => undefined],
    ['no longer ready', () => become('unready'), saidAndMended],
  ])('%s: the baseline has its share at once, and it gets it back with its pods', async ([name, take, meanwhile]) => {
    const { version, release } = await exposed();
    await until('users get it', () => web.traffic.answers.at(-1)?.version === version);
    const takenMs = performance.now();
    await take();
    const zero = await until('its weight is 0', () =>
      web.history.states.find(({ atMs, weight }) => atMs > takenMs && weight === 0),
    );
    await meanwhile();
    const again = await until(
      'it has its share again',
      () => web.history.states.find(({ atMs, weight }) => atMs > zero.atMs && weight === 50),
      { withinMs: 40_000, instead: async () => (await readPipeline(web.cluster, NAME))['status'] },
    );
    expect((await podsOf(true)).filter(isReady).length, 'ready when it gets it').toBeGreaterThanOrEqual(2);
    await until('they answer', () => web.traffic.since(again.atMs).some(one => one.version === version));
    const lost = broken(web.traffic.since(takenMs));
    const late = lost.filter(({ sentMs }) => sentMs > zero.atMs + OBEDIENCE_MS);
    expect(late, 'lost when the data plane had obeyed').toEqual([]);
    const [zeroMs, againMs] = [zero, again].map(({ atMs }) => Math.round(atMs - takenMs));
    say(
      `all candidate pods ${name}: weight 0 after ${zeroMs} ms, 50 again after ${againMs} ms, ${lost.length} requests lost`,
    );
    expect(web.history.weightsSince(takenMs).filter((weight, i) => i > 0 || weight !== '50')).toEqual(['0', '50']);
    expect(lost.length).toBeLessThan(LOST_MAX);
    expect(await rollbackOf(release), 'the release goes on').toBeUndefined();
    const moves = (await verifiedAudit(room, server.url)).filter(
      one => one.releaseId === release && /^(withdraw|readmit)$/.test(one.kind),
    );
    expect(moves.map(({ kind, weightBefore, weightAfter }) => [kind, weightBefore, weightAfter])).toEqual([
      ['withdraw', 50, 0],
      ['readmit', 0, 50],
    ]);

    // A rollback while all of them are gone is like any other.
    await deleteAll();
    const askedMs = await rollBack(release);
    const grave = await until('weight 0', () => graveOf(release));
    expect(grave.atMs - askedMs).toBeLessThan(5_000);
    await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving');
    await web.untilClean();
    expect((await podsOf(false)).filter(isReady).length).toBe(4);
  });
});
