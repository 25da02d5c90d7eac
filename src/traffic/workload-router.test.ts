import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../clock.ts';
import type { Json } from '../config/plan.ts';
import { type ApiServer, apiServer } from '../kube/api-server.test-support.ts';
import { type Faults, faultyStore } from '../store/faulty-store.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import type { Drift } from './gateway/drift.ts';
import { EPOCH, type RouteObject, TOMBSTONE } from './gateway/object.ts';
import { ref, routeWith, split } from './gateway/routes.test-support.ts';
import { BASELINE, CANDIDATE, routeOf, routerContract } from './router.contract.ts';
import type { Route } from './router.ts';
import { type Place, type WorkloadRouter, workloadRouter } from './workload-router.ts';

const ARTIFACT = 'shop.web';
const collection = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes';
const stable = { name: 'stable', port: 80 };
const canary = { name: 'canary', port: 80 };
const placeWith = (...names: string[]): Place => ({
  routes: names.map(name => ({ namespace: 'shop', name, kind: 'HTTPRoute' })),
  baseline: stable,
  candidate: canary,
});

interface Bench {
  store: Store;
  faults: Faults;
  api: ApiServer;
  router: WorkloadRouter;
  /** Another replica on the same store and cluster. */
  another(): WorkloadRouter;
  close(): Promise<void>;
}

/** The release whose candidate is not ready, if there is one. */
let unfit: string | null;

async function open(artifact = ARTIFACT, specOf: (version: string) => Json = version => ({ version })): Promise<Bench> {
  unfit = null;
  const folder = mkdtempSync(join(tmpdir(), 'spillway-workload-router-'));
  const { store, faults } = faultyStore(await openSqliteStore({ folder, clock: systemClock }));
  const api = await apiServer();
  for (const version of [BASELINE, CANDIDATE])
    await store.putVersion({ artifact, version, spec: specOf(version), createdAt: 0, createdBy: 'test', heldBy: null });
  const routers: WorkloadRouter[] = [];
  const log = { warn: () => undefined };
  const another = () => {
    const isFit = (releaseId: string) => releaseId !== unfit;
    const one = workloadRouter({ store, client: api.client, clock: systemClock, random: () => 0.5, log, isFit });
    routers.push(one);
    return one;
  };
  put(api, 'web', routeWith([{ backendRefs: [ref('stable', 7)] }]));
  const router = another();
  router.place(artifact, placeWith('web'));
  const close = async () => {
    faults.heal();
    await Promise.all(routers.map(one => one.close()));
    await api.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { store, faults, api, router, another, close };
}

function put(api: ApiServer, name: string, route: RouteObject): void {
  api.put(`${collection}/${name}`, { ...route, metadata: { ...route.metadata, name } });
}

/** As GitOps does it: the rules of Git, annotations of others kept. */
function reset(api: ApiServer, rules: RouteObject['spec'] & object, name = 'web'): void {
  const { metadata } = api.objects.get(`${collection}/${name}`)!;
  put(api, name, routeWith(rules.rules!, metadata.annotations));
}

routerContract('the workload router', () => open('support-bot'));

let bench: Bench;
afterEach(() => bench?.close());
const of = (change: Partial<Route> = {}) => routeOf({ artifact: ARTIFACT, ...change });
const rolledBack = (epoch: number) =>
  of({ epoch, weight: 0, releaseId: null, salt: '', candidate: null, rolledBack: `rel_1@${epoch}` });
const weights = (name = 'web') =>
  bench.api.objects.get(`${collection}/${name}`)!.spec!.rules![0]!.backendRefs!.map(({ weight }) => weight);
const annotations = (name = 'web') => bench.api.objects.get(`${collection}/${name}`)!.metadata.annotations;

describe('a raise', () => {
  test('adds the reference where the route has none, and splits', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 25 }));
    expect(weights()).toEqual([75, 25]);
  });

  test('that the store does not take reaches no object', async () => {
    bench = await open();
    bench.faults.fail('putRoute');
    await expect(bench.router.writeRoute(of())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(weights()).toEqual([7]);
    expect(await bench.router.readRoute(ARTIFACT)).toBeUndefined();
  });

  test('that one route refuses is not live, though it is stored, and is live when it is written again', async () => {
    bench = await open();
    put(bench.api, 'second', routeWith([{ backendRefs: [ref('theirs')] }]));
    bench.router.place(ARTIFACT, placeWith('web', 'second'));
    await expect(bench.router.writeRoute(of({ weight: 25 }))).rejects.toThrow(
      /second .*does not send to Service stable in any rule/,
    );
    expect(weights(), 'the other one has it').toEqual([75, 25]);
    await until('both are seen', () => bench.router.seen(ARTIFACT).length === 2);
    expect(await bench.router.readRoute(ARTIFACT)).not.toEqual(of({ weight: 25 }));
    put(bench.api, 'second', routeWith([split(1, 0)]));
    await bench.router.writeRoute(of({ weight: 25 }));
    expect(weights('second')).toEqual([75, 25]);
    expect(await bench.router.readRoute(ARTIFACT)).toEqual(of({ weight: 25 }));
  });

  test('is refused before it is known where the workload is routed, and so it is not stored', async () => {
    bench = await open();
    bench.router.place(ARTIFACT, undefined);
    await expect(bench.router.writeRoute(of())).rejects.toMatchObject({ code: 'PLACE_UNKNOWN' });
    expect(await bench.store.getRoute(ARTIFACT)).toBeUndefined();
  });
});

