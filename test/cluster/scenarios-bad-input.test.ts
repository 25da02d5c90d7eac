/**
 * What is wrong with a pipeline or with what it names: one sentence in its Degraded condition says what, where, and what to do,
 * and others go on meanwhile. Nothing is tried before it is right.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { until } from '../support/until.ts';
import type { KubeObject } from './client/objects.ts';
import { conditionOf, pipeline } from './support/pipelines.ts';
import { openScene, type Scene, STAGES, type Team, teamOf, untilRouted } from './support/scene.ts';
import { route, untilRolledOut, workload } from './support/workloads.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
}, 90_000);
afterAll(() => scene?.room.end());

const SLOW = { timeout: 240_000 };
const STAGE = { hold: '1s', timeout: '10m', minSamples: 20 };
const of = (name: string): Team => teamOf(scene.cluster, name, `${name}.example`);
const resource = (name: string, target: object = {}): KubeObject =>
  pipeline(scene.cluster.namespace, name, { stages: STAGES, stage: STAGE, target });
const app = (name: string, more: object = {}) =>
  workload(scene.cluster.namespace, { name, version: 'v1', labels: { 'spillway.dev/gate': name }, ...more });
const routeOf = (name: string, weights: Record<string, number> = { [name]: 1 }) =>
  route(scene.cluster.namespace, name, { host: `${name}.${scene.cluster.namespace}.example`, weights });

/** Waits for the sentence. */
const untilDegraded = async (name: string, words: RegExp): Promise<string> => {
  const status = await of(name).until(
    status =>
      conditionOf(status, 'Degraded')?.status === 'True' && words.test(conditionOf(status, 'Degraded')!.message),
    30_000,
  );
  return conditionOf(status, 'Degraded')!.message;
};
const untilServing = (name: string) => of(name).until(({ phase }) => phase === 'serving', 60_000);

describe.concurrent('an object that is missing', SLOW, () => {
  test('S15: the Deployment, then its label, its Service, its route: each is named, and creating it is all that is to do', async ({
    expect,
  }) => {
    const { cluster } = scene;
    const [deployment, service] = app('parts');
    await cluster.apply(resource('parts'));
    const missing = await untilDegraded(
      'parts',
      /Deployment .*\/parts is not there: spec.target.kubernetes.deployment/,
    );
    expect(missing).toMatch(/HTTPRoute .*\/parts is not there: spec.target.kubernetes.route/);
    deployment!.metadata = { ...deployment!.metadata, labels: {} };
    await cluster.apply(deployment!);
    await untilDegraded('parts', /not labelled spillway.dev\/gate=parts: kubectl -n \S+ label deployment parts/);
    await cluster.kubectl('label', 'deployment', 'parts', 'spillway.dev/gate=parts');
    await cluster.apply(routeOf('parts'));
    await untilDegraded('parts', /no rule of the route sends to a Service that selects the pods .*no Service does/);
    await cluster.apply(service!);
    await untilServing('parts');
    expect(await of('parts').ask('pause')).toMatchObject({ result: 'refused: no release is active' });
  });

  test('S15: others go on meanwhile', async ({ expect }) => {
    await scene.cluster.apply(resource('nothing'));
    await untilDegraded('nothing', /is not there/);
    const team = await scene.team('fine', { replicas: 1 });
    await team.change('v2');
    await team.until(({ stage }) => stage === '1/3', 90_000);
    await untilRouted(team, 25);
    await team.ask('cancel');
    await team.untilClean();
    expect(conditionOf(await of('nothing').status(), 'Degraded')).toMatchObject({ status: 'True', reason: 'Invalid' });
  });

  test('a Service, a rule or a backend that is not there is named, and so is what there is', async () => {
    const { cluster } = scene;
    await cluster.apply(...app('refs'), routeOf('refs'));
    await untilRolledOut(cluster, 'refs');
    await cluster.apply(resource('refs', { service: 'elsewhere' }));
    await untilDegraded('refs', /Service .*\/elsewhere is not there: spec.target.kubernetes.service names it/);
    await cluster.apply(resource('refs', { route: { name: 'refs', rule: 'checkout' } }));
    await untilDegraded('refs', /HTTPRoute .*\/refs has no rule named checkout: none of its rules has a name/);
    await cluster.apply(resource('refs'), routeOf('refs', { parts: 1 }));
    await untilDegraded('refs', /no rule of the route sends to a Service that selects the pods .*those that do: refs/);
    await cluster.apply(routeOf('refs'));
    await untilServing('refs');
  });
});

