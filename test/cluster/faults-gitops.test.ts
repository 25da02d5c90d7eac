/**
 * A tool that brings the cluster to what Git says applies the route again and again while a release moves its weights: shares are put
 * back, a rollback stays, and at the end the route is the one in Git.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { run, type ServerProcess } from '../support/spillway.ts';
import { until } from '../support/until.ts';
import { type KubeObject, pathOf } from './client/objects.ts';
import { pipeline, readPipeline, untilPipeline } from './support/pipelines.ts';
import { broken } from './support/steady-traffic.ts';
import { NAME, openWeb, say, type Web } from './support/web.ts';
import { route } from './support/workloads.ts';

const OBEDIENCE_MS = 2_000;
const CANDIDATE = `${NAME}-candidate`;
let room: Room;
let web: Web;
let server: ServerProcess;
let tool: Tool | undefined;

beforeAll(async () => {
  room = openRoom();
  web = await openWeb(room);
  server = await web.spillway.start();
});
afterAll(() => room.end());

type Sync = (inGit: KubeObject) => Promise<unknown>;

/** As Argo CD and Flux do it. */
const serverSide: Sync = inGit =>
  web.cluster.api.patch(`${pathOf(inGit)}?fieldManager=gitops&force=true`, 'apply', inGit);

/** As `kubectl replace` does it: annotations that Git does not know are gone. */
const clientSide: Sync = async inGit => {
  const { api } = web.cluster;
  const { resourceVersion } = (await api.call('GET', pathOf(inGit))).metadata;
  return api.call('PUT', pathOf(inGit), { ...inGit, metadata: { ...inGit.metadata, resourceVersion } });
};

interface Tool {
  /** When it synced; `performance.now()`. */
  at: number[];
  end(): Promise<void>;
}

/** Applies it again and again until the end. */
function syncing(inGit: KubeObject, sync: Sync, everyMs: number): Tool {
  const stop = new AbortController();
  const at: number[] = [];
  const work = async () => {
    while (!stop.signal.aborted) {
      // What somebody wrote in between is a conflict for a PUT, which the tool tries again the next time.
      await sync(inGit).catch(() => undefined);
      at.push(performance.now());
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };
  const running = work();
  return {
    at,
    end() {
      stop.abort();
      return running;
    },
  };
}

const without = () => route(web.cluster.namespace, NAME, { host: web.host, weights: { [NAME]: 1 } });
const withZero = () => route(web.cluster.namespace, NAME, { host: web.host, weights: { [NAME]: 100, [CANDIDATE]: 0 } });
const routeSpec = async () => (await web.cluster.api.call('GET', pathOf(without())))['spec'];

/** Times that the candidate got its weight back after somebody took it away. */
function putBack(sinceMs: number, weight: number): number {
  const weights = web.history.weightsSince(sinceMs);
  return weights.filter((one, i) => one === `${weight}` && i > 0).length;
}

async function pipelineOf(stages: { weight: number }[], hold: string): Promise<void> {
  const wishes = { stages, stage: { hold, timeout: '10m' }, bake: '1s' };
  await web.cluster.apply(pipeline(web.cluster.namespace, NAME, wishes));
  await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving');
}

describe('a route that is applied again', () => {
  test.for<[string, () => KubeObject, Sync, number]>([
    ['every 5 s by server-side apply, without the candidate', without, serverSide, 5_000],
    ['every second by server-side apply, without the candidate', without, serverSide, 1_000],
    ['every second by server-side apply, with the candidate at weight 0', withZero, serverSide, 1_000],
    ['every 2 s by PUT, without the candidate', without, clientSide, 2_000],
  ])('%s: the share is put back, a rollback wins and stays', async ([name, inGit, sync, everyMs]) => {
    const beganMs = performance.now();
    await pipelineOf([{ weight: 25 }, { weight: 100 }], '10m');
    await sync(inGit());
    const before = await routeSpec();
    const { version, release } = await web.change();
    await until('the route gives 25 %', () => web.history.last()?.weight === 25, { withinMs: 60_000 });
    const fromMs = performance.now();
    const syncer = syncing(inGit(), sync, everyMs);
    tool = syncer;
    await until('the share was put back', () => putBack(fromMs, 25) >= 1, {
      withinMs: 30_000,
      instead: () => web.history.weightsSince(fromMs),
    });
    const askedMs = performance.now();
    const asked = await run(room, ['rollback', release, '--reason', 'the test wants it', '--server', server.url]);
    expect(asked.exit, asked.stderr).toBe(0);
    const isBack = () => web.history.states.find(one => one.tombstone?.startsWith(release) && !one.weight);
    const zero = await until('the route has its tombstone', isBack);
    const synced = syncer.at.length;
    await until('the tool was there twice more', () => syncer.at.length >= synced + 2, { withinMs: 15_000 });
    expect(web.history.states.filter(({ atMs, weight }) => atMs > zero.atMs && weight)).toEqual([]);
    const late = web.traffic.since(zero.atMs + OBEDIENCE_MS).filter(answer => answer.version === version);
    expect(late, 'answers of the candidate after its rollback').toEqual([]);
    await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving');
    await until('the route is the one in Git', async () => isSame(await routeSpec(), before), { instead: routeSpec });
    await tool?.end();
    await web.untilGone();
    const ours = broken(web.traffic.since(beganMs)).length;
    say(
      `${name}: ${syncer.at.length} times, put back ${putBack(fromMs, 25)} times, rolled back in ${Math.round(zero.atMs - askedMs)} ms, ${ours} broken requests of ${web.traffic.since(beganMs).length}`,
    );
    expect(isSame(await routeSpec(), before)).toBe(true);
    expect(ours).toBe(0);
  });

  test('every 5 s, under a good version: it is released all the same, and the route is the one in Git', async () => {
    const fromMs = performance.now();
    await pipelineOf([{ weight: 25 }, { weight: 100 }], '2s');
    await serverSide(without());
    const before = await routeSpec();
    tool = syncing(without(), serverSide, 5_000);
    await web.change();
    await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving', 120_000);
    await web.untilGone();
    await tool?.end();
    say(
      `a good version under a tool: ${Math.round(performance.now() - fromMs)} ms, ${web.history.weightsSince(fromMs).join(' ')}`,
    );
    expect((await web.releases()).at(-1)?.['status'].phase).toBe('succeeded');
    expect(isSame(await routeSpec(), before)).toBe(true);
    expect(broken(web.traffic.since(fromMs))).toEqual([]);
  }, 180_000);
});

/** Whatever a test left: nobody syncs any more, and no release runs. */
afterEach(async () => {
  await tool?.end();
  const { phase, release } = (await readPipeline(web.cluster, NAME))['status'] ?? {};
  if (phase !== 'serving')
    await run(room, ['rollback', release, '--reason', 'the test is over', '--server', server.url]);
});

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