describe('a lowering', () => {
  test('is live while the store is away, and is stored when it is asked for again', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 50 }));
    bench.faults.fail();
    const live: number[] = [];
    await expect(bench.router.writeRoute(rolledBack(2), atMs => live.push(atMs))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect([weights(), live.length, annotations()![TOMBSTONE]]).toEqual([[100, 0], 1, 'rel_1@2']);
    expect(await bench.router.readRoute(ARTIFACT)).toEqual(rolledBack(2));
    bench.faults.heal();
    await bench.router.writeRoute(rolledBack(2));
    expect(await bench.store.getRoute(ARTIFACT)).toMatchObject({ weight: 0, epoch: 2, rolledBack: 'rel_1@2' });
  });

  test('reaches the routes that it can, says when, and fails for the one that it cannot', async () => {
    bench = await open();
    put(bench.api, 'second', routeWith([split(1, 0)]));
    bench.router.place(ARTIFACT, placeWith('second', 'web'));
    await bench.router.writeRoute(of({ weight: 50 }));
    bench.api.faults.push({ method: 'PATCH', name: 'second', fault: { status: 403 } });
    const live: number[] = [];
    await expect(bench.router.writeRoute(rolledBack(2), atMs => live.push(atMs))).rejects.toMatchObject({
      code: 'RIGHTS_MISSING',
    });
    expect(live).toHaveLength(1);
    expect([weights(), weights('second')]).toEqual([
      [100, 0],
      [50, 50],
    ]);
    expect(await bench.store.getRoute(ARTIFACT), 'stored all the same').toMatchObject({ rolledBack: 'rel_1@2' });
    expect(await bench.router.readRoute(ARTIFACT), 'the next pass writes again').not.toEqual(rolledBack(2));
    await bench.router.writeRoute(rolledBack(2));
    expect(weights('second')).toEqual([100, 0]);
    expect(await bench.router.readRoute(ARTIFACT)).toEqual(rolledBack(2));
  });

  test('that was overtaken by a rollback while the store answered is refused, and the rollback stays wanted', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ epoch: 1, weight: 50 }));
    const promoted = bench.router.writeRoute(of({ epoch: 2, weight: 0, baseline: CANDIDATE, candidate: null }));
    const back = bench.router.writeRoute(rolledBack(5));
    await expect(promoted).rejects.toMatchObject({ code: 'EPOCH_STALE' });
    await back;
    expect([weights(), await bench.router.readRoute(ARTIFACT)]).toEqual([[100, 0], rolledBack(5)]);
  });

  test('is stored also while it is not known where the workload is routed', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 50 }));
    const other = bench.another();
    await other.load();
    await expect(other.writeRoute(rolledBack(2))).rejects.toMatchObject({ code: 'PLACE_UNKNOWN' });
    expect(await bench.store.getRoute(ARTIFACT)).toMatchObject({ rolledBack: 'rel_1@2' });
    other.place(ARTIFACT, placeWith('web'));
    await other.writeRoute(rolledBack(2));
    expect(weights()).toEqual([100, 0]);
  });

  test('is obeyed already where the route does not name the candidate', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 0, candidate: null, releaseId: null, salt: '' }));
    expect(weights()).toEqual([7]);
  });
});

