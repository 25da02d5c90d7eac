import { describe, expect, test } from 'vitest';
import type { SpillwayError } from '../errors.ts';
import { parseDocument, planOf } from './load.ts';
import type { Plan } from './plan.ts';

interface Parts {
  target?: string;
  metrics?: string;
  more?: string;
  metadata?: string;
}

const MANAGED = '{ kubernetes: { deployment: web, route: { name: web } } }';
const EXTERNAL =
  '{ kubernetes: { workload: external, route: { name: web }, baseline: { name: blue }, candidate: { name: green, port: 80 }, version: v2 } }';

function textOf({
  target = MANAGED,
  metrics = '{ prometheus: { template: traefik } }',
  more = '',
  metadata = '{ name: web }',
}: Parts): string {
  const source = metrics === '' ? '' : `  metrics: ${metrics}\n`;
  return `apiVersion: spillway.dev/v1alpha1\nkind: Pipeline\nmetadata: ${metadata}\nspec:\n  target: ${target}\n${source}${more}`;
}

function planFor(parts: Parts): Plan {
  const loaded = parseDocument(textOf(parts), 'pipeline.yaml');
  if (loaded.kind !== 'Pipeline') throw new Error(loaded.kind);
  return planOf(loaded.document);
}

function problemsOf(parts: Parts): string[] {
  try {
    parseDocument(textOf(parts), 'pipeline.yaml');
  } catch (error) {
    return (error as SpillwayError).problems.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}

describe('a pipeline of a workload', () => {
  test('needs its Deployment, its route and a source of metrics; the rest has defaults', () =>
    expect(planFor({})).toMatchObject({
      target: {
        kubernetes: {
          namespace: 'default',
          workload: { managed: { deployment: 'web' } },
          routes: [{ kind: 'HTTPRoute', namespace: 'default', name: 'web' }],
          revertTemplate: true,
          promotionTimeoutMs: 600_000,
          drainMs: 5_000,
        },
      },
      metrics: { prometheus: { queries: { template: 'traefik' }, silentAfterMs: 30_000, thresholds: [] } },
    }));

  test('lies in the namespace of its metadata, and so do its routes unless they say otherwise', () => {
    const target = '{ kubernetes: { deployment: web, routes: [{ name: a }, { name: b, namespace: edge, rule: r }] } }';
    const { target: plan } = planFor({ target, metadata: '{ name: web, namespace: shop, labels: { a: b } }' });
    expect(plan).toMatchObject({
      kubernetes: { namespace: 'shop', routes: [{ namespace: 'shop' }, { namespace: 'edge', rule: 'r' }] },
    });
  });

  test('may be two backends that exist already', () =>
    expect(planFor({ target: EXTERNAL }).target).toMatchObject({
      kubernetes: {
        workload: {
          external: {
            baseline: { group: '', kind: 'Service', name: 'blue' },
            candidate: { name: 'green', port: 80 },
            version: 'v2',
          },
        },
      },
    }));

  test('may have a health check', () =>
    expect(
      planFor({ more: '  rollback: { healthCheck: { url: "http://{pod}:80/healthz" } }\n' }).rollback,
    ).toMatchObject({
      healthCheck: { url: 'http://{pod}:80/healthz', intervalMs: 30_000, timeoutMs: 5_000, failures: 3 },
    }));
});

describe('lint refuses', () => {
  test.each<[string, Parts, RegExp]>([
    ['no target at all', { target: '{}' }, /^spec\.target must name one target: `prompt` or `kubernetes`/],
    [
      'two targets',
      { target: '{ prompt: { file: p.yaml }, kubernetes: { deployment: web, route: { name: web } } }', metrics: '' },
      /^spec\.target must name one target/,
    ],
    ['no route', { target: '{ kubernetes: { deployment: web } }' }, /kubernetes must name `route`, or `routes`/],
    [
      'both forms of routes',
      { target: '{ kubernetes: { deployment: web, route: { name: a }, routes: [{ name: b }] } }' },
      /kubernetes must name `route`, or `routes`/,
    ],
    ['no Deployment', { target: '{ kubernetes: { route: { name: web } } }' }, /must name its `deployment`/],
    [
      'an external workload without its backends',
      { target: '{ kubernetes: { workload: external, route: { name: web } } }' },
      /must name `baseline`, `candidate` and `version`/,
    ],
    [
      'an external workload with a Deployment',
      { target: EXTERNAL.replace('version: v2', 'version: v2, deployment: web') },
      /neither `deployment` nor `service`/,
    ],
    [
      'a probe that cannot tell versions',
      { target: '{ kubernetes: { deployment: web, route: { name: web }, probe: { url: http://web } } }' },
      /probe must name `header`, or `json`/,
    ],
    ['no metrics', { metrics: '' }, /^spec\.metrics is required with `target\.kubernetes`/],
    [
      'metrics of a prompt',
      { target: '{ prompt: { file: p.yaml } }' },
      /^spec\.metrics belongs to `target\.kubernetes`/,
    ],
    [
      'a source without queries',
      { metrics: '{ prometheus: {} }' },
      /prometheus must name a `template`, or own queries/,
    ],
    [
      'half of own queries',
      { metrics: '{ prometheus: { baseline: { requests: a, errors: b } } }' },
      /prometheus must name a `template`, or own queries/,
    ],
    [
      'a template that needs labels',
      { metrics: '{ prometheus: { template: istio } }' },
      /prometheus\.labels are required with this template/,
    ],
    ['suites', { more: '  test: { suites: [s.yaml] }\n' }, /^spec\.test\.suites are run for prompts/],
    [
      'a health check of a prompt',
      { target: '{ prompt: { file: p.yaml } }', metrics: '', more: '  rollback: { healthCheck: { url: http://a } }\n' },
      /^spec\.rollback\.healthCheck is not supported for prompts in this version.*NOT_SUPPORTED/,
    ],
    [
      'a name that is none',
      { target: '{ kubernetes: { deployment: Web_1, route: { name: web } } }' },
      /deployment must be/,
    ],
  ])('%s', (_name, parts, problem) => expect(problemsOf(parts)).toEqual([expect.stringMatching(problem)]));
});
