/**
 * The router of workloads on a real API server, a real data plane and the real store: a release's weights from the reference
 * that is added to the one that is taken out, and a GitOps tool that knows nothing of it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { accessOfKubeconfig } from '../../src/kube/access.ts';
import { type KubeClient, kubeClient } from '../../src/kube/client.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { detach } from '../../src/traffic/gateway/attach.ts';
import type { Drift } from '../../src/traffic/gateway/drift.ts';
import { ATTACHED, EPOCH, type RouteObject, TOMBSTONE } from '../../src/traffic/gateway/object.ts';
import { isSameRoute, type Route } from '../../src/traffic/router.ts';
import { type Place, type WorkloadRouter, workloadRouter } from '../../src/traffic/workload-router.ts';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import type { KubeObject } from './client/objects.ts';
import { GATEWAY } from './plane/addresses.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { send, untilServed } from './support/traffic.ts';
import { route, untilRolledOut, workload } from './support/workloads.ts';

const REQUESTS = 1_000;
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
let room: Room;
let cluster: Cluster;
let client: KubeClient;
let host: string;
let artifact: string;
let store: Store;
let router: WorkloadRouter;
const drifts: Drift[] = [];
let epoch = 0;

beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  client = kubeClient(accessOfKubeconfig([process.env['KUBECONFIG']!]));
  room.atEnd(() => client.close());
  host = `${cluster.namespace}.example`;
  artifact = `${cluster.namespace}.web`;
  for (const name of ['stable', 'canary', 'theirs'])
    await cluster.apply(...workload(cluster.namespace, { name, version: name }));
  for (const name of ['stable', 'canary', 'theirs']) await untilRolledOut(cluster, name);
});
afterAll(() => room.end());

/** As its owner wrote it: the candidate is not named, and a part of the traffic is another team's. */
function original(): KubeObject {
  const rich = route(cluster.namespace, 'web', { host, weights: {} });
  const header = { name: 'x-tier', value: 'a&b <c>' };
  const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [header] } }];
  rich['spec'].rules = [
    { matches: [{ path: { type: 'PathPrefix', value: '/theirs' } }], backendRefs: [{ name: 'theirs', port: 80 }] },
    { matches: [{ path: { type: 'PathPrefix', value: '/' } }], filters, backendRefs: [{ name: 'stable', port: 80 }] },
  ];
  return rich;
}

const place = (): Place => ({
  routes: [{ namespace: cluster.namespace, name: 'web', kind: 'HTTPRoute' }],
  baseline: { name: 'stable', port: 80 },
  candidate: { name: 'canary', port: 80 },
  probe: { url: GATEWAY, headers: { host }, versionIn: { json: 'version' }, baseline: 'stable', candidate: 'canary' },
});

beforeEach(async () => {
  const test = openRoom();
  store = await openSqliteStore({ folder: test.folder(), clock: systemClock });
  test.atEnd(() => store.close());
  for (const version of [digest('a'), digest('b')])
    await store.putVersion({ artifact, version, spec: {}, createdAt: 0, createdBy: 'test', heldBy: null });
  await cluster.kubectl('delete', 'httproutes', '--all');
  await cluster.apply(original());
  await untilServed(host, { stable: 1 });
  epoch = 0;
  drifts.length = 0;
  router = open();
  test.atEnd(() => router.close());
  router.onDrift((_artifact, drift) => drifts.push(drift));
  testRoom = test;
});
let testRoom: Room;
afterEach(() => testRoom.end());

function open(): WorkloadRouter {
  const log = { warn: () => undefined };
  const one = workloadRouter({ store, client, clock: systemClock, random: Math.random, log });
  one.place(artifact, place());
  return one;
}

const split = (weight: number): Route => {
  epoch += 1;
  const [baseline, candidate] = [digest('a'), digest('b')];
  return { artifact, releaseId: 'rel_1', salt: 'rel_1', epoch, weight, baseline, candidate, rolledBack: null };
};
const rollback = (): Route => ({
  ...split(0),
  releaseId: null,
  salt: '',
  candidate: null,
  rolledBack: `rel_1@${epoch}`,
});

const read = async () => (await cluster.get('gateway.networking.k8s.io/v1', 'httproutes/web')) as RouteObject;
const weights = async () => (await read()).spec!.rules![1]!.backendRefs!.map(({ weight }) => weight);

/** As a pass does it: again until it is live. */
async function reach(wanted: Route): Promise<void> {
  const isLive = async () => {
    await router.writeRoute(wanted);
    return isSameRoute(await router.readRoute(artifact), wanted);
  };
  await until(`${wanted.weight} % is live`, isLive);
}