describe('what is live', () => {
  test('is the stored route after a restart, and not the stored weight where the object has another', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ epoch: 1, weight: 10 }));
    // A crash between the store and the cluster.
    await bench.store.putRoute({ ...of({ epoch: 2, weight: 25 }), updatedAt: 0 });
    await bench.router.close();
    const other = bench.another();
    await other.load();
    expect(await other.readRoute(ARTIFACT)).toEqual(of({ epoch: 2, weight: 25 }));
    bench.faults.fail('getRoute'); // so that the watch does not put it right
    other.place(ARTIFACT, placeWith('web'));
    await until('it has looked', () => other.seen(ARTIFACT).length === 1);
    expect(await other.readRoute(ARTIFACT)).toEqual(of({ epoch: 1, weight: 10 }));
  });

  test('is rolled back as soon as one object has a tombstone of the release, whoever wrote it', async () => {
    bench = await open();
    put(bench.api, 'second', routeWith([split(1, 0)]));
    bench.router.place(ARTIFACT, placeWith('web', 'second'));
    await bench.router.writeRoute(of({ weight: 50 }));
    await until('both are watched', () => bench.api.watchers.length === 2);
    const buried = structuredClone(bench.api.objects.get(`${collection}/second`)!);
    Object.assign(buried.metadata.annotations!, { [EPOCH]: '8', [TOMBSTONE]: 'rel_1@8' });
    bench.api.put(`${collection}/second`, buried);
    await until('it is seen', async () => (await bench.router.readRoute(ARTIFACT))?.rolledBack === 'rel_1@8');
    expect(await bench.router.readRoute(ARTIFACT)).toEqual(rolledBack(8));
  });

  test('has the newer epoch of an object, so that the next release begins above it', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 50 }));
    await until('it watches', () => bench.api.watchers[0]);
    const newer = structuredClone(bench.api.objects.get(`${collection}/web`)!);
    newer.metadata.annotations![EPOCH] = '40';
    bench.api.put(`${collection}/web`, newer);
    await until('it is seen', async () => (await bench.router.readRoute(ARTIFACT))?.epoch === 40);
  });

  test('takes up what another replica stored, and nothing older', async () => {
    bench = await open();
    const other = bench.another();
    await bench.router.writeRoute(of({ epoch: 3, weight: 25 }));
    await other.refresh?.(ARTIFACT);
    expect(await other.readRoute(ARTIFACT)).toEqual(of({ epoch: 3, weight: 25 }));
    await other.refresh?.();
    await expect(other.writeRoute(of({ epoch: 2, weight: 10 }))).rejects.toMatchObject({ code: 'EPOCH_STALE' });
  });

  test('leaves prompts to their registry', async () => {
    bench = await open();
    await bench.store.putRoute({ ...routeOf(), updatedAt: 0 });
    await bench.router.load();
    expect(await bench.router.readRoute('support-bot')).toBeUndefined();
  });
});

describe('drift', () => {
  test('that takes the reference away is put back for a raise, reference and weight', async () => {
    bench = await open();
    const drifts: [string, Drift['is']][] = [];
    bench.router.onDrift((artifact, { is }) => drifts.push([artifact, is]));
    await bench.router.writeRoute(of({ weight: 25 }));
    await until('it watches', () => bench.api.watchers[0]);
    reset(bench.api, { rules: [{ backendRefs: [ref('stable', 7)] }] });
    await until('it is put back', () => weights()[1] === 25);
    await until('it is said', () => drifts.length > 0);
    expect(drifts).toEqual([[ARTIFACT, 'repaired']]);
  });

  test('is not put back where the store has another route by now, and is shown as it is', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 25 }));
    await until('it watches', () => bench.api.watchers[0]);
    await bench.store.putRoute({ ...rolledBack(4), updatedAt: 0 });
    const drifts: Drift['is'][] = [];
    bench.router.onDrift((_artifact, { is }) => drifts.push(is));
    reset(bench.api, { rules: [split(100, 0)] });
    await until('it is said', () => drifts.length > 0);
    expect(drifts[0]).toBe('left');
    expect(weights()).toEqual([100, 0]);
    expect((await bench.router.readRoute(ARTIFACT))?.weight).toBe(0);
  });

  test('is not put back for a candidate that is not ready', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 25 }));
    await until('it watches', () => bench.api.watchers[0]);
    unfit = of().releaseId;
    const drifts: Drift['is'][] = [];
    bench.router.onDrift((_artifact, { is }) => drifts.push(is));
    reset(bench.api, { rules: [split(100, 0)] });
    await until('it is said', () => drifts.length > 0);
    expect(drifts[0]).toBe('left');
    expect(weights()).toEqual([100, 0]);
  });

  test('of a rollback is put back by every replica that knows of it, also while the store is away', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 50 }));
    await bench.router.writeRoute(rolledBack(2));
    const other = bench.another();
    await other.load();
    other.place(ARTIFACT, placeWith('web'));
    await until('both watch', () => bench.api.watchers.length === 2);
    await bench.router.close();
    bench.faults.fail();
    reset(bench.api, { rules: [split(50, 50)] });
    await until('it is put back', () => weights()[1] === 0);
  });

  test('between two replicas never swings: the one that is behind stands down', async () => {
    bench = await open();
    const other = bench.another();
    other.place(ARTIFACT, placeWith('web'));
    await other.writeRoute(of({ epoch: 1, weight: 10 }));
    await bench.router.refresh?.();
    const seen: (number | undefined)[] = [];
    for (let n = 2; n <= 6; n++) {
      await bench.router.writeRoute(of({ epoch: n, weight: n * 10 }));
      bench.api.put(`${collection}/web`, bench.api.objects.get(`${collection}/web`)!); // as a gateway's status does
      seen.push(weights()[1]);
    }
    await until('the other one has looked', () => other.seen(ARTIFACT)[0]?.metadata.annotations?.[EPOCH] === '6');
    expect(seen).toEqual([20, 30, 40, 50, 60]);
    expect(weights()).toEqual([40, 60]);
  });
});

