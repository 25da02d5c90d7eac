import { describe, expect, test } from 'vitest';
import { readDocument } from './documents.ts';
import type { PipelineResource } from './resources.ts';

const resource = (spec: PipelineResource['spec']): PipelineResource => ({
  metadata: { name: 'web', namespace: 'shop', labels: { 'argocd.argoproj.io/instance': 'x' } },
  spec,
});
const workload = {
  target: { kubernetes: { deployment: 'web', route: { name: 'web' } } },
  metrics: { prometheus: { template: 'traefik' } },
};

describe('a resource', () => {
  test('is read as the document that it is, in its own namespace', () =>
    expect(readDocument(resource(workload), {})).toMatchObject({
      bundle: { plan: { name: 'web', target: { kubernetes: { namespace: 'shop' } } } },
    }));

  test('finds the files that it names in its ConfigMap', () => {
    const spec = {
      files: { configMap: 'bot' },
      target: { prompt: { file: 'prompt.yaml' } },
      test: { suites: ['suite.yaml'] },
    };
    const head = 'apiVersion: spillway.dev/v1alpha1\nmetadata: { name: bot }\n';
    const files = {
      'prompt.yaml': `${head}kind: Prompt\nspec: { template: "Hi {{name}}" }\n`,
      'suite.yaml': `${head}kind: Suite\nspec: { provider: { id: echo }, cases: [{ vars: { name: A }, graders: [{ type: contains, value: A }] }] }\n`,
    };
    expect(readDocument(resource(spec), files)).toMatchObject({
      bundle: { prompt: { name: 'bot' }, suites: [{ name: 'bot' }] },
    });
    expect(readDocument(resource(spec), {})).toMatchObject({
      problems: [expect.stringContaining('prompt.yaml'), expect.stringContaining('suite.yaml')],
    });
  });

  test('that an older definition let through is told by its fields, all of them', () =>
    expect(readDocument(resource({ ...workload, rollot: {}, rollback: { sla: '0s' } }), {})).toEqual({
      problems: [
        expect.stringMatching(/^spec\.rollback\.sla: must be longer than 0/),
        expect.stringMatching(/^spec\.rollot: unknown field "rollot"; did you mean "rollout"/),
      ],
    }));
});
