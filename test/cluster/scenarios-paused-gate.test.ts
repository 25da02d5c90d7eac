/** A cluster without the admission policies, as older ones are: the Deployment stays paused between releases. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { openScene, type Scene, type Team, untilRouted } from './support/scene.ts';
import { untilRolledOut } from './support/workloads.ts';

let scene: Scene;
let team: Team;
beforeAll(async () => {
  scene = await openScene({ hasGate: false });
  team = await scene.team('web', { replicas: 2 });
}, 120_000);
afterAll(() => scene?.room.end());

const isPaused = () => until('the Deployment is paused', async () => (await team.deployment())['spec'].paused === true);

async function inFirstStage(version: string): Promise<void> {
  await team.change(version);
  await team.until(({ stage }) => stage === '1/3', 90_000);
  await untilRouted(team, 25);
}

describe('the gate `paused`', { timeout: 240_000 }, () => {
  test('is found out and said, and the Deployment is paused while it rests', async () => {
    expect(await team.status()).toMatchObject({ gate: 'paused', phase: 'serving' });
    await isPaused();
    await scene.cluster.kubectl('scale', 'deployment/web', '--replicas=3');
    await until('scaling goes on', async () => (await team.deployment())['status'].availableReplicas === 3);
  });

  test('a changed template is a release with the same end, and the Deployment is paused again', async () => {
    await inFirstStage('v2');
    expect((await team.deployment())['spec'].paused).toBe(true);
    await team.ask('promote --full');
    await untilRouted(team, 100);
    await team.ask('promote');
    await team.until(({ phase }) => phase === 'serving', 90_000);
    await team.untilClean();
    await isPaused();
    expect(await team.template()).toBe('v2');
    await until('all run it', async () => {
      const { status } = await team.deployment();
      return status!['updatedReplicas'] === 3 && status!['availableReplicas'] === 3 && status!['replicas'] === 3;
    });
  });

  test('rolled back, the template is put back and the Deployment is paused', async () => {
    await inFirstStage('v3');
    await team.ask('rollback');
    await team.untilClean();
    await until('the template is back', async () => (await team.template()) === 'v2');
    await team.until(({ phase }) => phase === 'serving');
    await isPaused();
  });

  test('without a pipeline the Deployment rolls freely again', async () => {
    const { namespace, api } = scene.cluster;
    const path = `/apis/spillway.dev/v1alpha1/namespaces/${namespace}/pipelines/web`;
    await api.call('DELETE', path);
    await until('it is let go', async () => (await team.deployment())['spec'].paused === undefined);
    await team.change('v4');
    await untilRolledOut(scene.cluster, 'web');
  });
});
