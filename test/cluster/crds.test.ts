/**
 * The custom resources on a real API server: what lint accepts it accepts and completes to the same plan, and what lint
 * refuses it refuses, naming the same field. Inside a list, CEL can name the list only.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDocument, planOf } from '../../src/config/load.ts';
import {
  EXTERNAL,
  HEAD,
  LATER_SPECS,
  MANAGED,
  textOf,
  WRONG_NAMES,
  WRONG_SPECS,
  WRONG_WORKLOADS,
} from '../../src/config/wrong-pipelines.test-support.ts';
import type { SpillwayError } from '../../src/errors.ts';
import { openRoom, type Room } from '../support/room.ts';
import { Refusal } from './client/api.ts';
import type { KubeObject } from './client/objects.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { installDefinitions } from './support/definitions.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const FULL = `
  test: { workers: 4, timeout: 250ms, suiteTimeout: 24h, passRate: 0.95, repeat: 3, retries: 0 }
  regression:
    alpha: 0.01
    metrics: [{ name: tokens, unit: tokens, direction: lowerIsBetter, minEffect: 12.5%, weight: 2, required: false }]
  rollout:
    stages:
      - { weight: 5, hold: 2m, timeout: 9m, minSamples: 7, require: nonInferior, onInconclusive: advance, onTimeout: hold }
      - { weight: 100 }
    stage: { hold: 30s, timeout: 10m, minSamples: 20, require: noHarm, onInconclusive: rollback, onTimeout: advance }
    bake: { holdback: 5% }
  rollback: { sla: 5s, triggers: { performance: false, errorRate: { max: 100% }, timeout: false } }
`;

let room: Room;
let cluster: Cluster;
beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  await installDefinitions(cluster);
});
afterAll(() => room.end());

const path = (kind = 'pipelines') => `/apis/spillway.dev/v1alpha1/namespaces/${cluster.namespace}/${kind}`;

/** As kubectl sends it: unknown fields are refused. */
async function create(text: string, query = 'dryRun=All&fieldValidation=Strict'): Promise<KubeObject> {
  const object = parse(text) as KubeObject;
  delete object.metadata.namespace;
  return cluster.api.call('POST', `${path()}?${query}`, object);
}

/** The fields that lint names. */
function lintPaths(text: string): string[] {
  try {
    parseDocument(text, 'pipeline.yaml');
  } catch (error) {
    return (error as SpillwayError).problems.map(({ path: at }) => at ?? '');
  }
  throw new Error('lint refuses nothing');
}

async function refusalOf(text: string): Promise<string> {
  const refusal = await create(text).catch((error: unknown) => error);
  expect(refusal, 'the API server took it').toBeInstanceOf(Refusal);
  return (refusal as Refusal).message;
}

const fieldsIn = (message: string) => [...message.matchAll(/\b(?:spec|metadata)(?:\.\w+|\[\d+\])+/g)].map(([at]) => at);

/** The field itself, the item or mapping that holds it, or the list of that item: as near as CEL can name it. */
const near = (at: string) => [at, at.replace(/\.\w+$/, ''), at.replace(/(\[\d+\])?\.\w+$|\[\d+\]$/, '')];

function expectSameField(message: string, lint: readonly string[]): void {
  const named = fieldsIn(message.slice(message.indexOf(': ')));
  for (const at of lint)
    expect(
      near(at).some(one => named.includes(one)),
      `${at} in: ${message}`,
    ).toBe(true);
}

function planFrom(text: string) {
  const loaded = parseDocument(text, 'pipeline.yaml');
  if (loaded.kind !== 'Pipeline') throw new Error(loaded.kind);
  return planOf(loaded.document);
}

const examples = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.yaml') && /^kind: Pipeline$/m.test(readFileSync(join(EXAMPLES, file), 'utf8')))
  .map((file): [string, string] => [file, readFileSync(join(EXAMPLES, file), 'utf8')]);

describe('what lint accepts is taken, and means the same with the defaults of the cluster', () => {
  test.each<[string, string]>([
    ['a prompt', HEAD],
    ['a prompt in full', HEAD + FULL],
    ['a Deployment', textOf({})],
    ['a Deployment in full', textOf({ more: FULL })],
    ['two backends that exist', textOf({ target: EXTERNAL })],
    [
      'several routes',
      textOf({ target: MANAGED.replace('route: { name: web }', 'routes: [{ name: a }, { name: b }]') }),
    ],
    ['a health check', textOf({ more: '  rollback: { healthCheck: { url: "http://{pod}:80/healthz" } }\n' })],
    ['no limit on errors', textOf({ more: '  rollback: { triggers: { errorRate: false } }\n' })],
    ['an empty longer form of bake', textOf({ more: '  rollout: { bake: {} }\n' })],
    ['the longest duration', textOf({ more: '  rollout: { bake: 576h }\n' })],
    ...examples,
  ])('%s', async (_name, text) => {
    const { spec } = await create(text);
    const { apiVersion, kind, metadata } = parse(text);
    expect(planFrom(JSON.stringify({ apiVersion, kind, metadata, spec }))).toEqual(planFrom(text));
  });
});

