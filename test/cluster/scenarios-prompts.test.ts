/** A pipeline of a prompt that is kept in the cluster: its files in a ConfigMap, its tests answered by an echo. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentsOf } from '../support/documents.ts';
import { until } from '../support/until.ts';
import { conditionOf } from './support/pipelines.ts';
import { openScene, releaseOf, type Scene, teamOf } from './support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ isEverywhere: true });
}, 90_000);
afterAll(() => scene?.room.end());

const bot = () => teamOf(scene.cluster, 'support-bot', '');
const files = (text: string) => {
  const { files } = documentsOf({ text, cases: 2, provider: { id: 'echo' } });
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'bot', namespace: scene.cluster.namespace },
    data: files,
  };
};
const resource = () => {
  const { document } = documentsOf({ text: '', cases: 2, test: { passRate: 0 }, stage: { hold: '1s', minSamples: 5 } });
  const { apiVersion, kind, spec } = document as { apiVersion: string; kind: string; spec: object };
  const metadata = { name: 'support-bot', namespace: scene.cluster.namespace };
  return { apiVersion, kind, metadata, spec: { ...spec, files: { configMap: 'bot' } } };
};
const pathOf = (namespace = scene.cluster.namespace) =>
  `/apis/spillway.dev/v1alpha1/namespaces/${namespace}/pipelines/support-bot`;
const untilGone = (namespace?: string) =>
  until('the pipeline is gone', () =>
    scene.cluster.api.call('GET', pathOf(namespace)).then(
      () => false,
      () => true,
    ),
  );

describe('a prompt in a ConfigMap', { timeout: 120_000 }, () => {
  test('that is not there is said; applied, its first version is tested and serves', async () => {
    await scene.cluster.apply(resource());
    const status = await bot().until(({ phase }) => phase === 'invalid');
    expect(conditionOf(status, 'Degraded')?.message).toMatch(/ConfigMap .*\/bot is not there: spec.files.configMap/);
    await scene.cluster.apply(files('Be kind.'));
    const serving = await bot().until(({ phase }) => phase === 'serving', 20_000);
    expect(serving.baseline.digest).toMatch(/^sha256:/);
    expect(serving.gate).toBeUndefined();
  });

  test('that changes is a release within seconds; commands are obeyed', async () => {
    const atMs = performance.now();
    await scene.cluster.apply(files('Be brief.'));
    await bot().until(({ stage }) => stage === '1/4', 20_000);
    expect(performance.now() - atMs, 'from the write to the first stage').toBeLessThan(10_000);
    expect(await bot().ask('promote')).toMatchObject({ result: expect.stringMatching(/^done: rollingOut at 25 %/) });
    expect(await bot().ask('rollback', 'too brief')).toMatchObject({ result: expect.stringMatching(/^done/) });
    const status = await bot().until(({ phase }) => phase === 'held');
    expect(conditionOf(status, 'Degraded')).toMatchObject({ reason: 'RolledBack' });
    expect(await bot().ask('retry')).toMatchObject({ result: expect.stringMatching(/^done: release rel_.* began/) });
    await bot().until(({ stage }) => stage === '1/4', 20_000);
  });

  test('has one pipeline: a second one of another namespace is refused, and does nothing to the first', async () => {
    const { cluster } = scene;
    const namespace = `${cluster.namespace}-too`;
    const elsewhere = <T extends { metadata: object }>(object: T) => ({
      ...object,
      metadata: { ...object.metadata, namespace },
    });
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await cluster.apply(elsewhere(files('Be someone else.')), elsewhere(resource()));
    const second = teamOf({ ...cluster, namespace }, 'support-bot', '');
    const status = await second.until(({ phase }) => phase === 'invalid');
    const own = `${cluster.namespace}/support-bot`;
    expect(conditionOf(status, 'Degraded')?.message).toContain(`released by Pipeline ${own} already`);
    expect(await second.ask('rollback')).toMatchObject({ result: expect.stringMatching(/^refused/) });
    await cluster.api.call('DELETE', pathOf(namespace));
    await untilGone(namespace);
    expect(await bot().status()).toMatchObject({ phase: 'rollingOut', stage: '1/4' });
  });

  test('deleted with its pipeline in mid-release, its release ends and nobody is left on the candidate', async () => {
    const { release } = await bot().status();
    await scene.cluster.api.call('DELETE', pathOf());
    await untilGone();
    expect(await releaseOf(scene, release)).toMatchObject({
      phase: 'cancelled',
      weight: 0,
      createdBy: 'kubernetes:cluster',
    });
  });
});
