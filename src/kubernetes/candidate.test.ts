import { describe, expect, test } from 'vitest';
import type { Json } from '../config/plan.ts';
import { type CandidateOrder, candidateName, candidateOf, candidateServiceName, stableServiceOf } from './candidate.ts';
import { deployment, NAMESPACE, service, template, V2 } from './objects.test-support.ts';

const order = (change: Partial<CandidateOrder> = {}): CandidateOrder => ({
  pipeline: 'web',
  releaseId: 'rel_1',
  version: V2,
  template: template('web:2') as unknown as Json,
  deployment: deployment(),
  service: service(),
  services: [service()],
  replicas: 1,
  ...change,
});
function made(change: Partial<CandidateOrder> = {}) {
  const found = candidateOf(order(change));
  if ('refused' in found) throw new Error(found.refused);
  return found;
}

describe('the Deployment of a candidate', () => {
  test('is the stable one with the new template, its own name, labels and number', () => {
    const spec = { strategy: { type: 'Recreate' }, minReadySeconds: 3, progressDeadlineSeconds: 60 };
    expect(made({ deployment: deployment(spec), replicas: 2 }).deployment).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'web-candidate-bbbbbbbbbb',
        namespace: NAMESPACE,
        labels: {
          'spillway.dev/pipeline': 'web',
          'spillway.dev/release': 'rel_1',
          'spillway.dev/candidate': 'bbbbbbbbbb',
          'app.kubernetes.io/managed-by': 'spillway',
        },
      },
      spec: {
        ...spec,
        replicas: 2,
        selector: { matchLabels: { 'spillway.dev/pipeline': 'web', 'spillway.dev/candidate': 'bbbbbbbbbb' } },
        template: {
          metadata: {
            labels: {
              app: 'web-candidate',
              'spillway.dev/pipeline': 'web',
              'spillway.dev/release': 'rel_1',
              'spillway.dev/candidate': 'bbbbbbbbbb',
              'app.kubernetes.io/managed-by': 'spillway',
            },
          },
          spec: { containers: [{ name: 'web', image: 'web:2' }] },
        },
      },
    });
  });

  test('keeps the annotations of the pods, which tell who scrapes them', () => {
    const scraped = { metadata: { labels: { app: 'web' }, annotations: { 'prometheus.io/port': '1' } }, spec: {} };
    expect(made({ template: scraped as unknown as Json }).deployment.spec.template.metadata?.annotations).toEqual({
      'prometheus.io/port': '1',
    });
  });

  test('is owned by the Pipeline resource where there is one', () => {
    const owner = { apiVersion: 'spillway.dev/v1alpha1', kind: 'Pipeline', name: 'web', uid: 'u' };
    expect(made({ owner }).deployment.metadata.ownerReferences).toEqual([owner]);
    expect(made({ owner }).service.metadata.ownerReferences).toEqual([owner]);
  });

  test('is selected by no Service but its own, and by that at every later pass too', () => {
    const first = made();
    const again = made({ services: [service(), service({ selector: { tier: 'x' } }, 'other'), first.service] });
    expect(again).toEqual(first);
  });

  test('is refused where a Service finds the pods whatever their labels', () => {
    const template = { metadata: { labels: { app: 'web', a: 'b' } }, spec: {} } as unknown as Json;
    const taken = [service(), service({ selector: { app: 'web-candidate' } }, 'taken')];
    expect(candidateOf(order({ template, services: taken }))).toEqual({
      refused: expect.stringMatching(/^Service shop\/taken selects pods with app=web-candidate/),
    });
  });
});

describe('the Service of a candidate', () => {
  test.each([
    ['headless', { clusterIP: 'None' }],
    ['of a load balancer', { type: 'LoadBalancer', clusterIP: '10.0.0.9' }],
    ['of node ports', { type: 'NodePort', ports: [{ name: 'http', port: 80, targetPort: 'http', nodePort: 30_080 }] }],
  ])('is a plain one with the same ports, when the stable one is %s', (_name, change) => {
    const stable = service({ ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...change });
    expect(made({ service: stable, services: [stable] }).service.spec).toEqual({
      type: 'ClusterIP',
      selector: { 'spillway.dev/pipeline': 'web', 'spillway.dev/candidate': 'bbbbbbbbbb' },
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    });
  });

  test('has the labels by which a monitor finds it, but not those by which a tool would prune it', () => {
    const labels = { app: 'web', 'argocd.argoproj.io/instance': 'shop', 'app.kubernetes.io/managed-by': 'Helm' };
    const stable = { ...service(), metadata: { ...service().metadata, labels } };
    expect(made({ service: stable }).service.metadata.labels).toEqual({
      app: 'web',
      'spillway.dev/pipeline': 'web',
      'spillway.dev/release': 'rel_1',
      'app.kubernetes.io/managed-by': 'spillway',
    });
  });
});

describe('names', () => {
  test('of the Service stay the same at every release, within 63 characters', () => {
    expect(candidateServiceName('web')).toBe('web-candidate');
    const long = candidateServiceName('w'.repeat(60));
    expect(long).toMatch(/^w+-[0-9a-f]{8}-candidate$/);
    expect(long).toHaveLength(63);
    expect(candidateServiceName(`${'w'.repeat(59)}x`)).not.toBe(long);
  });

  test('of Deployments differ by version', () => expect(candidateName('web', V2)).toBe('web-candidate-bbbbbbbbbb'));
});

describe('the Service that stands in the route', () => {
  const ours = { ...service({}, 'web-candidate') };
  ours.metadata.labels = { 'app.kubernetes.io/managed-by': 'spillway' };
  test('is the only one that selects the pods', () =>
    expect(stableServiceOf(deployment(), [service({ selector: {} }, 'none'), service(), ours])).toMatchObject({
      metadata: { name: 'web' },
    }));
  test('is the named one', () =>
    expect(stableServiceOf(deployment(), [service(), service({}, 'b')], 'b')).toMatchObject({
      metadata: { name: 'b' },
    }));
  test.each<[RegExp, ReturnType<typeof service>[], string | undefined]>([
    [/^Service gone of Deployment shop\/web is not there/, [service()], 'gone'],
    [/^no Service selects the pods of Deployment shop\/web/, [service({ selector: { app: 'api' } })], undefined],
    [/^several Services select .* \(web, b\); name the one/, [service(), service({}, 'b')], undefined],
  ])('is refused by name: %s', (why, services, named) =>
    expect(stableServiceOf(deployment(), services, named)).toEqual({ refused: expect.stringMatching(why) }),
  );
});