describe('a release', () => {
  test('raises 10, 25, 50 and is rolled back, and the object is what its owner wrote', async () => {
    const before = JSON.stringify((await read()).spec);
    for (const weight of [10, 25, 50]) {
      await reach(split(weight));
      await until(`users get ${weight} %`, async () => {
        const { byVersion, failed } = await send(host, REQUESTS);
        expect(failed).toBe(0);
        return Math.abs((100 * (byVersion['canary'] ?? 0)) / REQUESTS - weight) < 5;
      });
    }
    const wanted = rollback();
    const { liveAtMs, storedAtMs } = await router.writeRoute(wanted);
    const confirmed = await until('the gateway has taken it up', () => router.confirm(wanted));
    expect(storedAtMs).toBeGreaterThanOrEqual(liveAtMs);
    expect(confirmed.acceptedAtMs).toBeGreaterThan(liveAtMs);
    expect(confirmed.verifiedAtMs).toBeGreaterThan(liveAtMs);
    expect(await send(host, REQUESTS)).toEqual({ byVersion: { stable: REQUESTS }, failed: 0 });
    expect((await read()).metadata.annotations).toMatchObject({ [EPOCH]: `${epoch}`, [TOMBSTONE]: `rel_1@${epoch}` });
    expect(await store.getRoute(artifact)).toMatchObject({ weight: 0, rolledBack: `rel_1@${epoch}` });

    const { probe: _probe, routes, ...pair } = place();
    const detached = await detach(
      { client, target: { address: routes[0]!, ...pair }, untilMs: performance.now() + 5_000 },
      { clock: systemClock, random: Math.random },
    );
    expect(JSON.stringify(detached.spec)).toBe(before);
    expect((await read()).metadata.annotations).not.toHaveProperty([ATTACHED]);
    await router.writeRoute(wanted);
    expect(await router.readRoute(artifact), 'without the reference it is obeyed').toEqual(wanted);
    expect(JSON.stringify((await read()).spec)).toBe(before);
    expect(drifts, 'nobody else wrote').toEqual([]);
  });

  test('is not carried on by a replica that missed its rollback', async () => {
    await reach(split(50));
    const late = open();
    testRoom.atEnd(() => late.close());
    await late.load();
    await router.writeRoute(rollback());
    await until('it is seen there', async () => (await late.readRoute(artifact))?.rolledBack === `rel_1@${epoch}`);
    await expect(late.writeRoute({ ...split(75), epoch: epoch + 5 })).rejects.toMatchObject({ code: 'EPOCH_STALE' });
    expect(await weights()).toEqual([100, 0]);
  });
});

describe('a GitOps tool that applies the original every second', () => {
  let applied = 0;
  async function withGitOps(work: () => Promise<void>): Promise<void> {
    const file = join(testRoom.folder(), 'route.json');
    writeFileSync(file, JSON.stringify(original()));
    const stop = new AbortController();
    const applying = (async () => {
      while (!stop.signal.aborted) {
        await cluster.kubectl('apply', '-f', file);
        applied += 1;
        await pause(1_000, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    })();
    try {
      await work();
    } finally {
      stop.abort();
      await applying;
    }
  }

  test('does not stop a release: the reference and its weight are put back', async () => {
    await withGitOps(async () => {
      await reach(split(25));
      await until('it was put back twice', () => drifts.filter(({ is }) => is === 'repaired').length >= 2, {
        withinMs: 30_000,
      });
      await until('it has the weight again', async () => (await weights())[1] === 25, { withinMs: 30_000 });
    });
    expect(drifts.map(({ who }) => who)).toContain('kubectl-client-side-apply');
  });

  test('does not make two replicas swing between an older weight and a newer one', async () => {
    const other = open();
    testRoom.atEnd(() => other.close());
    const seen: number[] = [];
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        const share = (await weights())[1] ?? 0; // 0 is what Git says
        if (share > 0 && share !== seen.at(-1)) seen.push(share);
      }
    })();
    await withGitOps(async () => {
      for (const weight of [10, 25, 50]) {
        await reach(split(weight)); // the other one still wants the stage before
        const before = applied;
        await until('it applied twice', () => applied >= before + 2);
        await other.refresh?.();
      }
      const wanted = rollback();
      await router.writeRoute(wanted);
      const before = applied;
      await until('it applied twice', () => applied >= before + 2);
    });
    isOver = true;
    await looking;
    expect(seen).toEqual([10, 25, 50]);
    expect((await weights())[1] ?? 0).toBe(0);
  });

  test('does not bring a candidate back: the rollback stays, seen by users and in the object', async () => {
    await withGitOps(async () => {
      await reach(split(50));
      const wanted = rollback();
      await router.writeRoute(wanted);
      await until('users get the old version alone', async () => {
        const { byVersion, failed } = await send(host, 200);
        return failed === 0 && byVersion['canary'] === undefined;
      });
      const before = applied;
      await until('it applied three times more', () => applied >= before + 3);
      expect((await send(host, REQUESTS)).byVersion).toEqual({ stable: REQUESTS });
      expect((await weights())[1] ?? 0).toBe(0);
      expect((await read()).metadata.annotations).toMatchObject({ [TOMBSTONE]: wanted.rolledBack });
      expect(await router.readRoute(artifact)).toEqual(wanted);
    });
  });
});
