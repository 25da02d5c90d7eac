/**
 * What the user's own objects go through in a release: pods that do not start, replicas that change, autoscalers, deadlines, and
 * a promotion that cannot get ready. Numbers are those of the scenarios that other tools test.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { until } from '../support/until.ts';
import { conditionOf } from './support/pipelines.ts';
import { openScene, type Scene, type Team, untilRouted, valuesOf, weightsSeen } from './support/scene.ts';
import { untilRolledOut } from './support/workloads.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
}, 90_000);
afterAll(() => scene?.room.end());

const ALONE = { replicas: 1 };
/** Goes on by its clock, without evidence. */
const BY_CLOCK = { stage: { hold: '0s', timeout: '1s', minSamples: 20, onInconclusive: 'advance' }, bake: '1s' };
const isFirstStage = ({ stage }: { stage?: string }) => stage === '1/3';
const deploymentsPath = () => `/apis/apps/v1/namespaces/${scene.cluster.namespace}/deployments`;
const patch = (team: Team, spec: object) =>
  scene.cluster.api.patch(`${deploymentsPath()}/${team.name}`, 'strategic', { spec });
const setImage = (team: Team, image: string) =>
  patch(team, { template: { spec: { containers: [{ name: 'app', image }] } } });
/** Replicas of the candidate's Deployment; undefined while there is none. */
async function candidateReplicas(team: Team): Promise<number | undefined> {
  const name = (await team.leftovers()).find(one => one.startsWith('deployments/'));
  return name && (await scene.cluster.get('apps/v1', name))['spec'].replicas;
}

describe.concurrent('pods', { timeout: 240_000 }, () => {
  test('S12: bad, bad, good: each bad one is taken back at once, the good one is promoted', async ({ expect }) => {
    const team = await scene.team('images', { ...ALONE, wishes: { bake: '1s' } });
    for (const image of ['missing/app:v2', 'missing/app:v3']) {
      const before = (await team.status())['release'];
      await setImage(team, image);
      const ended = await team.until(({ release, phase }) => release !== before && phase === 'serving', 90_000);
      expect(conditionOf(ended, 'Progressing')?.message).toMatch(/rolled back \(healthCheck\): .*image/i);
      await until('the template is back', async () => (await team.template()) === 'v1');
      await team.untilClean();
    }
    await setImage(team, 'app:v4');
    await team.until(isFirstStage, 90_000);
    await untilRouted(team, 25);
    await team.ask('promote --full');
    await team.until(({ stage }) => stage === 'bake');
    await untilRouted(team, 100);
    await team.ask('promote');
    await team.until(({ phase }) => phase === 'serving', 90_000);
    await untilRolledOut(scene.cluster, 'images');
    expect(await team.template()).toBe('v4');
  });

  test('S02, S13: a pause and a drain that are longer than the progress deadline are no failure', async ({
    expect,
  }) => {
    const team = await scene.team('deadline', { ...ALONE, wishes: { target: { drain: '8s' } } });
    await patch(team, { progressDeadlineSeconds: 5 });
    await team.change('v2');
    await team.until(isFirstStage, 90_000);
    await untilRouted(team, 25);
    await team.ask('pause');
    const { hold } = await team.until(({ hold }) => hold?.reason === 'paused');
    await until('the deadline is over', () => Date.now() - Date.parse(hold.since) > 7_000);
    const paused = await team.status();
    expect(paused).toMatchObject({ phase: 'rollingOut', weight: 25, hold: { reason: 'paused' } });
    expect(conditionOf(paused, 'Degraded')).toMatchObject({ status: 'False' });
    const degraded = await valuesOf(
      scene,
      `/apis/spillway.dev/v1alpha1/namespaces/${scene.cluster.namespace}/pipelines`,
      'deadline',
      ({ status }) => [status?.['phase'], conditionOf(status, 'Degraded')?.reason].join(),
    );
    await team.ask('resume');
    await team.ask('cancel');
    await team.untilClean();
    expect(degraded.filter(one => !/AsExpected|SourceSilent/.test(one))).toEqual([]);
  });

  test('S07: going from 100 % to 0 the stable pods were all there, at each moment', async ({ expect }) => {
    const team = await scene.team('warm', { replicas: 3 });
    const available = await valuesOf(
      scene,
      deploymentsPath(),
      'warm',
      ({ status }) => status?.['availableReplicas'] ?? 0,
    );
    await team.change('v2');
    await team.until(isFirstStage, 90_000);
    await untilRouted(team, 25);
    await team.ask('promote --full');
    await untilRouted(team, 100);
    expect(await candidateReplicas(team)).toBe(3);
    await team.ask('rollback');
    await team.untilClean();
    await untilRolledOut(scene.cluster, 'warm');
    expect(available).toEqual([3]);
  });
});

