/**
 * The API server fails in each of its ways when a rollback is written: the traffic is back within the SLA all the same, and the record
 * says how long each part took.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { documentOf, run, type ServerProcess } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import type { KubeObject } from './client/objects.ts';
import { GATEWAY } from './plane/addresses.ts';
import { type ApiProxy, type Asked, apiProxy, type Fault } from './support/api-proxy.ts';
import { conditionOf, pipeline, readPipeline, untilPipeline } from './support/pipelines.ts';
import { type RouteHistory, routeHistory } from './support/route-history.ts';
import { broken } from './support/steady-traffic.ts';
import { type Change, NAME, openWeb, say, type Web } from './support/web.ts';
import { route } from './support/workloads.ts';

const SLA_MS = 15_000;
const SECOND = 'web-too';
let room: Room;
let web: Web;
let proxy: ApiProxy;
let server: ServerProcess;
let second: RouteHistory;

beforeAll(async () => {
  room = openRoom();
  web = await openWeb(room);
  const { cluster, spillway } = web;
  const { namespace } = cluster;
  await cluster.apply(route(namespace, SECOND, { host: `too.${web.host}`, weights: { [NAME]: 1 } }));
  const stop = new AbortController();
  room.atEnd(() => stop.abort());
  second = routeHistory(cluster, SECOND, stop.signal);
  proxy = await apiProxy(room, spillway.kubeconfig);
  server = await spillway.start({ env: { KUBECONFIG: proxy.kubeconfig } });
  await cluster.apply(probing('v0'));
  await untilPipeline(cluster, NAME, ({ phase }) => phase === 'serving');
});
afterAll(() => room.end());

beforeEach(() => {
  proxy.fault = () => undefined;
  proxy.met = [];
});

/** One long stage: what ends it is the test. The probe knows the arms by what they answer. */
function probing(candidate: string): KubeObject {
  const { namespace } = web.cluster;
  const probe = { url: GATEWAY, host: web.host, json: 'version', baseline: 'v1', candidate };
  const routes = [{ name: NAME }, { name: SECOND }];
  const whole = pipeline(namespace, NAME, {
    stages: [{ weight: 25 }, { weight: 100 }],
    stage: { hold: '5m', timeout: '10m' },
    target: { probe, routes },
  });
  delete whole['spec'].target.kubernetes.route;
  return whole;
}

/** A release at 25 % in both routes. */
async function exposed(): Promise<Change> {
  const next = web.nextVersion();
  await web.cluster.apply(probing(next));
  await until('the document is looked at', async () => {
    const { metadata, status } = await readPipeline(web.cluster, NAME);
    return status?.observedGeneration === (metadata as { generation?: number }).generation;
  });
  const change = await web.change({}, next);
  const both = () => [web.history, second].every(one => one.last()?.weight === 25 && one.last()?.isAccepted);
  await until('both routes give 25 %', both, { withinMs: 60_000 });
  return change;
}

const isRollback = ({ method, body }: Asked) => method === 'PATCH' && body.includes('spillway.dev~1rolled-back');

/** The first patches that write a rollback, whatever else is written. */
function firstRollbacks(count: number, fault: Fault) {
  let left = count;
  return (asked: Asked) => (isRollback(asked) && left-- > 0 ? fault : undefined);
}

async function rollBack({ release }: Change): Promise<number> {
  const beganMs = performance.now();
  const done = await run(room, [
    'rollback',
    release,
    '--reason',
    'the test wants it',
    '--server',
    server.url,
    '--json',
  ]);
  expect(done.exit, done.stderr).toBe(0);
  expect(documentOf(done).id).toBe(release);
  return beganMs;
}

const zeroAfter = (history: RouteHistory, ms: number) =>
  history.states.find(({ atMs, weight, tombstone }) => atMs >= ms && !weight && tombstone !== undefined);

async function recorded({ release }: Change) {
  const look = async () => (await web.releases()).find(one => one.metadata.name.endsWith(release.replace('rel_', '')));
  const ended = await until('the release has ended', async () => {
    const found = await look();
    return found?.['status']?.phase === 'rolledBack' && found;
  });
  return ended['status'].rollback;
}

