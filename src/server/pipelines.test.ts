import { describe, expect, test } from 'vitest';
import { digestOf } from '../config/digest.ts';
import { testServer } from './server.test-support.ts';

const PIPELINES = '/api/v1/pipelines';
const apiVersion = 'spillway.dev/v1alpha1';
const document = {
  apiVersion,
  kind: 'Pipeline',
  metadata: { name: 'support' },
  spec: { target: { prompt: { file: 'prompt.yaml' } }, test: { suites: ['suite.yaml'] } },
};
const spec = { template: 'Answer: {{question}}' };
const files = {
  'prompt.yaml': JSON.stringify({ apiVersion, kind: 'Prompt', metadata: { name: 'support-bot' }, spec }),
  'suite.yaml': [
    `apiVersion: ${apiVersion}`,
    'kind: Suite',
    'metadata: { name: smoke }',
    'spec:',
    '  provider: { id: echo }',
    '  cases: [{ name: one, vars: { question: why }, graders: [{ type: contains, value: why }] }]',
  ].join('\n'),
};

describe('PUT /api/v1/pipelines/{name}', () => {
  test('registers the pipeline, its plan and suites, and the version of its prompt', async () => {
    const { call, store } = await testServer();
    const first = await call('PUT', `${PIPELINES}/support`, { document, files });
    const version = digestOf(spec);
    expect(first).toMatchObject({ status: 201, json: { name: 'support', artifact: 'support-bot', version } });
    expect((await store.getPipeline('support'))?.bundle).toMatchObject({
      plan: { name: 'support', test: { workers: 8 } },
      prompt: { name: 'support-bot', version },
      suites: [{ name: 'smoke', cases: [{ id: 'one' }] }],
    });
    expect((await call('GET', '/api/v1/artifacts/support-bot/versions')).json.versions).toMatchObject([
      { version, spec, heldBy: null },
    ]);
    const again = await call('PUT', `${PIPELINES}/support`, { document, files });
    expect(again).toMatchObject({ status: 200, json: { digest: first.json.digest } });
    expect((await call('GET', `${PIPELINES}/support`)).json).toMatchObject({
      name: 'support',
      document: { kind: 'Pipeline' },
    });
    expect((await call('GET', PIPELINES)).json.pipelines).toHaveLength(1);
  });

  test('takes the pipeline as the text of its file', async () => {
    const { call } = await testServer();
    const text = JSON.stringify(document);
    expect(await call('PUT', `${PIPELINES}/support`, { document: text, files })).toMatchObject({ status: 201 });
  });

  test('takes 1 MiB of text, and at most 2 MiB of JSON', async () => {
    const { call } = await testServer();
    const sized = (mib: number) => ({ document, files: { ...files, 'extra.txt': '\n'.repeat(mib * 1024 * 1024) } });
    expect(await call('PUT', `${PIPELINES}/support`, sized(0.9))).toMatchObject({ status: 201 });
    expect(
      await call('PUT', `${PIPELINES}/support`, { document, files: { 'a.txt': 'x'.repeat(1_048_577) } }),
    ).toMatchObject({
      status: 400,
      json: { code: 'CONFIG_INVALID', errors: [{ path: 'files' }] },
    });
    expect(await call('PUT', `${PIPELINES}/support`, sized(2))).toMatchObject({
      status: 413,
      json: { code: 'BODY_TOO_LARGE' },
    });
  });

  test('under another name is refused, and names both', async () => {
    const { call, store } = await testServer();
    const answer = await call('PUT', `${PIPELINES}/other`, { document, files });
    expect(answer).toMatchObject({
      status: 400,
      json: { code: 'REQUEST_INVALID', errors: [{ path: 'metadata.name' }] },
    });
    expect(answer.json.detail).toMatch(/`support`.*`other`/);
    expect(await store.listPipelines()).toEqual([]);
  });

  test.each([
    ['an unknown field in the document', { document: { ...document, spec: { ...document.spec, stages: [] } }, files }],
    ['a file that is missing', { document, files: { 'prompt.yaml': files['prompt.yaml'] } }],
    [
      'a path that leaves the folder',
      { document: { ...document, spec: { target: { prompt: { file: '../prompt.yaml' } } } }, files },
    ],
    ['a document without its files', document],
    ['no pipeline at all', {}],
  ])('with %s is refused with every problem', async (_name, body) => {
    const { call, store } = await testServer();
    const answer = await call('PUT', `${PIPELINES}/support`, body);
    expect(answer).toMatchObject({ status: 400, json: { errors: expect.any(Array) } });
    expect(await store.listPipelines()).toEqual([]);
  });

  test('reads nothing from the disk of the server', async () => {
    const { call } = await testServer();
    const stolen = { ...document, spec: { target: { prompt: { file: '/etc/passwd' } } } };
    const answer = await call('PUT', `${PIPELINES}/support`, { document: stolen, files });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('root:');
  });

  test('an unknown pipeline is NOT_FOUND', async () => {
    const { call } = await testServer();
    expect(await call('GET', `${PIPELINES}/nobody`)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
  });
});

describe('POST /api/v1/artifacts/{name}/versions', () => {
  const VERSIONS = '/api/v1/artifacts/support-bot/versions';

  test('names the version by its content, and answers 200 when it is there already', async () => {
    const { call } = await testServer();
    const body = { spec: { messages: [{ role: 'user', content: '{{q}}' }], parameters: { temperature: 0 } } };
    const first = await call('POST', VERSIONS, body, { 'spillway-actor': 'ann' });
    expect(first).toMatchObject({ status: 201, json: { version: digestOf(body.spec) } });
    expect(await call('POST', VERSIONS, body)).toMatchObject({ status: 200, json: first.json });
    expect((await call('GET', VERSIONS)).json.versions).toMatchObject([{ ...first.json, createdBy: 'api:ann' }]);
  });

  test.each([
    ['no spec', {}, 'spec'],
    ['an unknown field', { spec, force: true }, 'force'],
    ['messages and template', { spec: { template: 'x', messages: [] } }, ''],
    [
      'parameters nested without end',
      `{"spec":{"template":"x","parameters":{"p":${'['.repeat(200_000)}${']'.repeat(200_000)}}}}`,
      'spec.parameters.p[0][0][0][0][0][0][0]',
    ],
    [
      'a name that changes objects',
      '{"spec":{"template":"x","parameters":{"__proto__":{"a":1}}}}',
      'spec.parameters.__proto__',
    ],
    ['a number that is none', '{"spec":{"template":"x","parameters":{"top_p":1e999}}}', 'spec.parameters.top_p'],
  ])('refuses %s', async (_name, body, path) => {
    const { call } = await testServer();
    const answer = await call('POST', VERSIONS, body);
    expect(answer).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } });
    if (path !== '') expect(answer.json.errors.map((one: { path: string }) => one.path)).toContain(path);
  });
});
