/** Two Deployments that exist already, and of which only the weights are moved: a new name of a version is a release. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { conditionOf, pipeline } from './support/pipelines.ts';
import { openScene, releaseOf, type Scene, STAGES, teamOf } from './support/scene.ts';
import { route, untilRolledOut, workload } from './support/workloads.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
  const { namespace, apply } = scene.cluster;
  for (const name of ['blue', 'green']) await apply(...workload(namespace, { name, version: name }));
  await apply(route(namespace, 'chat', { host: `chat.${namespace}.example`, weights: { blue: 100, green: 0 } }));
  await Promise.all(['blue', 'green'].map(name => untilRolledOut(scene.cluster, name)));
}, 90_000);
afterAll(() => scene?.room.end());

const team = () => teamOf(scene.cluster, 'chat', `chat.${scene.cluster.namespace}.example`);

/** Of the two backends, with this name for what the one without traffic runs. */
function external(version: string, change: object = {}) {
  const made = pipeline(scene.cluster.namespace, 'chat', {
    stages: STAGES,
    stage: { hold: '0s', timeout: '1s', minSamples: 20, onInconclusive: 'hold', onTimeout: 'hold' },
    bake: '1s',
  });
  made['spec'].target.kubernetes = {
    workload: 'external',
    route: { name: 'chat' },
    baseline: { name: 'blue' },
    candidate: { name: 'green' },
    version,
    ...change,
  };
  return made;
}
const weigh = (blue: number, green: number) =>
  until(
    `blue ${blue}, green ${green}`,
    async () => {
      const weights = await team().weights();
      const sum = (weights['blue'] ?? 0) + (weights['green'] ?? 0);
      return Math.round((100 * (weights['blue'] ?? 0)) / sum) === blue && weights['green']! * 100 === green * sum;
    },
    { withinMs: 30_000, everyMs: 100, instead: async () => [await team().weights(), await team().status()] },
  );

describe('workload: external', { timeout: 240_000 }, () => {
  test('the backend that has the traffic is the baseline', async () => {
    await scene.cluster.apply(external('v1'));
    const { gate, baseline } = await team().until(({ phase }) => phase === 'serving');
    expect(gate).toBeUndefined();
    expect(baseline.digest).toMatch(/^sha256:/);
  });

  test('a new version goes to the one without traffic, stage by stage, and serves in the end', async () => {
    await scene.cluster.apply(external('v2'));
    await weigh(75, 25);
    // S22: without a ready endpoint it gets nothing, whoever looks after its pods.
    await scene.cluster.kubectl('scale', 'deployment/green', '--replicas=0');
    await weigh(100, 0);
    await scene.cluster.kubectl('scale', 'deployment/green', '--replicas=1');
    await weigh(75, 25);
    await team().ask('promote');
    await weigh(50, 50);
    await team().ask('promote');
    await weigh(0, 100);
    await team().ask('promote');
    await team().until(({ stage }) => stage === 'bake');
    await team().ask('promote');
    await team().until(({ phase }) => phase === 'serving');
    await weigh(0, 100);
    expect(await team().leftovers()).toEqual([]);
    const { release } = await team().status();
    const { createdBy } = await releaseOf(scene, release);
    expect(createdBy, 'the field manager that wrote the version').toBe('kubernetes:cluster');
  });

  test('the next one goes the other way round; rolled back, the other serves on and the same name does not start again', async () => {
    await scene.cluster.apply(external('v3'));
    await weigh(25, 75);
    await team().ask('rollback', 'it is dearer');
    await weigh(0, 100);
    const held = await team().until(({ phase }) => phase === 'held');
    expect(conditionOf(held, 'Degraded')).toMatchObject({
      reason: 'RolledBack',
      message: expect.stringContaining('dearer'),
    });
    await scene.cluster.apply(external('v3', { drain: '2s' }));
    await team().until(({ observedGeneration, phase }) => observedGeneration >= 4 && phase === 'held');
    await weigh(0, 100);
    await scene.cluster.apply(external('v2'));
    await team().until(({ phase }) => phase === 'serving');
  });

  test('a backend that no rule names is said by name, and what serves goes on', async () => {
    await scene.cluster.apply(external('v4', { baseline: { name: 'red' } }));
    const status = await team().until(({ phase }) => phase === 'invalid');
    expect(conditionOf(status, 'Degraded')?.message).toMatch(/no rule of the route sends to Service red/);
    await weigh(0, 100);
  });
});
