/**
 * The end of a release on Kubernetes's own controllers: the user's Deployment takes the version over, or goes back to the one
 * before, and the namespace is left as it was.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import {
  baseline,
  counting,
  dyingAfterOneWrite,
  holdTemplate,
  openStand,
  releaseOf,
  type Stand,
  untilFound,
} from './support/candidates.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { idle, surroundings, type View, v2, viewOf, web } from './support/surroundings.ts';
import { untilRolledOut } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
let stand: Stand;
let view: View;
beforeEach(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  stand = await openStand(room, cluster);
  view = viewOf(cluster);
});
afterEach(() => room.end());

describe('a promotion', () => {
  test('rolls the held Deployment without unavailability, and the sweep leaves nothing', async () => {
    const from = await baseline(stand, cluster, [...web(cluster, 3), ...surroundings(cluster)]);
    const before = await view.inventory();
    const version = await holdTemplate(stand, cluster, v2);
    const release = releaseOf(stand, { version, baseline: from, weight: 100 });
    const workloads = stand.workloads();
    await stand.untilReady(release, workloads);

    let fewest = 3;
    const isPromoted = async () => {
      const { isReady } = await workloads.promote({ ...release, phase: 'promoting' });
      const own = await stand.own();
      fewest = Math.min(fewest, own.status?.availableReplicas ?? 0);
      return isReady && own;
    };
    const own = await until('the Deployment has taken over', isPromoted, { withinMs: 60_000, everyMs: 50 });
    expect(fewest).toBe(3);
    expect(own.spec.paused).toBeUndefined();
    expect(await view.imagesOf('stable')).toEqual(Array(3).fill('app:v2'));
    expect(await view.minReplicas()).toBe(3);

    await stand.untilClean({ baseline: version });
    expect(await view.inventory()).toEqual(before);
    expect(await view.minReplicas()).toBe(2);
    expect(await view.podsOf('candidate')).toEqual([]);
    // Who applied the bound may change it without a conflict: nobody else owns it.
    const changed = { ...surroundings(cluster)[0]!, spec: { ...surroundings(cluster)[0]!['spec'], minReplicas: 3 } };
    const path = `/apis/autoscaling/v2/namespaces/${cluster.namespace}/horizontalpodautoscalers/web`;
    await cluster.api.patch(`${path}?fieldManager=cluster`, 'apply', changed);
    const { calls, client } = counting(stand.client);
    await stand.sweep({ baseline: version }, client);
    expect(calls).toEqual([]);
  });

  test('that is overtaken by a newer template puts its own back, unless a tool would write the newer one again', async () => {
    const from = await baseline(stand, cluster, web(cluster, 1, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [idle('app:v2')] });
    await holdTemplate(stand, cluster, { containers: [idle('app:v3')] });
    const release = releaseOf(stand, { version, baseline: from, weight: 100, phase: 'promoting' });

    await cluster.kubectl('annotate', 'deployment/web', 'argocd.argoproj.io/tracking-id=shop');
    await until(
      'the owner is known',
      () =>
        stand.known.deployments.get(cluster.namespace, 'web')?.metadata.annotations?.['argocd.argoproj.io/tracking-id'],
    );
    expect(await stand.workloads().promote(release)).toEqual({
      isReady: false,
      why: expect.stringContaining('Argo CD owns'),
    });
    expect((await stand.own()).spec.template.spec.containers[0]!.image).toBe('app:v3');

    await cluster.kubectl('annotate', 'deployment/web', 'argocd.argoproj.io/tracking-id-');
    await until('nobody owns it', async () => {
      await stand.workloads().promote(release);
      return (await stand.own()).spec.template.spec.containers[0]!.image === 'app:v2';
    });
    await until('it is promoted', async () => (await stand.workloads().promote(release)).isReady, { everyMs: 100 });
  });

  test('is taken back: the old template is put there, and its pods come', async () => {
    const from = await baseline(stand, cluster, web(cluster, 2));
    const before = await view.inventory();
    const old = await stand.own();
    const version = await holdTemplate(stand, cluster, v2);
    const release = releaseOf(stand, { version, baseline: from, weight: 100, phase: 'promoting' });
    const isRolling = async () => {
      await stand.workloads().promote(release);
      return ((await stand.own()).status?.updatedReplicas ?? 0) > 0;
    };
    await until('some pods are new', isRolling, { everyMs: 50 });
    const back = { ...release, phase: 'rollingBack' as const, weight: 0 };
    const isBack = async () => (await stand.workloads().reverse(back)).isReady;
    await until('it runs the old version again', isBack, { withinMs: 60_000, everyMs: 100 });
    const own = await stand.own();
    expect(own.spec.template).toEqual(old.spec.template);
    expect(own.metadata.annotations).not.toHaveProperty(['spillway.dev/held']);
    expect(await view.imagesOf('stable')).toEqual(['app:v1', 'app:v1']);
    await stand.untilClean({ baseline: from, ended: version });
    expect(await view.inventory()).toEqual(before);
  });
});

describe('the sweep', () => {
  test('waits for the route and for the drain, then turns the Deployment back to what serves, and starts no pod', async () => {
    const from = await baseline(stand, cluster, [...web(cluster, 2), ...surroundings(cluster)]);
    const before = await view.inventory();
    const uids = (await view.podsOf('stable')).map(({ metadata }) => metadata.uid).sort();
    const version = await holdTemplate(stand, cluster, v2);
    await stand.untilReady(releaseOf(stand, { version, baseline: from, weight: 10 }));
    const order = { baseline: from, ended: version };

    stand.clearance = { isClear: false, why: 'weight 10 in HTTPRoute web' };
    expect(await stand.sweep(order)).toEqual({ isClean: false, why: expect.stringContaining('weight 10') });
    stand.clearance = { isClear: true, sinceMs: performance.now() + 60_000, why: 'weight 0' };
    expect(await stand.sweep(order)).toEqual({ isClean: false, why: expect.stringContaining('are let finish') });
    expect(await view.candidates()).toHaveLength(1);

    stand.clearance = { isClear: true, sinceMs: 0, why: 'weight 0' };
    await stand.untilClean(order);
    expect(await view.inventory()).toEqual(before);
    expect(await view.minReplicas()).toBe(2);
    await untilRolledOut(cluster, 'web');
    expect((await view.podsOf('stable')).map(({ metadata }) => metadata.uid).sort()).toEqual(uids);
  });

  test('leaves a template held that is not the one which ended, and one that Flux owns', async () => {
    const from = await baseline(stand, cluster, web(cluster, 1, { container: idle() }));
    const version = await holdTemplate(stand, cluster, { containers: [idle('app:v2')] });
    expect(await stand.sweep({ baseline: from, ended: 'sha256:other' })).toEqual({
      isClean: true,
      why: expect.stringContaining('held for the release of a new template'),
    });
    await cluster.kubectl('label', 'deployment/web', 'kustomize.toolkit.fluxcd.io/name=shop');
    await until(
      'the owner is known',
      () =>
        stand.known.deployments.get(cluster.namespace, 'web')?.metadata.labels?.['kustomize.toolkit.fluxcd.io/name'],
    );
    expect(await stand.sweep({ baseline: from, ended: version })).toEqual({
      isClean: true,
      why: expect.stringContaining('stays held'),
    });
    expect((await stand.own()).spec.paused).toBe(true);
  });

  test('pauses the Deployment again where that is the gate', async () => {
    const from = await baseline(stand, cluster, web(cluster, 1, { container: idle() }));
    await stand.untilClean({ baseline: from, gate: 'paused' });
    expect((await stand.own()).spec.paused).toBe(true);
  });
});

test('a process that is killed after every single write still gets a release to its end, and leaves nothing', async () => {
  const from = await baseline(stand, cluster, [...web(cluster, 3), ...surroundings(cluster)]);
  const before = await view.inventory();
  const version = await holdTemplate(stand, cluster, v2);
  const release = releaseOf(stand, { version, baseline: from, weight: 50 });
  const mortal = () => dyingAfterOneWrite(stand.client);
  await untilFound(
    'prepared',
    () => stand.workloads(mortal()).prepare(release),
    ({ isReady }) => isReady,
  );
  expect(await view.minReplicas()).toBe(3);
  await untilFound(
    'promoted',
    () => stand.workloads(mortal()).promote(release),
    ({ isReady }) => isReady,
  );
  await untilFound(
    'swept',
    () => stand.sweep({ baseline: version }, mortal()),
    ({ isClean }) => isClean,
  );
  expect(await view.inventory()).toEqual(before);
  expect(await view.minReplicas()).toBe(2);
});
