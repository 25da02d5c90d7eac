/**
 * Argo CD itself, with pruning and self-healing, against a release under way: what it shows while a change is held, what it puts
 * back and what it does not. Its settings are those of the page for users.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { until } from '../support/until.ts';
import { startArgoCd } from './support/argocd.ts';
import { applicationsPath, isSettled, openShop, type Shop, untilCompared } from './support/argocd-shop.ts';
import { openScene, type Scene, untilRouted, weightsSeen } from './support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
  await startArgoCd(scene);
}, 120_000);
afterAll(() => scene?.room.end());

async function untilFirstStage(web: Shop): Promise<void> {
  await web.until(({ stage }) => stage === '1/3', 90_000);
  await untilRouted(web, 25);
}

const isLetGo = async (web: Shop) => (await web.deployment())['spec'].paused === undefined;
const ruleOf = async ({ name }: Shop) =>
  (await scene.cluster.get('gateway.networking.k8s.io/v1', `httproutes/${name}`))['spec'].rules[0];
const TIMEOUT = { rule: { timeouts: { request: '9s' } } };

describe.concurrent('an application of Argo CD', { timeout: 240_000 }, () => {
  test('is synced while its change is held, progresses with the release, and is healthy when it is through', async ({
    expect,
  }) => {
    const web = await openShop(scene, 'web');
    const weights = await weightsSeen(scene, web);
    await web.sync('v2');
    expect((await web.deployment())['spec'].paused).toBe(true);
    const { resources } = await web.shows(({ resources }) => resources['Pipeline/web']?.health === 'Progressing');
    expect(resources['Deployment/web']).toMatchObject({ sync: 'Synced', health: 'Suspended' });
    const since = web.states.length;
    await untilFirstStage(web);
    await untilCompared(web);
    await web.ask('promote');
    await untilRouted(web, 50);
    await untilCompared(web);
    // What Spillway made is not taken for Git's, and not pruned.
    expect(Object.keys((await web.shows(() => true)).resources)).toEqual(Object.keys(resources));
    expect(await web.leftovers()).toContain('services/web-candidate');
    await web.ask('promote --full');
    await untilRouted(web, 100);
    await web.ask('promote');
    await web.until(({ phase }) => phase === 'serving', 90_000);
    await web.shows(isSettled);
    expect(await web.template()).toBe('v2');
    // Each once, and then back to the Deployment, in steps: nobody else wrote any.
    expect(weights.slice(0, 4)).toEqual([0, 25, 50, 100]);
    expect(weights.slice(3)).toEqual(weights.slice(3).sort((a, b) => b - a));
    // From the first look at the release on; what it shows between two of its stages is not told here.
    const shown = new Set(web.states.slice(since));
    expect([...shown].filter(state => !/^Synced (Suspended|Progressing|Healthy)$/.test(state))).toEqual([]);
  });

  test('shows a rollback by hand as degraded, does not undo it, and is healthy when Git takes the change back', async ({
    expect,
  }) => {
    const web = await openShop(scene, 'bad');
    await web.sync('v2');
    await untilFirstStage(web);
    await web.ask('rollback', 'wrong totals');
    await web.untilClean();
    const weights = await weightsSeen(scene, web);
    const { sync, resources } = await web.shows(({ health }) => health === 'Degraded');
    expect(sync).toBe('Synced');
    expect(resources['Pipeline/bad']!.message).toMatch(/was rolled back \(manual\): wrong totals/);
    await untilCompared(web, 3);
    expect(weights).toEqual([0]);
    expect(await web.template()).toBe('v2');
    expect(await isLetGo(web)).toBe(false);
    await web.sync('v1');
    await web.shows(isSettled);
    await until('it is let go', () => isLetGo(web));
  });

  test('shows a cancelled change as suspended', async () => {
    const web = await openShop(scene, 'cancelled');
    await web.sync('v2');
    await untilFirstStage(web);
    await web.ask('cancel');
    await web.shows(({ sync, health }) => sync === 'Synced' && health === 'Suspended');
  });

  test('follows Git in the middle of a release: it resets the weights once, and Spillway puts them back', async ({
    expect,
  }) => {
    const web = await openShop(scene, 'edited');
    const weights = await weightsSeen(scene, web);
    await web.sync('v2');
    await untilFirstStage(web);
    await web.sync('v2', TIMEOUT);
    await untilRouted(web, 25);
    await untilCompared(web);
    expect(weights).toEqual([0, 25, 0, 25]);
    expect((await ruleOf(web)).timeouts).toEqual({ request: '9s' });
    await web.shows(({ sync }) => sync === 'Synced');
    await web.ask('cancel');
  });

  test('without the settings resets the weights again and again, and a rollback wins', async ({ expect }) => {
    const web = await openShop(scene, 'plain', { hasSettings: false });
    const weights = await weightsSeen(scene, web);
    await web.sync('v2');
    await untilFirstStage(web);
    const isPutBack = () => weights.filter(weight => weight === 25).length >= 3;
    await until('they were put back twice', isPutBack, { withinMs: 60_000, instead: () => [weights, web.states] });
    await web.ask('rollback', 'wrong totals');
    await untilRouted(web, 0);
    const seen = weights.length;
    await untilCompared(web, 3);
    expect(weights.slice(seen).filter(weight => weight > 0)).toEqual([]);
  });

  test('with RespectIgnoreDifferences does not bring a change of the rule', async ({ expect }) => {
    const web = await openShop(scene, 'respectful', { syncOptions: ['RespectIgnoreDifferences=true'] });
    await web.sync('v1', TIMEOUT);
    await untilCompared(web, 3);
    expect(await web.shows(() => true)).toMatchObject({ sync: 'OutOfSync' });
    expect((await ruleOf(web)).timeouts).toBeUndefined();
  });

  test('with a later wave waits for the release, and takes no other commit until its operation is terminated', async ({
    expect,
  }) => {
    const web = await openShop(scene, 'waves');
    const { namespace, api } = scene.cluster;
    const metadata = { name: 'last', namespace, annotations: { 'argocd.argoproj.io/sync-wave': '1' } };
    const others = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata }];
    web.commit('v2', { others });
    await untilFirstStage(web);
    await web.shows(({ operation }) => /^waiting for healthy state of apps\/Deployment/.test(operation.message ?? ''));
    web.commit('v1', { others });
    await web.ask('rollback', 'wrong totals');
    await web.untilClean();
    await untilCompared(web, 3);
    expect(await web.template()).toBe('v2');
    // As `argocd app terminate-op` does it.
    const status = { operationState: { phase: 'Terminating' } };
    await api.patch(`${applicationsPath(namespace)}/waves`, 'merge', { status });
    await web.shows(isSettled);
    expect(await web.template()).toBe('v1');
  });
});
