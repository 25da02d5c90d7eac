/** S56: a pipeline, or its whole namespace, is deleted in the middle of a release. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { openScene, type Scene, type Team, untilRouted } from './support/scene.ts';
import { untilRolledOut } from './support/workloads.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
}, 90_000);
afterAll(() => scene?.room.end());

const isThere = (path: string) =>
  scene.cluster.api.call('GET', path).then(
    () => true,
    () => false,
  );
const pathOf = (name: string) => `/apis/spillway.dev/v1alpha1/namespaces/${scene.cluster.namespace}/pipelines/${name}`;
const remove = async (name: string) => {
  await scene.cluster.api.call('DELETE', pathOf(name));
  await until('the pipeline is gone', async () => !(await isThere(pathOf(name))), { withinMs: 60_000 });
};

async function inStage(team: Team, version: string): Promise<void> {
  await team.change(version);
  await team.until(({ stage }) => stage === '1/3', 90_000);
  await untilRouted(team, 25);
}

describe('a pipeline that is deleted', { timeout: 240_000 }, () => {
  test('in a stage: traffic is back, the candidate gone, and the Deployment rolls freely with the template that served', async () => {
    const team = await scene.team('gone', { replicas: 2 });
    const before = await team.weights();
    await inStage(team, 'v2');
    await remove('gone');
    await team.untilClean();
    expect(await team.weights()).toEqual(before);
    expect(await team.template()).toBe('v1');
    const { spec, metadata } = await team.deployment();
    expect(spec.paused).toBeUndefined();
    expect(metadata.annotations ?? {}).not.toHaveProperty(['spillway.dev/held']);
    await untilRolledOut(scene.cluster, 'gone');
  });

  test('in the bake, with `revertTemplate` off: the Deployment stays paused, and may be resumed by its owner', async () => {
    const team = await scene.team('kept', { replicas: 1, wishes: { target: { revertTemplate: false } } });
    await inStage(team, 'v2');
    await team.ask('promote --full');
    await untilRouted(team, 100);
    await remove('kept');
    await team.untilClean();
    expect(await team.template()).toBe('v2');
    expect((await team.deployment())['spec'].paused).toBe(true);
    await scene.cluster.kubectl('rollout', 'resume', 'deployment/kept');
    await untilRolledOut(scene.cluster, 'kept');
  });

  test('at rest it has no finalizer: it goes at once, also without a server', async () => {
    const team = await scene.team('rest', { replicas: 1 });
    await inStage(team, 'v2');
    await team.ask('cancel');
    await team.untilClean();
    await until('the finalizer is taken off', async () => {
      const { metadata } = await scene.cluster.api.call('GET', pathOf('rest'));
      return !(metadata as { finalizers?: string[] }).finalizers?.length;
    });
  });
});

describe('a namespace that is deleted', { timeout: 240_000 }, () => {
  test('in mid-release goes away', async () => {
    const { namespace, api, apply } = scene.cluster;
    const team = await scene.team('whole', { replicas: 1 });
    await inStage(team, 'v2');
    const path = `/api/v1/namespaces/${namespace}`;
    await api.call('DELETE', path);
    await until('the namespace is gone', async () => !(await isThere(path)), {
      withinMs: 120_000,
      everyMs: 200,
      instead: () => api.call('GET', path),
    });
    // For the end of the room, which deletes it.
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  });
});
