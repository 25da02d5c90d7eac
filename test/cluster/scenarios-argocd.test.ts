/** A Deployment that Argo CD owns: what it holds is Git's, so a template that was rolled back is never put back by Spillway. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { until } from '../support/until.ts';
import { conditionOf } from './support/pipelines.ts';
import { auditOf, openScene, type Scene, type Team, untilRouted } from './support/scene.ts';
import { untilRolledOut } from './support/workloads.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
}, 90_000);
afterAll(() => scene?.room.end());

const ARGO = { 'argocd.argoproj.io/instance': 'shop' };

async function rolledBack(team: Team): Promise<void> {
  await team.change('v2');
  await team.until(({ stage }) => stage === '1/3', 90_000);
  await untilRouted(team, 25);
  await team.ask('rollback', 'wrong totals');
  await team.untilClean();
}

describe.concurrent('a Deployment that Argo CD owns', { timeout: 240_000 }, () => {
  test('keeps the rolled-back template, held, until Git takes it back', async ({ expect }) => {
    const team = await scene.team('git', { replicas: 1, labels: ARGO });
    await rolledBack(team);
    const held = await team.until(({ phase }) => phase === 'held');
    expect(conditionOf(held, 'Degraded')).toMatchObject({
      status: 'True',
      reason: 'RolledBack',
      message: expect.stringContaining('wrong totals'),
    });
    expect(conditionOf(held, 'Ready')).toMatchObject({ status: 'False', reason: 'RolledBack' });
    expect(await team.template()).toBe('v2');
    expect((await team.deployment())['spec'].paused).toBe(true);
    // As a sync with selfHeal does: the same again, and a pause that is not in Git.
    const { namespace, api } = scene.cluster;
    const sync = api.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/git`, 'merge', {
      spec: { paused: false },
    });
    await expect(sync).rejects.toThrow(/must stay paused/);
    await team.change('v1');
    await team.until(({ phase }) => phase === 'serving');
    await until('it is let go', async () => (await team.deployment())['spec'].paused === undefined);
    await untilRolledOut(scene.cluster, 'git');
  });

  test('is let go by break-glass, which the audit keeps with its reason', async ({ expect }) => {
    const team = await scene.team('glass', { replicas: 1, labels: ARGO });
    await rolledBack(team);
    const { baseline } = await team.until(({ phase }) => phase === 'held');
    const { namespace, api } = scene.cluster;
    await api.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/glass`, 'merge', {
      metadata: { annotations: { 'spillway.dev/break-glass': 'the old one is worse' } },
      spec: { paused: false },
    });
    await untilRolledOut(scene.cluster, 'glass');
    await team.until(status => status.phase === 'serving' && status.baseline.digest !== baseline.digest);
    const events = (await auditOf(scene, 'breakGlass')).filter(({ artifact }) => artifact === `${namespace}.glass`);
    expect(events).toMatchObject([{ why: expect.stringContaining('the old one is worse') }]);
    await until('the annotations are gone', async () => {
      const { annotations = {} } = (await team.deployment()).metadata;
      return !Object.keys(annotations).some(key => key.startsWith('spillway.dev/'));
    });
    await team.change('v3');
    await team.until(({ stage }) => stage === '1/3', 90_000);
    await team.ask('cancel');
  });
});
