import { describe, expect, test } from 'vitest';
import type { KubernetesPlan } from '../config/plan.ts';
import type { BackendRef, RouteObject } from '../traffic/gateway/object.ts';
import { claimsOf, locate, locateByRoutes, type Named } from './locate.ts';
import type { Service } from './objects.ts';

const plan = (change: Partial<KubernetesPlan> = {}): KubernetesPlan => ({
  namespace: 'shop',
  workload: { managed: { deployment: 'web' } },
  routes: [{ kind: 'HTTPRoute', namespace: 'shop', name: 'web' }],
  revertTemplate: true,
  promotionTimeoutMs: 1,
  drainMs: 1,
  ...change,
});
const service = (name: string, selector: Record<string, string> = { app: 'web' }): Service => ({
  metadata: { name, namespace: 'shop' },
  spec: { selector },
});
const route = (...refs: (string | BackendRef)[]): RouteObject => ({
  metadata: { name: 'web', namespace: 'shop' },
  spec: { rules: [{ backendRefs: refs.map(ref => (typeof ref === 'string' ? { name: ref, port: 80 } : ref)) }] },
});
const named = (change: Partial<Named> = {}): Named => ({
  deployment: { podLabels: { app: 'web', tier: 'front' }, gate: 'web' },
  routes: [route('web')],
  services: [service('web'), service('db', { app: 'db' })],
  ...change,
});
const problemsOf = (what: Partial<Named>, of: Partial<KubernetesPlan> = {}) => {
  const found = locate(plan(of), 'web', named(what));
  return 'problems' in found ? found.problems : [];
};

describe('a Deployment', () => {
  test('is routed by the Service that selects its pods', () =>
    expect(locate(plan(), 'web', named())).toEqual({
      routes: [{ kind: 'HTTPRoute', namespace: 'shop', name: 'web' }],
      baseline: { name: 'web', port: 80 },
      candidate: { name: 'web-candidate', port: 80 },
    }));

  test('in another namespace than its route is named with its own', () => {
    const routes = [{ kind: 'HTTPRoute' as const, namespace: 'edge', name: 'web' }];
    expect(locate(plan({ routes }), 'web', named())).toMatchObject({ baseline: { name: 'web', namespace: 'shop' } });
  });

  test.each<[string, Partial<Named>, Partial<KubernetesPlan>, RegExp]>([
    [
      'that is missing',
      { deployment: undefined },
      {},
      /^Deployment shop\/web is not there: spec\.target\.kubernetes\.deployment/,
    ],
    [
      'without the label of the gate',
      { deployment: { podLabels: { app: 'web' }, gate: undefined } },
      {},
      /is not labelled spillway\.dev\/gate=web: kubectl -n shop label deployment web spillway\.dev\/gate=web$/,
    ],
    ['whose route is missing', { routes: [undefined] }, {}, /^HTTPRoute shop\/web is not there/],
    [
      'whose Service is in no rule',
      { routes: [route('db')] },
      {},
      /no rule of the route sends to a Service .* \(those that do: web\)/,
    ],
    ['without a Service', { services: [] }, {}, /\(no Service does\)/],
    [
      'with two Services in its route',
      { services: [service('web'), service('web-b')], routes: [route('web', 'web-b')] },
      {},
      /several Services of the Deployment \(web, web-b\): name one in spec\.target\.kubernetes\.service/,
    ],
    [
      'whose named Service is missing',
      {},
      { workload: { managed: { deployment: 'web', service: 'x' } } },
      /^Service shop\/x is not there/,
    ],
    [
      'whose named Service selects others',
      {},
      { workload: { managed: { deployment: 'web', service: 'db' } } },
      /^Service shop\/db does not select the pods/,
    ],
  ])('%s is told by its field', (_name, what, of, problem) =>
    expect(problemsOf(what, of)).toContainEqual(expect.stringMatching(problem)),
  );

  test('and all that is wrong are told at once', () =>
    expect(problemsOf({ deployment: undefined, routes: [undefined] })).toHaveLength(2));
});

describe('two backends that exist already', () => {
  const external = {
    workload: {
      external: {
        baseline: { group: '', kind: 'Service', name: 'blue' },
        candidate: { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'green' },
        version: 'v2',
      },
    },
  };
  const pool: BackendRef = { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'green' };

  test('are taken as they are', () =>
    expect(locate(plan(external), 'web', named({ routes: [route('blue', pool)] }))).toMatchObject({
      baseline: { kind: 'Service', name: 'blue' },
      candidate: { kind: 'InferencePool', name: 'green' },
    }));

  test('must both be in the route', () =>
    expect(problemsOf({ routes: [route('blue')] }, external)).toEqual([
      expect.stringMatching(/^no rule of the route sends to InferencePool green: add it to backendRefs/),
    ]));
});

test('two pipelines that would move the same thing are seen by their claims', () => {
  expect(claimsOf(plan())).toEqual(['Deployment shop/web']);
  expect(claimsOf(plan())).toEqual(claimsOf(plan({ routes: [] })));
});

describe('with the Deployment and its Service gone, a release', () => {
  test('is still found in the route that names its candidate', () => {
    const expected = { baseline: { name: 'web', port: 80 }, candidate: { name: 'web-candidate', port: 80 } };
    expect(locateByRoutes(plan(), [route('db'), route('web', 'web-candidate')])).toMatchObject(expected);
  });

  test('is nowhere when no route names one, and of an external workload is not guessed', () => {
    const at = (name: string) => ({ group: '', kind: 'Service', name });
    const external = { external: { baseline: at('blue'), candidate: at('blue-candidate'), version: 'v2' } };
    expect(locateByRoutes(plan(), [undefined, route('web')])).toBeUndefined();
    expect(locateByRoutes(plan({ workload: external }), [route('blue', 'blue-candidate')])).toBeUndefined();
  });
});

describe('a gateway', () => {
  const said = (condition: object, generation = 2) => {
    const found = route('web');
    found.metadata.generation = 2;
    const conditions = [{ type: 'Accepted', status: 'False', observedGeneration: generation, ...condition }];
    found.status = { parents: [{ parentRef: { name: 'edge', namespace: 'infra' }, conditions }] };
    return problemsOf({ routes: [found] });
  };

  test('that does not accept the route is named with its reason', () =>
    expect(said({ reason: 'NotAllowedByListeners', message: 'no listener takes it' })).toEqual([
      'HTTPRoute shop/web is not accepted by Gateway infra/edge: NotAllowedByListeners, no listener takes it; see spec.parentRefs of the route',
    ]));

  test('that has not seen the present generation says nothing yet', () => expect(said({}, 1)).toEqual([]));

  test('that misses a backend does not stand in the way: the candidate’s Service comes with its release', () =>
    expect(said({ type: 'ResolvedRefs', reason: 'BackendNotFound' })).toEqual([]));
});
