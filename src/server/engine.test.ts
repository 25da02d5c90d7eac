/** The whole of it over HTTP, with the real engine: what a person with curl would see of two releases. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { openHost } from '../cli/host.ts';
import { readEnvironment } from '../config/environment.ts';
import { verifyChains } from '../store/audit-chain.ts';
import { caller, readSse } from './server.test-support.ts';

const apiVersion = 'spillway.dev/v1alpha1';
const document = {
  apiVersion,
  kind: 'Pipeline',
  metadata: { name: 'support' },
  spec: {
    target: { prompt: { file: 'prompt.yaml' } },
    rollout: { stages: [{ weight: 10 }, { weight: 100 }], stage: { hold: '1h', timeout: '2h' } },
  },
};
const filesWith = (template: string) => ({
  'prompt.yaml': JSON.stringify({ apiVersion, kind: 'Prompt', metadata: { name: 'bot' }, spec: { template } }),
});

async function host(variables: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-engine-'));
  const log = { info() {}, warn() {}, error() {} };
  const opened = await openHost({ folder, host: '127.0.0.1', port: 0, environment: readEnvironment(variables), log });
  onTestFinished(async () => {
    await opened.close();
    await rm(folder, { recursive: true });
  });
  const call = caller(opened.url);
  // Asked, not heard: it may have come before anybody listens.
  const phase = (id: string, wanted: string) =>
    until(wanted, async () => (await call('GET', `/api/v1/releases/${id}`)).json.phase === wanted);
  return { ...opened, call, phase };
}

test('a first version serves, a second one is rolled out, promoted by hand and rolled back, and all of it is on record', async () => {
  const { url, call, phase } = await host();
  await call('PUT', '/api/v1/pipelines/support', { document, files: filesWith('one {{q}}') });
  const first = await call('POST', '/api/v1/releases', { pipeline: 'support' });
  expect(first).toMatchObject({ status: 201, json: { baseline: null } });
  await untilServed(call, first.json.version);

  const { version } = (await call('PUT', '/api/v1/pipelines/support', { document, files: filesWith('two {{q}}') }))
    .json;
  const following = readSse(`${url}/api/v1/events`, seen => seen.some(({ data }) => data.phase === 'rolledBack'));
  const { json: release } = await call('POST', '/api/v1/releases', { pipeline: 'support' });
  await phase(release.id, 'rollingOut');

  const outcomes = [version, first.json.version].map((one, index) => ({
    artifact: 'bot',
    version: one,
    unit: `u${index}`,
    latencyMs: 9,
  }));
  expect(await call('POST', '/api/v1/outcomes', { outcomes })).toMatchObject({ status: 202, json: { accepted: 2 } });

  const path = `/api/v1/releases/${release.id}`;
  expect(await call('POST', `${path}/promote`, { full: true })).toMatchObject({ status: 200, json: { weight: 100 } });
  expect(await resolved(call)).toMatchObject({ variant: 'candidate', value: { template: 'two {{q}}' } });
  await call('POST', `${path}/rollback`, { reason: 'wrong prices' }, { 'spillway-actor': 'ann' });
  expect(await resolved(call)).toMatchObject({ value: { template: 'one {{q}}' } });
  await following;

  const ended = (await call('GET', path)).json;
  expect(ended).toMatchObject({
    phase: 'rolledBack',
    weight: 0,
    rollback: { trigger: 'manual', reason: 'wrong prices' },
  });
  expect(await call('POST', `${path}/promote`)).toMatchObject({ status: 409, json: { code: 'RELEASE_FINISHED' } });
  expect(await call('POST', '/api/v1/releases', { pipeline: 'support' })).toMatchObject({
    status: 409,
    json: { code: 'VERSION_HELD' },
  });

  const audit = (await call('GET', '/api/v1/audit')).json;
  expect(verifyChains(audit.events, audit.heads)).toMatchObject([{ artifact: 'bot', check: { ok: true } }]);
  const rollback = audit.events.find((event: { kind: string }) => event.kind === 'rollback');
  expect(rollback).toMatchObject({ why: expect.stringContaining('wrong prices'), actor: 'api:ann', weightAfter: 0 });
  expect((await call('GET', '/metrics')).text).toContain('rollbacks_total{trigger="manual"} 1');
});

test('a suite that names an endpoint which the operator did not allow is not run, and nothing is sent there', async () => {
  const asked: string[] = [];
  const endpoint = createServer((req, res) => {
    asked.push(String(req.headers.authorization));
    res.end('{}');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void endpoint.close());
  await new Promise(resolve => endpoint.once('listening', resolve));
  const apiBaseUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/v1`;
  const suite = {
    apiVersion,
    kind: 'Suite',
    metadata: { name: 'answers' },
    spec: { provider: { id: 'openai:chat:m', config: { apiBaseUrl } }, cases: [{ vars: { q: 'x' } }] },
  };
  const tested = { ...document, spec: { ...document.spec, test: { suites: ['suite.yaml'], retries: 0 } } };
  const files = { ...filesWith('one {{q}}'), 'suite.yaml': JSON.stringify(suite) };
  const { call, phase } = await host({ OPENAI_API_KEY: 'the-key-of-the-operator' });
  await call('PUT', '/api/v1/pipelines/support', { document: tested, files });
  const { json: release } = await call('POST', '/api/v1/releases', { pipeline: 'support' });
  await phase(release.id, 'failed');
  const { text } = await call('GET', `/api/v1/releases/${release.id}`);
  expect(text).toContain('SPILLWAY_ALLOWED_HOSTS');
  expect(asked).toEqual([]);
});

type Call = ReturnType<typeof caller>;

async function resolved(call: Call) {
  return (await call('POST', '/ofrep/v1/evaluate/flags/bot', { context: { targetingKey: 'ann' } })).json;
}

async function untilServed(call: Call, version: string): Promise<void> {
  while ((await resolved(call)).metadata?.version !== version) await new Promise(resolve => setTimeout(resolve, 5));
}