describe('an external workload', () => {
  const specOf = (version: string): Json => ({ version, backend: version === BASELINE ? stable : canary });

  test('sends all to the backend of the version that serves, whichever of the two it is', async () => {
    bench = await open(ARTIFACT, specOf);
    put(bench.api, 'web', routeWith([split(100, 0)]));
    await bench.router.writeRoute(of({ epoch: 1, weight: 95 }));
    const serves = { weight: 0, candidate: null, releaseId: null, salt: '' };
    await bench.router.writeRoute(of({ epoch: 2, ...serves, baseline: CANDIDATE }));
    expect(weights()).toEqual([0, 100]);
    await bench.router.writeRoute(of({ epoch: 3, weight: 10, baseline: CANDIDATE, candidate: BASELINE }));
    expect(weights()).toEqual([10, 90]);
    await bench.router.writeRoute(of({ ...serves, epoch: 4, baseline: CANDIDATE, rolledBack: 'rel_1@4' }));
    expect(weights()).toEqual([0, 100]);
  });

  test('is given no reference: both are in the route that its owner wrote', async () => {
    bench = await open(ARTIFACT, specOf);
    await expect(bench.router.writeRoute(of())).rejects.toThrow(/no rule sends to both/);
    expect(weights()).toEqual([7]);
  });
});

test('what one route refuses is known until it takes it', async () => {
  bench = await open();
  await bench.router.writeRoute(of());
  expect(bench.router.trouble(ARTIFACT)).toBeUndefined();
  for (let n = 0; n < 40; n++) bench.api.faults.push({ method: 'PATCH', fault: { status: 403 } });
  await expect(bench.router.writeRoute(of({ epoch: 2, weight: 50 }))).rejects.toThrow();
  expect(bench.router.trouble(ARTIFACT)).toMatch(/web was not given weight 50/);
  bench.api.faults.length = 0;
  await bench.router.writeRoute(of({ epoch: 2, weight: 50 }));
  expect(bench.router.trouble(ARTIFACT)).toBeUndefined();
});

describe('a confirmation', () => {
  test('comes when every gateway has seen the rollback, and not before', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 50 }));
    bench.api.isStatusLate = true;
    const { liveAtMs } = await bench.router.writeRoute(rolledBack(2));
    await expect(bench.router.confirm(rolledBack(2))).rejects.toThrow(/web was not accepted in time: .*generation/);
    bench.api.isStatusLate = false;
    bench.api.put(`${collection}/web`, bench.api.objects.get(`${collection}/web`)!);
    const first = await bench.router.confirm(rolledBack(2));
    expect(first.acceptedAtMs).toBeGreaterThan(liveAtMs);
    expect(await bench.router.confirm(rolledBack(2)), 'again is the same').toEqual(first);
  });

  test('of a rollback does not wait for a candidate that cannot be reached any more', async () => {
    bench = await open();
    await bench.router.writeRoute(of({ weight: 50 }));
    await bench.router.writeRoute(rolledBack(2));
    const broken = structuredClone(bench.api.objects.get(`${collection}/web`)!);
    Object.assign(broken.status!.parents![0]!.conditions![1]!, { status: 'False', reason: 'BackendNotFound' });
    bench.api.put(`${collection}/web`, broken);
    expect((await bench.router.confirm(rolledBack(2))).acceptedAtMs).toBeGreaterThan(0);
  });

  test('says why the data plane was not seen to obey, and is not held up by it for long', async () => {
    bench = await open();
    const probe = { url: bench.api.url, versionIn: { header: 'x-version' }, baseline: 'a', candidate: 'b' };
    bench.router.place(ARTIFACT, { ...placeWith('web'), probe });
    await bench.router.writeRoute(of({ weight: 50 }));
    await bench.router.writeRoute(rolledBack(2));
    const startedMs = performance.now();
    const { verifiedAtMs, unverified } = await bench.router.confirm(rolledBack(2));
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect([verifiedAtMs, unverified]).toEqual([undefined, expect.stringMatching(/does not obey weight 0 in time/)]);
  });
});
