import { describe, expect, test } from 'vitest';
import { type Bystanders, type CopyOrder, copiesOf, rewriteTerms } from './bystanders.ts';
import { app, NAMESPACE, networkPolicy, template } from './objects.test-support.ts';
import type { PodDisruptionBudget, PodMonitor } from './objects.ts';

const ONLY = { matchLabels: { 'spillway.dev/candidate': 'bb' } };
const order: CopyOrder = {
  stable: { app: 'web', tier: 'front' },
  candidate: { app: 'web-candidate', tier: 'front', 'spillway.dev/candidate': 'bb' },
  selector: ONLY,
  labels: { 'spillway.dev/pipeline': 'web', 'app.kubernetes.io/managed-by': 'spillway' },
  rename: name => `${name}-candidate-bb`,
};
const none: Bystanders = { networkPolicies: [], podDisruptionBudgets: [], podMonitors: [] };
const budget = (spec: PodDisruptionBudget['spec']): PodDisruptionBudget => ({
  metadata: { name: 'web', namespace: NAMESPACE },
  spec,
});
function copies(of: Partial<Bystanders>) {
  return copiesOf({ ...none, ...of }, order);
}

describe('a NetworkPolicy', () => {
  test('of the stable pods is copied for the candidate, with its rules', () => {
    const ingress = [{ from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }];
    expect(copies({ networkPolicies: [networkPolicy({ podSelector: app('web'), ingress })] })).toEqual([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'web-candidate-bb', namespace: NAMESPACE, labels: order.labels },
        spec: { podSelector: ONLY, ingress },
      },
    ]);
  });

  test('of a database that lets the stable pods in is copied to let the candidate in too', () => {
    const spec = {
      podSelector: app('db'),
      ingress: [{ from: [{ podSelector: app('web') }, { podSelector: app('x') }] }],
    };
    expect(copies({ networkPolicies: [networkPolicy(spec, 'db')] })).toMatchObject([
      {
        metadata: { name: 'db-candidate-bb' },
        spec: {
          podSelector: app('db'),
          ingress: [{ from: [{ podSelector: app('web') }, { podSelector: ONLY }, { podSelector: app('x') }] }],
        },
      },
    ]);
  });

  test('by which stable pods may reach each other lets both kinds reach both', () => {
    const spec = { podSelector: app('web'), egress: [{ to: [{ podSelector: app('web') }] }] };
    expect(copies({ networkPolicies: [networkPolicy(spec)] })[0]!.spec).toEqual({
      podSelector: ONLY,
      egress: [{ to: [{ podSelector: app('web') }, { podSelector: ONLY }] }],
    });
  });

  test.each([
    ['of every pod', networkPolicy({ podSelector: {} })],
    ['of both arms', networkPolicy({ podSelector: { matchLabels: { tier: 'front' } } })],
    ['of others', networkPolicy({ podSelector: app('db'), ingress: [{}] })],
    [
      'that is a copy of ours',
      {
        ...networkPolicy({ podSelector: app('web') }),
        metadata: { name: 'c', labels: { 'app.kubernetes.io/managed-by': 'spillway' } },
      },
    ],
  ])('%s is left alone', (_name, policy) => expect(copies({ networkPolicies: [policy] })).toEqual([]));
});

describe('a PodDisruptionBudget', () => {
  test.each<[PodDisruptionBudget['spec'], PodDisruptionBudget['spec']]>([
    [{ maxUnavailable: 1 }, { maxUnavailable: 1 }],
    [{ minAvailable: '50%' }, { minAvailable: '50%' }],
    [{ minAvailable: 3 }, { minAvailable: 1 }],
    [{ maxUnavailable: 0 }, { maxUnavailable: 0 }],
  ])('%j holds for the candidate as %j', (spec, copy) =>
    expect(copies({ podDisruptionBudgets: [budget({ ...spec, selector: app('web') })] })[0]!.spec).toEqual({
      ...copy,
      selector: ONLY,
    }),
  );
});

test('a PodMonitor is copied with the labels by which its operator finds it', () => {
  const monitor: PodMonitor = {
    metadata: { name: 'web', namespace: NAMESPACE, labels: { release: 'prometheus', 'helm.sh/chart': 'web-1' } },
    spec: { selector: app('web') },
  };
  expect(copies({ podMonitors: [monitor] })).toMatchObject([
    { kind: 'PodMonitor', metadata: { labels: { ...order.labels, release: 'prometheus' } }, spec: { selector: ONLY } },
  ]);
});

describe('terms of the template', () => {
  const term = (labelSelector: object) => ({ labelSelector, topologyKey: 'zone' });
  test('about its own pods are turned to the candidate, those about others stay', () => {
    const pods = template('web:2', {
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app('cache'))] },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [term(app('web'))],
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term(app('web')) }],
        },
      },
      topologySpreadConstraints: [term(app('web'))],
    });
    expect(rewriteTerms(pods, order).spec).toEqual({
      ...pods.spec,
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app('cache'))] },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [term(ONLY)],
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term(ONLY) }],
        },
      },
      topologySpreadConstraints: [term(ONLY)],
    });
  });

  test('that look into other namespaces only stay', () => {
    const constraint = { ...term(app('web')), namespaces: ['other'] };
    const pods = template('web:2', {
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [constraint] } },
    });
    expect(rewriteTerms(pods, order, NAMESPACE)).toEqual(pods);
    expect(rewriteTerms(pods, order, 'other')).not.toEqual(pods);
  });

  test('are not invented where there are none', () => expect(rewriteTerms(template(), order)).toEqual(template()));
});