describe('a rollback meets', () => {
  test.for<[string, number, Fault]>([
    ['409, three times for each route', 6, { status: 409 }],
    ['429 with a wish for a second', 4, { status: 429, headers: { 'retry-after': '1' } }],
    ['500, three times for each route', 6, { status: 500 }],
    ['an API server that hangs, twice for each route', 4, 'hang'],
  ])('%s: the traffic is back within the SLA, and three clocks tell it', async ([name, count, fault]) => {
    const change = await exposed();
    proxy.fault = firstRollbacks(count, fault);
    const beganMs = await rollBack(change);
    const zeros = await until('both routes say 0', () => {
      const found = [web.history, second].map(history => zeroAfter(history, beganMs));
      return found.every(one => one !== undefined) && (found as { atMs: number }[]);
    });
    expect(proxy.met.length, 'faults that were met').toBe(count);
    const tookMs = Math.max(...zeros.map(({ atMs }) => atMs)) - beganMs;
    expect(tookMs).toBeLessThan(SLA_MS);
    const { trigger, clocks, withinSla } = await recorded(change);
    const { decisionToWriteMs, writeToAcceptedMs, writeToVerifiedMs } = clocks;
    say(`${name}: weight 0 after ${Math.round(tookMs)} ms from the command on; ${JSON.stringify(clocks)}`);
    expect({ trigger, withinSla }).toEqual({ trigger: 'manual', withinSla: true });
    expect(decisionToWriteMs).toBeGreaterThan(0);
    expect(writeToAcceptedMs).toBeGreaterThan(0);
    expect(writeToVerifiedMs).toBeGreaterThan(0);
    expect(decisionToWriteMs + Math.max(writeToAcceptedMs, writeToVerifiedMs)).toBeLessThan(SLA_MS);
    await web.untilClean();
    expect(broken(web.traffic.answers)).toEqual([]);
  });

  test('one route of two that cannot be written: the other is back at once, and the failure is shown until it is', async () => {
    const change = await exposed();
    proxy.fault = ({ method, path }) => (method === 'PATCH' && path.includes(SECOND) ? { status: 500 } : undefined);
    const beganMs = performance.now();
    const giving = rollBack(change);
    const zero = await until('the first route says 0', () => zeroAfter(web.history, beganMs));
    say(`one of two broken: the other at 0 after ${Math.round(zero.atMs - beganMs)} ms from the command on`);
    expect(zero.atMs - beganMs).toBeLessThan(3_000);
    await giving;
    const { status } = await untilPipeline(web.cluster, NAME, one => conditionOf(one, 'Degraded')?.status === 'True');
    expect(status!.phase).toBe('rollingBack');
    expect(conditionOf(status, 'Degraded')).toMatchObject({ reason: 'RollingBack' });
    await until('the log names the route and why', () => new RegExp(`${SECOND}.*500`).test(server.stderr()));
    await until('the alert of the SLA', () => server.stderr().includes('RollbackTimeExceeded'), { withinMs: 30_000 });
    expect(second.last()?.weight, 'the broken route, all the while').toBe(25);
    proxy.fault = () => undefined;
    await until('the second route says 0', () => zeroAfter(second, beganMs));
    expect((await recorded(change)).withinSla).toBe(false);
    await web.untilClean();
  });

  test('S81: events that the cluster does not take for 30 s, and a listener that reads nothing: it is as fast as ever', async () => {
    const events: Asked[] = [];
    proxy.fault = asked => {
      if (asked.method !== 'POST' || !/\/events(\?|$)/.test(asked.path)) return undefined;
      events.push(asked);
      return 'hang';
    };
    const listener = await fetch(`${server.url}/api/v1/events`);
    expect(listener.status).toBe(200);
    const change = await exposed();
    const beganMs = await rollBack(change);
    const zeros = await until('both routes say 0', () => {
      const found = [web.history, second].map(history => zeroAfter(history, beganMs));
      return found.every(one => one !== undefined) && (found as { atMs: number }[]);
    });
    const tookMs = Math.max(...zeros.map(({ atMs }) => atMs)) - beganMs;
    const { clocks, withinSla } = await recorded(change);
    say(`events that hang: weight 0 after ${Math.round(tookMs)} ms from the command on; ${JSON.stringify(clocks)}`);
    expect(tookMs).toBeLessThan(SLA_MS);
    // The server's own part, without the start of a process that gives the command.
    expect(clocks.decisionToWriteMs).toBeLessThan(1_000);
    expect(withinSla).toBe(true);
    expect(events.length, 'events that hang').toBeGreaterThan(0);
    await listener.body?.cancel();
    await web.untilClean();
  });
});
