import { describe, expect, test } from 'vitest';
import type { SpillwayError } from '../errors.ts';
import { parseDocument, planOf } from './load.ts';
import type { Plan } from './plan.ts';
import { EXTERNAL, type Parts, textOf, WRONG_WORKLOADS } from './wrong-pipelines.test-support.ts';

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
  test.each(WRONG_WORKLOADS)('%s', (_name, parts, problem) =>
    expect(problemsOf(parts)).toEqual([expect.stringMatching(problem)]),
  );
});
