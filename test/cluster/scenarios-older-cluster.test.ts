/** A cluster that is not as the server would have it: definitions of an older version, or of none, and rights that are missing. */
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { installDefinitions } from './support/definitions.ts';
import { dropFinalizers } from './support/finalizers.ts';
import { conditionOf } from './support/pipelines.ts';
import { rightsOfChart } from './support/rights.ts';
import { openScene, type Scene, untilRouted } from './support/scene.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const SLOW = { timeout: 240_000 };
let scene: Scene | undefined;

afterEach(async () => {
  if (scene) await installDefinitions(scene.cluster);
  await scene?.room.end();
  scene = undefined;
});

/** The chart's rights but for some verbs of a resource. */
const without = (resource: string, verbs: readonly string[]) => (namespace: string, account: string) =>
  rightsOfChart(namespace, account).map(object => {
    if (!object['rules']) return object;
    const rules = object['rules'].map((rule: { resources: string[]; verbs: string[] }) =>
      rule.resources.includes(resource) ? { ...rule, verbs: rule.verbs.filter(verb => !verbs.includes(verb)) } : rule,
    );
    return { ...object, rules };
  });

describe('definitions', SLOW, () => {
  test('that keep no `status.gate` and know no releases: said in the log, and releases go on', async () => {
    scene = await openScene();
    const { cluster, server } = scene;
    const fields = '/spec/versions/0/schema/openAPIV3Schema/properties/status/properties';
    await cluster.api.patch(`${DEFINITIONS}/pipelines.spillway.dev`, 'json', [
      { op: 'remove', path: `${fields}/gate` },
    ]);
    await cluster.api.call('DELETE', `${DEFINITIONS}/releases.spillway.dev`);
    const team = await scene.team('old', { replicas: 1 });
    await until('it is said', () =>
      /definition of Pipeline .* older than this server and keeps no status.gate/.test(server.stderr()),
    );
    await team.change('v2');
    await team.until(({ stage }) => stage === '1/3', 90_000);
    await untilRouted(team, 25);
    expect(await team.ask('cancel')).toMatchObject({ result: expect.stringMatching(/^done/) });
    await team.untilClean();
  });

  test('that are missing are waited for, and named in the log', async () => {
    scene = await openScene();
    const { cluster, server, spillway } = scene;
    await server.stop();
    await dropFinalizers(cluster.api);
    await cluster.api.call('DELETE', `${DEFINITIONS}/pipelines.spillway.dev`);
    await until('it is gone', () =>
      cluster.api.call('GET', `${DEFINITIONS}/pipelines.spillway.dev`).then(
        () => false,
        () => true,
      ),
    );
    const next = await spillway.start();
    await until(
      'it is said',
      () => /does not know pipelines of spillway.dev: apply the definitions/.test(next.stderr()),
      {
        withinMs: 40_000,
        instead: next.stderr,
      },
    );
    expect((await fetch(`${next.url}/healthz`)).status).toBe(200);
    await installDefinitions(cluster);
    await scene.team('late', { replicas: 1 });
  });
});

describe('rights', SLOW, () => {
  test('to patch routes: the pipeline says which is missing and the rule to add; with it the release goes on', async () => {
    const rights = without('httproutes', ['patch']);
    scene = await openScene({ rights });
    const { cluster } = scene;
    const team = await scene.team('weak', { replicas: 1 });
    await team.change('v2');
    const rule =
      /the right to patch is missing; add the rule \{ apiGroups: \["gateway.networking.k8s.io"\], resources: \["httproutes"\], verbs: \["patch"\] \}/;
    await team.until(status => rule.test(conditionOf(status, 'Progressing')?.message ?? ''), 90_000);
    await cluster.apply(...rightsOfChart(cluster.namespace, 'spillway'));
    await untilRouted(team, 25);
  });

  test('to list policies: nothing is looked after, and the log says which right is missing', async () => {
    scene = await openScene({ rights: without('networkpolicies', ['list']) });
    const { server } = scene;
    const rule =
      /the right to list is missing; add the rule \{ apiGroups: \["networking.k8s.io"\], resources: \["networkpolicies"\], verbs: \["list"\] \}/;
    await until('it is said', () => rule.test(JSON.parse(JSON.stringify(server.stderr())).replaceAll('\\"', '"')), {
      withinMs: 40_000,
      instead: server.stderr,
    });
  });
});
