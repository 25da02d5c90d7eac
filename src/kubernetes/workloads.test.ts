/** Findings without a cluster: one that does not answer, and what is missing. The rest is in test/cluster/candidate.test.ts. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { manualClock } from '../clock.ts';
import type { Json, KubernetesPlan } from '../config/plan.ts';
import { kubeClient } from '../kube/client.ts';
import { Refusal } from '../kube/refusal.ts';
import { samplePlan, sampleRelease } from '../rollout/release.test-support.ts';
import type { VersionRow } from '../store/store.ts';
import type { Cluster, Lookup } from './cluster.ts';
import { deployment, hpa, NAMESPACE, service, template, V2 } from './objects.test-support.ts';
import type { EndpointSlice, Pod } from './objects.ts';
import { sweep } from './sweep.ts';
import { templateOf, versionOf } from './template.ts';
import { kubernetesWorkloads, wordsOf } from './workloads.ts';

const only = <T extends { metadata: { name: string } }>(...objects: T[]): Lookup<T & never> =>
  ({
    get: (_namespace: string, name: string) => objects.find(({ metadata }) => metadata.name === name),
    list: () => objects,
  }) as unknown as Lookup<T & never>;

const empty: Cluster = {
  deployments: only(),
  services: only(),
  pods: only(),
  endpointSlices: only(),
  autoscalers: only(),
  networkPolicies: only(),
  podDisruptionBudgets: only(),
  podMonitors: only(),
};
const MANAGED: KubernetesPlan = {
  namespace: NAMESPACE,
  workload: { managed: { deployment: 'web' } },
  routes: [],
  revertTemplate: true,
  promotionTimeoutMs: 1,
  drainMs: 1,
};
const version = versionOf(deployment({ template: template('web:2') }));
const row = (spec: Json): VersionRow => ({
  artifact: 'shop.web',
  version,
  spec,
  createdAt: 0,
  createdBy: 'ann',
  heldBy: null,
});

/** No server is there. */
function bench(
  cluster: Partial<Cluster>,
  plan = MANAGED,
  stored: VersionRow | undefined = row(templateOf(deployment())),
) {
  const client = kubeClient({ server: 'http://127.0.0.1:9' });
  onTestFinished(() => client.close());
  const quiet = () => undefined;
  const options = {
    client,
    store: { getVersion: async (): Promise<VersionRow | undefined> => stored },
    clock: manualClock(),
    log: { info: quiet, warn: quiet, error: quiet },
    cluster: { ...empty, ...cluster },
    isRouteClear: async () => ({ isClear: true, sinceMs: -10_000, why: 'clear' }),
  };
  const attach = async () => ({ isAttached: true, why: 'attached' });
  const workloads = kubernetesWorkloads({ ...options, attach });
  const release = sampleRelease({
    plan: { ...samplePlan(), target: { kubernetes: plan } },
    artifact: 'shop.web',
    pipeline: 'web',
    version,
    phase: 'rollingOut',
    weight: 10,
  });
  return { workloads, release, options };
}
const there = { deployments: only(deployment()), services: only(service()) };

describe('a cluster that does not answer', () => {
  test('is a finding of a candidate that is not ready, not an exception', async () => {
    const { workloads, release } = bench(there);
    expect(await workloads.prepare(release)).toEqual({
      isReady: false,
      why: expect.stringMatching(/^the candidate was not made ready: the API server answers not: ECONNREFUSED/),
    });
  });

  test('is a finding while an autoscaler should be held, before anything is made', async () => {
    const { workloads, release } = bench({ ...there, autoscalers: only(hpa()) });
    expect(await workloads.prepare(release)).toMatchObject({ isReady: false });
  });

  test('is a finding of a promotion and of a reverse roll', async () => {
    const held = deployment({ paused: true, template: template('web:2') });
    const { workloads, release } = bench({ deployments: only(held) });
    expect(await workloads.promote(release)).toMatchObject({
      isReady: false,
      why: expect.stringMatching('ECONNREFUSED'),
    });
    expect(await workloads.reverse({ ...release, baseline: V2 })).toMatchObject({
      isReady: false,
      why: expect.stringMatching('ECONNREFUSED'),
    });
  });

  test('leaves something to sweep', async () => {
    const ours = service({}, 'web-candidate');
    ours.metadata.labels = { 'spillway.dev/pipeline': 'web', 'app.kubernetes.io/managed-by': 'spillway' };
    const { options } = bench({ ...there, services: only(service(), ours) });
    const order = { pipeline: 'web', artifact: 'shop.web', plan: MANAGED, baseline: version, gate: 'policy' as const };
    expect(
      await sweep(order, {
        ...options,
        whyNotDeleted: async () => undefined,
        detach: async () => ({ isDetached: true, why: '' }),
      }),
    ).toEqual({
      isClean: false,
      why: expect.stringMatching(/^not all of the release was taken away: .*ECONNREFUSED/),
    });
  });
});

