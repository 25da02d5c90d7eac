import { describe, expect, test } from 'vitest';
import type { SpillwayError } from '../errors.ts';
import { parseDocument, planOf } from './load.ts';
import type { Plan } from './plan.ts';
import { HEAD, LATER_SPECS, WRONG_NAMES, WRONG_SPECS } from './wrong-pipelines.test-support.ts';

function planFor(spec: string): Plan {
  const loaded = parseDocument(HEAD + spec, 'pipeline.yaml');
  if (loaded.kind !== 'Pipeline') throw new Error(loaded.kind);
  return planOf(loaded.document);
}

/** `line:column path message`, one a problem. */
function problemsOf(text: string): string[] {
  try {
    parseDocument(text, 'pipeline.yaml');
  } catch (error) {
    const { code, problems } = error as SpillwayError;
    expect(code).toBe('CONFIG_INVALID');
    expect(problems.every(({ file }) => file === 'pipeline.yaml')).toBe(true);
    return problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
  }
  return [];
}

describe('a pipeline that names only its target', () => {
  test('gets every default of the contract', () => {
    const stage = {
      holdMs: 60_000,
      timeoutMs: 300_000,
      minSamples: 50,
      require: 'noHarm',
      onInconclusive: 'hold',
      onTimeout: 'rollback',
    };
    expect(planFor('')).toEqual({
      name: 'web',
      target: { prompt: { file: 'p.yaml' } },
      test: { suites: [], workers: 8, timeoutMs: 30_000, suiteTimeoutMs: 600_000, passRate: 1, repeat: 1, retries: 3 },
      regression: {
        alpha: 0.05,
        onInconclusive: 'proceed',
        metrics: [
          { name: 'latency', unit: 'ms', direction: 'lowerIsBetter', minEffect: 0.05, required: true },
          { name: 'quality', direction: 'higherIsBetter', minEffect: 0.02, required: false },
        ],
      },
      rollout: { stages: [10, 25, 50, 100].map(weight => ({ weight, ...stage })), bakeMs: 300_000, holdbackWeight: 0 },
      rollback: { slaMs: 15_000, triggers: { performance: true, errorRateMax: 0.05, timeout: true } },
    });
  });

  test.each(['test', 'regression', 'rollout', 'rollback'])('means the same with an empty %s', section =>
    expect(planFor(`  ${section}: {}\n`)).toEqual(planFor('')),
  );
});

describe('a pipeline in full', () => {
  test('reaches the plan field by field', () => {
    const plan = planFor(`
  test: { suites: [s.yaml], workers: 4, timeout: 250ms, suiteTimeout: 1h, passRate: 0.95, repeat: 3, retries: 0 }
  regression:
    alpha: 0.01
    onInconclusive: fail
    metrics: [{ name: tokens, unit: tokens, direction: lowerIsBetter, minEffect: 12.5%, weight: 2, required: false }]
  rollout:
    stages:
      - { weight: 5, hold: 2m, timeout: 9m, minSamples: 7, require: nonInferior, onInconclusive: advance, onTimeout: hold }
      - { weight: 100 }
    stage: { hold: 30s, timeout: 10m, minSamples: 20, require: noHarm, onInconclusive: rollback, onTimeout: advance }
    bake: { for: 10m, holdback: 5% }
  rollback: { sla: 5s, triggers: { performance: false, errorRate: { max: 2.5% }, timeout: false } }
`);
    expect(plan.test).toEqual({
      suites: ['s.yaml'],
      workers: 4,
      timeoutMs: 250,
      suiteTimeoutMs: 3_600_000,
      passRate: 0.95,
      repeat: 3,
      retries: 0,
    });
    expect(plan.regression).toEqual({
      alpha: 0.01,
      onInconclusive: 'fail',
      metrics: [
        { name: 'tokens', unit: 'tokens', direction: 'lowerIsBetter', minEffect: 0.125, weight: 2, required: false },
      ],
    });
    expect(plan.rollout).toEqual({
      stages: [
        {
          weight: 5,
          holdMs: 120_000,
          timeoutMs: 540_000,
          minSamples: 7,
          require: 'nonInferior',
          onInconclusive: 'advance',
          onTimeout: 'hold',
        },
        {
          weight: 100,
          holdMs: 30_000,
          timeoutMs: 600_000,
          minSamples: 20,
          require: 'noHarm',
          onInconclusive: 'rollback',
          onTimeout: 'advance',
        },
      ],
      bakeMs: 600_000,
      holdbackWeight: 5,
    });
    expect(plan.rollback).toEqual({
      slaMs: 5_000,
      triggers: { performance: false, errorRateMax: 0.025, timeout: false },
    });
  });

  test('has no limit on errors when errorRate is false', () =>
    expect(planFor('  rollback: { triggers: { errorRate: false } }').rollback.triggers.errorRateMax).toBeNull());

  test('requires a metric that it names', () =>
    expect(
      planFor('  regression: { metrics: [{ name: quality, direction: higherIsBetter, minEffect: 1% }] }').regression
        .metrics[0],
    ).toMatchObject({ required: true }));
});

describe('a wrong pipeline is refused at its place', () => {
  test.each(WRONG_SPECS)('%s', (_name, spec, problem) => {
    expect(problemsOf(HEAD + spec)).toEqual([expect.stringMatching(problem)]);
  });

  test.each(WRONG_NAMES)('the name "%s"', name => {
    const text = HEAD.replace('{ name: web }', `{ name: "${name}" }`);
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^3:19 metadata\.name must be a name: lower-case letters/),
    ]);
  });

  test.each(LATER_SPECS)('%s, which this version does not act on: %s', (field, spec) =>
    expect(problemsOf(HEAD + spec)).toEqual([
      expect.stringMatching(
        new RegExp(`^6:\\d+ spec\\.\\S+\\.${field} "${field}" is not supported in this version.*NOT_SUPPORTED`),
      ),
    ]),
  );

  test.each<[string, string, RegExp]>([
    ['without a target', HEAD.replace(/ {2}target.*\n/, '  test: {}\n'), /^5:3 spec\.target is required: a mapping/],
    ['without a kind', 'apiVersion: spillway.dev/v1alpha1\nspec: {}', /^1:1 {2}has no `kind`/],
    [
      'of a later format',
      HEAD.replace('v1alpha1', 'v2'),
      /^1:13 apiVersion must be spillway\.dev\/v1alpha1; found "spillway\.dev\/v2"/,
    ],
    [
      'of an unknown kind',
      HEAD.replace('Pipeline', 'Pipelin'),
      /^2:7 kind must be Pipeline, Prompt or Suite; found "Pipelin"; did you mean Pipeline\?/,
    ],
  ])('a document %s', (_name, text, problem) => expect(problemsOf(text)[0]).toMatch(problem));

  test('with all its problems at once, in the order of the file', () => {
    const problems = problemsOf(`${HEAD}  test: { workers: x, wrokers: 1 }
  rollout: { stages: [{ weight: 50 }, { weight: 20 }] }
  rollback: { healthCheck: {} }
`);
    expect(problems.map(problem => problem.split(' ', 2).join(' '))).toEqual([
      '6:20 spec.test.workers',
      '6:23 spec.test.wrokers',
      '7:49 spec.rollout.stages[1].weight',
      '7:49 spec.rollout.stages[1].weight',
      '8:28 spec.rollback.healthCheck.url',
      '8:28 spec.rollback.healthCheck',
    ]);
  });
});
