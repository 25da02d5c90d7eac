/**
 * Wrong pipelines, and where lint finds what is wrong: `[name, part, problem]`. Shared with the cluster's tests, which hold the
 * API server to refusing the same ones at the same fields.
 */

/** A good pipeline of a prompt; parts of `spec` may follow. */
export const HEAD =
  'apiVersion: spillway.dev/v1alpha1\nkind: Pipeline\nmetadata: { name: web }\nspec:\n  target: { prompt: { file: p.yaml } }\n';

export interface Parts {
  target?: string;
  metrics?: string;
  more?: string;
  metadata?: string;
}

export const MANAGED = '{ kubernetes: { deployment: web, route: { name: web } } }';
export const EXTERNAL =
  '{ kubernetes: { workload: external, route: { name: web }, baseline: { name: blue }, candidate: { name: green, port: 80 }, version: v2 } }';

/** A pipeline of a workload, good unless a part says otherwise. */
export function textOf({
  target = MANAGED,
  metrics = '{ prometheus: { template: traefik } }',
  more = '',
  metadata = '{ name: web }',
}: Parts): string {
  const source = metrics === '' ? '' : `  metrics: ${metrics}\n`;
  return `apiVersion: spillway.dev/v1alpha1\nkind: Pipeline\nmetadata: ${metadata}\nspec:\n  target: ${target}\n${source}${more}`;
}

/** After HEAD; the problem as `line:column path message`. */
export const WRONG_SPECS: [string, string, RegExp][] = [
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
];

export const WRONG_NAMES = ['Web', 'web_1', '-web', 'web-', 'a'.repeat(64), ''];

/** Fields that this version does not act on, with a spec that holds each. */
export const LATER_SPECS: [string, string][] = [['freeze', '  rollout: { freeze: [] }']];

/** The problem as `path message`. */
export const WRONG_WORKLOADS: [string, Parts, RegExp][] = [
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
  ['metrics of a prompt', { target: '{ prompt: { file: p.yaml } }' }, /^spec\.metrics belongs to `target\.kubernetes`/],
  ['a source without queries', { metrics: '{ prometheus: {} }' }, /prometheus must name a `template`, or own queries/],
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
  [
    'a threshold without a limit',
    { metrics: '{ prometheus: { template: traefik, thresholds: [{ name: queue, query: depth }] } }' },
    /^spec\.metrics\.prometheus\.thresholds must each have `max`, `min`, or both/,
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
];
