/**
 * Flux's kustomize-controller itself, which applies every few seconds, against a release under way: what it reports while a change is
 * held, what it puts back and what it does not. Its settings are those of the page for users.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { until } from '../support/until.ts';
import { documented, GATE_PAGE } from './support/documented.ts';
import { startFlux } from './support/flux.ts';
import { type FluxScene, isReady, openShop, type Shop, untilApplied } from './support/flux-shop.ts';
import { openScene, untilRouted, weightsSeen } from './support/scene.ts';

let scene: FluxScene;
beforeAll(async () => {
  const opened = await openScene();
  scene = { ...opened, flux: await startFlux(opened) };
}, 120_000);
afterAll(() => scene?.room.end());

/** At the health of what it waits for. */
const LOOKS_EVERY_MS = 5_000;

/** The settings of the page, with time-outs for a test. */
const settings = () => ({ ...documented(GATE_PAGE, 'Flux Kustomization'), timeout: '2m', retryInterval: '2s' });
async function untilFirstStage(web: Shop): Promise<void> {
  await web.until(({ stage }) => stage === '1/3', 90_000);
  await untilRouted(web, 25);
}

const routeOf = async ({ name }: Shop) =>
  (await scene.cluster.get('gateway.networking.k8s.io/v1', `httproutes/${name}`))['spec'].rules[0];

describe.concurrent('a Kustomization of Flux', { timeout: 240_000 }, () => {
  test('that waits is ready when the change is through, not before', async ({ expect }) => {
    const web = await openShop(scene, 'web', settings());
    const weights = await weightsSeen(scene, web);
    const revision = await web.publish('v2');
    const publishedMs = performance.now();
    await untilFirstStage(web);
    expect((await web.deployment())['spec'].paused).toBe(true);
    await web.ask('promote');
    await untilRouted(web, 50);
    // A release that is over between two of its looks it would not have seen.
    await until('Flux has looked again', () => performance.now() - publishedMs > 2 * LOOKS_EVERY_MS);
    expect(await web.stands(() => true)).toMatchObject({ ready: 'Unknown', reason: 'Progressing' });
    await web.ask('promote --full');
    await untilRouted(web, 100);
    await web.ask('promote');
    await web.stands(isReady(revision), 90_000);
    expect(await web.status()).toMatchObject({ phase: 'serving' });
    expect(await web.template()).toBe('v2');
    expect(weights.filter(weight => ![0, 25, 50, 100].includes(weight))).toEqual([]);
    expect(web.stood.filter(({ ready }) => ready === 'False')).toEqual([]);
  });

  test('that waits takes the next commit when the release has ended: a rollback by hand or a cancel ends both', async ({
    expect,
  }) => {
    const web = await openShop(scene, 'mended', settings());
    await web.publish('v2');
    await untilFirstStage(web);
    const revision = await web.publish('v1');
    await web.ask('promote');
    await untilRouted(web, 50);
    expect(await web.template()).toBe('v2');
    await web.ask('rollback', 'wrong totals');
    await web.stands(isReady(revision));
    const failures = web.stood.filter(({ ready }) => ready === 'False');
    expect(failures[0]).toMatchObject({
      reason: 'HealthCheckFailed',
      message: expect.stringMatching(/stalled resources: \[Pipeline\/.*mended/),
    });
    await web.until(({ phase }) => phase === 'serving');
    await until('it is let go', async () => (await web.deployment())['spec'].paused === undefined);
    await web.publish('v3');
    await untilFirstStage(web);
    await web.ask('cancel');
    await web.stands(({ reason, message }) => reason === 'HealthCheckFailed' && message.includes('Pipeline/'));
  });

  test('that does not wait applies again and again: weights stay, the rest of the rule is Git’s, a rollback stays', async ({
    expect,
  }) => {
    const { ignore } = settings();
    const web = await openShop(scene, 'steady', { ignore });
    const weights = await weightsSeen(scene, web);
    const revision = await web.publish('v2');
    await web.stands(isReady(revision));
    await untilFirstStage(web);
    await untilApplied(web);
    await web.publish('v2', { rule: { timeouts: { request: '9s' } } });
    await until('the route has its time-out', async () => (await routeOf(web)).timeouts?.request === '9s');
    await untilApplied(web);
    expect(weights).toEqual([0, 25]);
    await web.ask('rollback', 'wrong totals');
    await web.untilClean();
    await untilApplied(web);
    expect(weights).toEqual([0, 25, 0]);
    expect(await web.template()).toBe('v2');
    expect((await web.deployment())['spec'].paused).toBe(true);
    await web.publish('v1');
    await web.until(({ phase }) => phase === 'serving');
    await until('it is let go', async () => (await web.deployment())['spec'].paused === undefined);
  });

  test.for(['Override', 'Merge'])(
    'with ssa: %s resets the weights, Spillway puts them back, and a rollback wins',
    async (ssa, { expect }) => {
      const web = await openShop(
        scene,
        ssa.toLowerCase(),
        {},
        { annotations: { 'kustomize.toolkit.fluxcd.io/ssa': ssa } },
      );
      const weights = await weightsSeen(scene, web);
      await web.publish('v2');
      await untilFirstStage(web);
      const isPutBack = () => weights.filter(weight => weight === 25).length >= 3;
      await until('they were put back twice', isPutBack, { withinMs: 60_000, instead: () => weights });
      await web.ask('rollback', 'wrong totals');
      await untilRouted(web, 0);
      const seen = weights.length;
      await untilApplied(web);
      expect(weights.slice(seen).filter(weight => weight > 0)).toEqual([]);
    },
  );

  test('with ssa: IfNotPresent leaves the route alone, changes in Git too', async ({ expect }) => {
    const annotations = { 'kustomize.toolkit.fluxcd.io/ssa': 'IfNotPresent' };
    const web = await openShop(scene, 'absent', {}, { annotations });
    const weights = await weightsSeen(scene, web);
    const revision = await web.publish('v2', { rule: { timeouts: { request: '9s' } } });
    await untilFirstStage(web);
    await web.stands(isReady(revision));
    await untilApplied(web);
    expect(weights).toEqual([0, 25]);
    expect((await routeOf(web)).timeouts).toBeUndefined();
    await web.ask('cancel');
  });

  test('that waits without knowing a Pipeline fails at its time-out', async ({ expect }) => {
    const web = await openShop(scene, 'blind', { wait: true, timeout: '5s', retryInterval: '1m' });
    await web.publish('v2');
    const { message } = await web.stands(({ ready }) => ready === 'False');
    expect(message).toMatch(/timeout waiting for: \[.*Deployment\/\S+\/blind status: 'InProgress'/);
    await untilFirstStage(web);
    await web.ask('cancel');
  });
});
