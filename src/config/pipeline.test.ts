import { describe, expect, test } from 'vitest';
import type { SpillwayError } from '../errors.ts';
import { parseDocument, planOf } from './load.ts';
import type { Plan } from './plan.ts';

const HEAD =
  'apiVersion: spillway.dev/v1alpha1\nkind: Pipeline\nmetadata: { name: web }\nspec:\n  target: { prompt: { file: p.yaml } }\n';

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
  test.each<[string, string, RegExp]>([
    [
      'a misspelt field',
      '  rollot: {}',
      /^6:3 spec\.rollot unknown field "rollot"; did you mean "rollout"\? Allowed: files, target, test/,
    ],
    [
      'an unknown field far from any other',
      '  xyzzy: {}',
      /^6:3 spec\.xyzzy unknown field "xyzzy"\. Allowed: files, target/,
    ],
    [
      'a misspelt field in a list',
      '  rollout: { stages: [{ weight: 100, minSample: 3 }] }',
      /^6:38 spec\.rollout\.stages\[0\]\.minSample .*"minSamples"/,
    ],
    [
      'a bare number as duration',
      '  test: { timeout: 30 }',
      /^6:20 spec\.test\.timeout must be a duration.*found 30; did you mean 30s\?/,
    ],
    ['a sum as duration', '  rollout: { bake: 1h30m }', /^6:20 spec\.rollout\.bake must be a duration.*found "1h30m"/],
    ['a time-out of nothing', '  test: { timeout: 0s }', /^6:20 spec\.test\.timeout must be longer than 0; found "0s"/],
    [
      'a duration beyond what timers hold',
      '  rollout: { bake: 600h }',
      /^6:20 spec\.rollout\.bake must be at most 24 days/,
    ],
    [
      'a test longer than a day',
      '  test: { suiteTimeout: 25h }',
      /^6:25 spec\.test\.suiteTimeout must be at most 24h; found "25h"/,
    ],
    [
      'a fraction as percentage',
      '  regression: { metrics: [{ name: a, direction: lowerIsBetter, minEffect: 0.05 }] }',
      /^6:75 .*minEffect must be a percentage.*found 0\.05; did you mean 5%\?/,
    ],
    [
      'a percentage as pass rate',
      '  test: { passRate: 95% }',
      /^6:21 spec\.test\.passRate must be a number from 0 to 1.*found "95%"/,
    ],
    [
      'a pass rate above 1',
      '  test: { passRate: 1.5 }',
      /^6:21 spec\.test\.passRate must be a number from 0 to 1, such as 0\.95; found 1\.5/,
    ],
    ['no workers', '  test: { workers: 0 }', /^6:20 spec\.test\.workers must be at least 1; found 0/],
    ['half a worker', '  test: { workers: 1.5 }', /^6:20 spec\.test\.workers must be a whole number; found 1\.5/],
    ['an alpha of 0', '  regression: { alpha: 0 }', /^6:24 spec\.regression\.alpha must be more than 0; found 0/],
    [
      'an unknown policy',
      '  rollout: { stage: { onTimeout: rolback } }',
      /^6:34 .*must be rollback, hold or advance; found "rolback"; did you mean rollback\?/,
    ],
    ['a yes of YAML 1.1', '  rollback: { triggers: { timeout: yes } }', /^6:36 .*must be true or false; found "yes"/],
    ['a text where a mapping belongs', '  rollout: fast', /^6:12 spec\.rollout must be a mapping; found "fast"/],
    ['a value left empty', '  rollout:', /^6:3 spec\.rollout must be a mapping; found null/],
    [
      'weights that fall',
      '  rollout: { stages: [{ weight: 50 }, { weight: 25 }, { weight: 100 }] }',
      /^6:49 .*stages\[1\]\.weight must be more than 50, the weight of the stage before; found 25/,
    ],
    ['weights that stay', '  rollout: { stages: [{ weight: 100 }, { weight: 100 }] }', /^6:50 .*must be more than 100/],
    [
      'a last weight below 100',
      '  rollout: { stages: [{ weight: 10 }, { weight: 50 }] }',
      /^6:49 .*stages\[1\]\.weight must be 100 in the last stage; found 50/,
    ],
    ['a weight of 0', '  rollout: { stages: [{ weight: 0 }, { weight: 100 }] }', /^6:33 .*must be at least 1; found 0/],
    [
      'no stage at all',
      '  rollout: { stages: [] }',
      /^6:22 spec\.rollout\.stages must hold at least 1; found an empty list/,
    ],
    [
      'a hold beyond the default time-out',
      '  rollout: { stages: [{ weight: 100, hold: 6m }] }',
      /^6:44 .*hold the hold of 6m is longer than the timeout of 5m/,
    ],
    [
      'a shared hold beyond the shared time-out',
      '  rollout: { stage: { hold: 10m } }',
      /^6:29 spec\.rollout\.stage\.hold the hold of 10m is longer/,
    ],
    [
      'a stage time-out below the default hold',
      '  rollout: { stages: [{ weight: 100, timeout: 30s }] }',
      /^6:47 .*timeout the hold of 1m is longer than the timeout of 30s/,
    ],
    [
      'two metrics of one name',
      '  regression: { metrics: [{ name: a, direction: lowerIsBetter, minEffect: 1% }, { name: a, direction: lowerIsBetter, minEffect: 1% }] }',
      /^6:89 .*metrics\[1\]\.name "a" is the name of metrics\[0\] too/,
    ],
    [
      'a suite named twice',
      '  test: { suites: [a.yaml, a.yaml] }',
      /^6:28 spec\.test\.suites\[1\] "a\.yaml" is in the list already/,
    ],
    [
      'a holdback that is not whole',
      '  rollout: { bake: { holdback: 2.5% } }',
      /^6:32 .*bake\.holdback must be a whole percentage from 0% to 99%/,
    ],
    [
      'a misspelt field in the longer form of bake',
      '  rollout: { bake: { fro: 5m } }',
      /^6:22 spec\.rollout\.bake\.fro .*did you mean "for"/,
    ],
    [
      'an error rate that is no mapping',
      '  rollback: { triggers: { errorRate: 5% } }',
      /^6:38 .*errorRate must be a mapping \{ max: 5% \}, or false; found "5%"/,
    ],
    [
      'an error rate above 100 %',
      '  rollback: { triggers: { errorRate: { max: 101% } } }',
      /^6:45 .*max must be at most 100%/,
    ],
    [
      'a number too long to keep',
      '  test: { workers: 123456789012345678 }',
      /^6:20 spec\.test\.workers is a whole number with more digits/,
    ],
  ])('%s', (_name, spec, problem) => {
    expect(problemsOf(HEAD + spec)).toEqual([expect.stringMatching(problem)]);
  });

  test.each(['Web', 'web_1', '-web', 'web-', 'a'.repeat(64), ''])('the name "%s"', name => {
    const text = HEAD.replace('{ name: web }', `{ name: "${name}" }`);
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^3:19 metadata\.name must be a name: lower-case letters/),
    ]);
  });

  test.each<[string, string]>([
    ['approval', '  rollout: { stages: [{ weight: 100, approval: { timeout: 1h } }] }'],
    ['approval', '  rollout: { stage: { approval: { timeout: 1h } } }'],
    ['freeze', '  rollout: { freeze: [] }'],
  ])('%s, which this version does not act on: %s', (field, spec) =>
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