describe('what lint refuses is refused at the same field', () => {
  // `rollout:` with nothing after it: the API server takes null for absent, before any rule is asked.
  const specs = WRONG_SPECS.filter(([name]) => name !== 'a value left empty');

  test.each(specs)('%s', async (_name, spec) => {
    expectSameField(await refusalOf(HEAD + spec), lintPaths(HEAD + spec));
  });

  test.each(WRONG_WORKLOADS)('%s', async (_name, parts) => {
    expectSameField(await refusalOf(textOf(parts)), lintPaths(textOf(parts)));
  });

  test.each(LATER_SPECS)('%s, which this version does not act on: %s', async (_name, spec) => {
    expectSameField(await refusalOf(HEAD + spec), lintPaths(HEAD + spec));
  });

  test.each(WRONG_NAMES)('the name "%s"', async name => {
    const text = HEAD.replace('{ name: web }', `{ name: "${name}" }`);
    expectSameField(await refusalOf(text), lintPaths(text));
  });

  test('no target', async () => {
    const text = HEAD.replace(/ {2}target.*\n/, '  test: {}\n');
    expectSameField(await refusalOf(text), lintPaths(text));
  });

  test.each([
    ['a number', '5'],
    ['true', 'true'],
    ['a list', '[5m]'],
    ['text that is no duration', 'soon'],
  ])('%s as bake', async (_name, value) => {
    const text = `${HEAD}  rollout: { bake: ${value} }\n`;
    expectSameField(await refusalOf(text), lintPaths(text));
  });

  test.each([
    ['a number', '5'],
    ['true', 'true'],
    ['a list', '[]'],
    ['an unknown field', '{ mox: 5% }'],
  ])('%s as errorRate', async (_name, value) => {
    const text = `${HEAD}  rollback: { triggers: { errorRate: ${value} } }\n`;
    expectSameField(await refusalOf(text), lintPaths(text));
  });
});

test('where both speak of a rule that spans fields, they use the same words', async () => {
  const message = await refusalOf(textOf({ target: '{ kubernetes: { deployment: web } }' }));
  expect(message).toContain('spec.target.kubernetes: Invalid value: must name `route`, or `routes`, and not both');
});

test('kubectl apply refuses a misspelt field; a client that does not ask for that has it dropped', async () => {
  const text = `${HEAD}  rollot: {}\n`;
  const file = join(room.folder(), 'pipeline.yaml');
  writeFileSync(file, text);
  await expect(cluster.kubectl('apply', '--dry-run=server', '-f', file)).rejects.toThrow('unknown field "spec.rollot"');
  expect((await create(text, 'dryRun=All&fieldValidation=Ignore'))['spec']).not.toHaveProperty('rollot');
});

describe('kubectl get', () => {
  const now = '2026-01-02T03:04:05Z';
  const ready = { type: 'Ready', status: 'False', reason: 'CandidateNotReady', message: 'm', lastTransitionTime: now };
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const candidate = { digest, name: '0123456789' };

  test('tells the story of a pipeline in one line', async () => {
    await create(textOf({}), 'fieldValidation=Strict');
    const status = {
      observedGeneration: 1,
      phase: 'rollingOut',
      release: 'rel_1',
      stage: '2/4',
      weight: 25,
      baseline: { digest, name: 'fedcba9876' },
      candidate,
      verdict: { kind: 'inconclusive', reason: 'too few outcomes' },
      hold: { reason: 'candidateNotReady', since: now },
      gate: 'policy',
      lastCommand: { command: 'resume', actor: 'ann', at: now, result: 'resumed' },
      conditions: [ready],
    };
    const written = await cluster.api.patch(`${path()}/web/status?fieldValidation=Strict`, 'merge', { status });
    expect(written['status']).toEqual(status);
    const [head, line] = (await cluster.kubectl('get', 'pipelines.spillway.dev')).split('\n');
    expect(head!.split(/\s+/)).toEqual('NAME PHASE STAGE WEIGHT VERDICT CANDIDATE REASON AGE'.split(' '));
    expect(line).toMatch(/^web +rollingOut +2\/4 +25 +inconclusive +0123456789 +CandidateNotReady +\d+s$/);
    expect(await cluster.kubectl('get', 'spl', '-o', 'name')).toBe('pipeline.spillway.dev/web\n');
    await cluster.kubectl('wait', '--for=condition=Ready=false', 'pipeline.spillway.dev/web', '--timeout=5s');
  });

  test('tells that of a release, whose spec is a record', async () => {
    const release = {
      apiVersion: 'spillway.dev/v1alpha1',
      kind: 'Release',
      metadata: { name: 'web-1', namespace: cluster.namespace },
      spec: { pipeline: 'web', version: digest },
    };
    await cluster.apply(release);
    const status = {
      phase: 'rolledBack',
      weight: 0,
      candidate,
      stages: [{ weight: 10, enteredAt: now }],
      verdict: { kind: 'fail', reason: 'errors' },
      rollback: {
        trigger: 'errorRate',
        reason: 'errors',
        at: now,
        clocks: { decisionToWriteMs: 12.5 },
        withinSla: true,
      },
      startedAt: now,
      endedAt: now,
      conditions: [ready],
    };
    const written = await cluster.api.patch(`${path('releases')}/web-1/status?fieldValidation=Strict`, 'merge', {
      status,
    });
    expect(written['status']).toEqual(status);
    const [, line] = (await cluster.kubectl('get', 'srel')).split('\n');
    expect(line).toMatch(/^web-1 +web +0123456789 +rolledBack +0 +fail +errorRate +\d+s$/);
    await expect(cluster.apply({ ...release, spec: { ...release.spec, pipeline: 'other' } })).rejects.toThrow(
      /spec.*is a record of what was; it cannot change/,
    );
  });

  test('shows a status that only the subresource changes', async () => {
    const { status } = await cluster.api.patch<KubeObject & { status: object }>(`${path()}/web`, 'merge', {
      status: { phase: 'idle' },
    });
    expect(status).toMatchObject({ phase: 'rollingOut' });
  });
});
