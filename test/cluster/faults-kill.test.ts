/**
 * The server is killed 30 times, over releases that are good and releases that are bad, and started again on the same folder:
 * whatever was half done is finished, once, and users notice nothing of it.
 */
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import type { KubeObject } from './client/objects.ts';
import { type Kill, killAgainAndAgain } from './support/killer.ts';
import { pipeline, untilPipeline } from './support/pipelines.ts';
import { broken } from './support/steady-traffic.ts';
import { untilServed } from './support/traffic.ts';
import { doubled, NAME, openWeb, say, verifiedAudit, type Web } from './support/web.ts';

const KILLS = 30;
const SEED = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
/** Between the word of the gateway that it has taken a route up and its obedience. */
const OBEDIENCE_MS = 2_000;
let room: Room;
let web: Web;
const attempts: Attempt[] = [];

beforeAll(async () => {
  room = openRoom();
  web = await openWeb(room);
});
afterAll(() => room.end());

const autoscaler = (namespace: string): KubeObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: NAME, namespace },
  spec: {
    minReplicas: 2,
    maxReplicas: 6,
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: NAME },
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 90 } } }],
  },
});

interface Attempt {
  version: string;
  isBad: boolean;
  fromMs: number;
  release: string;
}

/** Releases, one after the other, good and bad in turn, until nobody kills any more. */
async function releaseUntil(isOver: () => boolean): Promise<void> {
  while (attempts.length < 4 || !isOver()) {
    const fromMs = performance.now();
    const isBad = attempts.length % 2 === 1;
    attempts.push({ isBad, fromMs, ...(await web.change(isBad ? { FAIL_SHARE: '0.5' } : {})) });
    await untilPipeline(web.cluster, NAME, ({ phase }) => phase === 'serving', 120_000);
    await web.untilClean();
    say(`${attempts.at(-1)!.version} ended after ${Math.round(performance.now() - fromMs)} ms`);
  }
}

/** How long after the gateway's word the last request went to the candidate; negative: before. */
function lastAnswerMs({ version, release }: Attempt): number {
  const grave = web.history.states.find(({ tombstone, isAccepted }) => tombstone?.startsWith(release) && isAccepted);
  expect(grave, `the tombstone of ${release} was accepted`).toBeDefined();
  const last = web.traffic.answers.findLast(answer => answer.version === version);
  return (last?.sentMs ?? Number.NEGATIVE_INFINITY) - grave!.atMs;
}

test('kill -9 at 30 moments: no rolled-back candidate serves again, no request breaks, nothing is left, all is on record once', async () => {
  const { cluster, spillway, traffic } = web;
  say(`seed ${SEED}: run again with SPILLWAY_SEED=${SEED}`);
  await cluster.apply(autoscaler(cluster.namespace));
  const bound = async () =>
    (await cluster.get('autoscaling/v2', `horizontalpodautoscalers/${NAME}`))['spec'].minReplicas;
  const data = room.folder();
  const start = () => spillway.start({ data });
  const first = await start();
  const wishes = { stages: [{ weight: 25 }, { weight: 100 }], stage: { hold: '1s' }, bake: '1s' };
  await cluster.apply(pipeline(cluster.namespace, NAME, wishes));
  await untilPipeline(cluster, NAME, ({ phase }) => phase === 'serving');

  let kills: Kill[] | undefined;
  const killing = killAgainAndAgain({ cluster, start, seed: SEED, times: KILLS, onKill: tellKill }, first);
  void killing.then(
    done => (kills = done.kills),
    () => (kills = []),
  );
  await releaseUntil(() => kills !== undefined);
  const { server } = await killing;
  tellEnd();

  for (const attempt of attempts.filter(({ isBad }) => isBad))
    expect(lastAnswerMs(attempt), `${attempt.version} after its rollback`).toBeLessThan(OBEDIENCE_MS);
  expect(await bound(), 'the bound of the autoscaler').toBe(2);
  expect(broken(traffic.answers)).toEqual([]);
  const ends = (await web.releases()).map(({ status }) => status?.phase);
  expect(ends).toEqual(attempts.map(({ isBad }) => (isBad ? 'rolledBack' : 'succeeded')).slice(-10));
  const events = await verifiedAudit(room, server.url);
  expect(doubled(events)).toEqual([]);
  await untilServed(web.host, { [attempts.findLast(({ isBad }) => !isBad)!.version]: 1 });
}, 420_000);

/** Where in its release a kill came. */
function tellKill({ atMs, drawn }: Kill): void {
  const attempt = attempts.findLast(({ fromMs }) => fromMs <= atMs);
  const { weight = '-', tombstone } = web.history.last() ?? {};
  const grave = attempt && tombstone?.startsWith(attempt.release) ? ', rolled back' : '';
  say(`killed ${drawn}: ${attempt?.isBad ? 'bad' : 'good'} ${attempt?.version}, weight ${weight}${grave}`);
}

function tellEnd(): void {
  const lags = attempts.filter(({ isBad }) => isBad).map(lastAnswerMs);
  say(`${attempts.length} releases; last answer after the gateway's word: ${lags.map(Math.round).join(', ')} ms`);
}