describe.concurrent('numbers', { timeout: 240_000 }, () => {
  test('S06, S54: the candidate follows its share of 4, 8 and 4 replicas; the stable pods are the user’s number', async ({
    expect,
  }) => {
    const team = await scene.team('scaled', { replicas: 4 });
    await team.change('v2');
    await team.until(isFirstStage, 90_000);
    await untilRouted(team, 25);
    for (const [stable, candidate] of [
      [4, 1],
      [8, 2],
      [4, 1],
    ] as const) {
      await scene.cluster.kubectl('scale', 'deployment/scaled', `--replicas=${stable}`);
      await until(`${candidate} of ${stable}`, async () => (await candidateReplicas(team)) === candidate, {
        withinMs: 40_000,
        everyMs: 100,
      });
      const { spec } = await team.deployment();
      expect(spec).toMatchObject({ replicas: stable, paused: true });
    }
    await team.ask('cancel');
    await team.untilClean();
  });

  test('S57: an autoscaler’s lower bound is held at the present number, and given back', async ({ expect }) => {
    const team = await scene.team('auto', { replicas: 2 });
    const hpa = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'auto', namespace: scene.cluster.namespace },
      spec: {
        minReplicas: 1,
        maxReplicas: 5,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'auto' },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
      },
    };
    await scene.cluster.apply(hpa);
    const bound = async () =>
      (await scene.cluster.get('autoscaling/v2', 'horizontalpodautoscalers/auto'))['spec'].minReplicas;
    await team.change('v2');
    await team.until(isFirstStage, 90_000);
    await until('it is held', async () => (await bound()) === 2);
    await untilRouted(team, 25);
    await team.ask('rollback');
    await team.untilClean();
    await until('it is given back', async () => (await bound()) === 1);
    const { metadata } = await scene.cluster.get('autoscaling/v2', 'horizontalpodautoscalers/auto');
    expect(JSON.stringify(metadata.annotations ?? {})).not.toContain('spillway');
  });
});

describe.concurrent('weights', { timeout: 240_000 }, () => {
  test('S43, S47: each stage once and in order, and 100 → 50 → 0 when the Deployment has taken over', async ({
    expect,
  }) => {
    const stages = [10, 20, 30, 40, 50, 60, 100].map(weight => ({ weight }));
    const team = await scene.team('steps', { ...ALONE, wishes: { ...BY_CLOCK, stages } });
    const weights = await weightsSeen(scene, team);
    await team.change('v2');
    await team.until(({ phase, baseline }) => phase === 'serving' && baseline, 5_000);
    await until('it is promoted', async () => (await team.template()) === 'v2' && weights.includes(100), {
      withinMs: 90_000,
    });
    await team.until(({ phase }) => phase === 'serving', 90_000);
    await team.untilClean();
    expect(weights).toEqual([0, 10, 20, 30, 40, 50, 60, 100, 50, 0]);
    await untilRolledOut(scene.cluster, 'steps');
  });

  test('S46: a promotion that cannot get ready leaves the traffic with the candidate, and says so; mended, it ends', async ({
    expect,
  }) => {
    const team = await scene.team('stuck', { ...ALONE, wishes: { target: { promotionTimeout: '3s' } } });
    await team.change('v2');
    await team.until(isFirstStage, 90_000);
    await untilRouted(team, 25);
    await team.ask('promote --full');
    await untilRouted(team, 100);
    await patch(team, { minReadySeconds: 300 });
    await team.ask('promote');
    const held = await team.until(({ phase, hold }) => phase === 'promoting' && hold?.reason === 'promotionTimeout');
    expect(conditionOf(held, 'Degraded')).toMatchObject({ status: 'True', reason: 'PromotionTimeout' });
    const weights = await weightsSeen(scene, team);
    expect(weights).toEqual([100]);
    expect(await candidateReplicas(team)).toBe(1);
    await patch(team, { minReadySeconds: 0 });
    await team.until(({ phase }) => phase === 'serving', 90_000);
    await team.untilClean();
    expect(weights).toEqual([100, 50, 0]);
  });
});