test('a baseline that is applied again during a promotion is not overruled', async () => {
  const reverted = deployment({ paused: true });
  const { workloads, release } = bench({ deployments: only(reverted) });
  expect(await workloads.promote({ ...release, baseline: versionOf(reverted) })).toEqual({
    isReady: false,
    why: expect.stringMatching(/^the template of the baseline was written into Deployment web again/),
  });
});

describe('a refusal is told in words', () => {
  const refused = (status: number, message: string) =>
    wordsOf(
      new Refusal({ verb: 'create', path: '/apis/apps/v1/namespaces/shop/deployments' }, status, message),
      'it failed',
    );
  test.each([
    [
      403,
      'deployments.apps is forbidden: User "x" cannot create resource "deployments" in API group "apps"',
      /the right to create is missing; add the rule \{ apiGroups: \["apps"\], resources: \["deployments"\]/,
    ],
    [403, 'deployments.apps "web" is forbidden: exceeded quota: q', /does not allow it: .*exceeded quota/],
    [422, 'the server rejected our request', /changed meanwhile, or refused/],
    [503, 'try later', /the API server answers 503/],
  ])('%i %s', (status, message, words) => expect(refused(status, message)).toMatch(words));
});

describe('what is missing is named', () => {
  test.each<[RegExp, Partial<Cluster>]>([
    [/^Deployment shop\/web is not there/, {}],
    [/^no Service selects the pods of Deployment shop\/web/, { deployments: only(deployment()) }],
  ])('%s', async (why, cluster) => {
    const { workloads, release } = bench(cluster);
    expect(await workloads.prepare(release)).toMatchObject({ isReady: false, why: expect.stringMatching(why) });
  });

  test('a version that is not stored', async () => {
    const { workloads, release, options } = bench(there);
    options.store.getVersion = async () => undefined;
    expect(await workloads.prepare(release)).toMatchObject({ why: expect.stringMatching(/is not stored/) });
  });
});

describe('a candidate is down', () => {
  const labels = { 'spillway.dev/pipeline': 'web', 'spillway.dev/candidate': version.slice(7, 17) };
  const pod = (isReady: boolean, more: object = {}): Pod => ({
    metadata: { name: 'web-candidate-1', namespace: NAMESPACE, labels, ...more },
    status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  });
  test.each<[string, Pod[], true | undefined]>([
    ['without pods', [], true],
    ['with one that is not ready', [pod(false)], true],
    ['with one that is about to end', [pod(true, { deletionTimestamp: '2026-01-01T00:00:00Z' })], true],
    ['with one of another version', [pod(true, { labels: { ...labels, 'spillway.dev/candidate': 'other' } })], true],
    ['and with one of two that is ready it is not', [pod(false), pod(true)], undefined],
  ])('%s', async (_name, pods, isDown) => {
    const { workloads, release } = bench({ deployments: only(deployment()), pods: only(...pods) });
    expect((await workloads.prepare(release)).isDown).toBe(isDown);
  });
});

describe('an external workload', () => {
  const backend = (name: string, kind = 'Service') => ({ group: kind === 'Service' ? '' : 'x.k8s.io', kind, name });
  const plan = (candidate: ReturnType<typeof backend>): KubernetesPlan => ({
    ...MANAGED,
    workload: { external: { baseline: backend('blue'), candidate, version: 'v2' } },
  });
  const slice = (ready: boolean): EndpointSlice => ({
    metadata: { name: 'green-1', labels: { 'kubernetes.io/service-name': 'green' } },
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }],
  });

  test('is ready when its Service has an endpoint', async () => {
    const ready = bench({ endpointSlices: only(slice(true)) }, plan(backend('green')));
    expect(await ready.workloads.prepare(ready.release)).toMatchObject({ isReady: true });
    const not = bench({ endpointSlices: only(slice(false)) }, plan(backend('green')));
    expect(await not.workloads.prepare(not.release)).toEqual({
      isReady: false,
      why: 'Service green has no ready endpoint',
      isDown: true,
    });
  });

  test('of another kind is taken for ready: only its gateway can tell', async () => {
    const { workloads, release } = bench({}, plan(backend('green', 'InferencePool')));
    expect(await workloads.prepare(release)).toMatchObject({ isReady: true });
    expect(await workloads.promote(release)).toMatchObject({ isReady: true });
    const check = { url: 'http://{pod}/', intervalMs: 1, timeoutMs: 1, failures: 1 };
    release.plan.rollback.healthCheck = check;
    expect(await workloads.prepare(release)).toMatchObject({ isReady: true });
    expect(await workloads.prepare(release)).toMatchObject({ isReady: true });
  });
});