describe.concurrent('what cannot be tried', SLOW, () => {
  test('two pipelines of one Deployment: the older one has it, and the other gets it when that is gone', async ({
    expect,
  }) => {
    const team = await scene.team('twice', { replicas: 1 });
    const second = { ...resource('twice'), metadata: { name: 'second', namespace: scene.cluster.namespace } };
    await scene.cluster.apply(second);
    const said = await untilDegraded('second', /is released by Pipeline .*\/twice already: one of the two must go/);
    expect(said).toMatch(/Deployment .*\/twice is released/);
    expect(await team.status()).toMatchObject({ phase: 'serving' });
    const { namespace, api } = scene.cluster;
    await api.call('DELETE', `/apis/spillway.dev/v1alpha1/namespaces/${namespace}/pipelines/twice`);
    await scene.cluster.kubectl('label', '--overwrite', 'deployment', 'twice', 'spillway.dev/gate=second');
    await untilServing('second');
  });

  test('a selector that no other label value escapes is said before anything is made', async ({ expect }) => {
    const { cluster } = scene;
    const [deployment, service] = app('greedy');
    deployment!['spec'].selector = { matchExpressions: [{ key: 'app', operator: 'Exists' }] };
    await cluster.apply(deployment!, service!, routeOf('greedy'));
    await untilRolledOut(cluster, 'greedy');
    await cluster.apply(resource('greedy'));
    await untilDegraded('greedy', /Deployment .*greedy selects pods with app Exists, and so would .* a candidate/);
    await of('greedy').change('v2');
    await until('the template is held', async () => (await of('greedy').deployment())['spec'].paused === true);
    expect(await of('greedy').leftovers()).toEqual([]);
  });

  test('a gateway that is not there, or does not accept the route, is said with its name', async () => {
    const { cluster } = scene;
    const lost = routeOf('lost');
    lost['spec'].parentRefs = [{ name: 'nobody' }];
    await cluster.apply(...app('lost'), lost);
    await untilRolledOut(cluster, 'lost');
    await cluster.apply(resource('lost'));
    await untilDegraded('lost', /Gateway .*\/nobody cannot be read/);
    const { parentRefs } = routeOf('lost')['spec'];
    lost['spec'].parentRefs = [{ ...parentRefs[0], sectionName: 'nosuch' }];
    await cluster.apply(lost);
    await untilDegraded('lost', /HTTPRoute .*\/lost is not accepted by Gateway \S*gateway: NoMatchingParent/);
    await cluster.apply(routeOf('lost'));
    await untilServing('lost');
  });

  test('a backend in another namespace without a ReferenceGrant is said, with the grant to add', async () => {
    const { cluster } = scene;
    const { namespace } = cluster;
    await cluster.apply(...app('near'));
    const far = routeOf('far');
    const refs = [
      { name: 'near', port: 80, weight: 1 },
      { name: 'kubernetes', namespace: 'default', port: 443, weight: 0 },
    ];
    far['spec'].rules = [{ backendRefs: refs }];
    await cluster.apply(far);
    const made = resource('far');
    made['spec'].target.kubernetes = {
      workload: 'external',
      route: { name: 'far' },
      baseline: { name: 'near' },
      candidate: { name: 'kubernetes', namespace: 'default' },
      version: 'v1',
    };
    await cluster.apply(made);
    await untilDegraded(
      'far',
      new RegExp(
        `No ReferenceGrant in namespace default lets HTTPRoute ${namespace}/far send to Service kubernetes: add one from \\{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: ${namespace} \\}`,
      ),
    );
  });
});
