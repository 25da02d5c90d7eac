import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PrometheusPlan } from '../../config/plan.ts';
import { SpillwayError } from '../../errors.ts';
import {
  type ArmBackends,
  type OperatorsPrometheus,
  plannedAddress,
  plannedQueries,
  plannedSource,
  plannedThresholds,
} from './planned-source.ts';

const TOKEN = 'the-token-of-the-operator';
const BACKENDS: ArmBackends = {
  baseline: { namespace: 'shop', service: 'web', port: 80 },
  candidate: { namespace: 'shop', service: 'web-candidate', port: 80 },
};
const OWN = {
  baseline: { requests: 'hits{arm="a"}', errors: 'hits{arm="a",ok="no"}', histograms: {} },
  candidate: { requests: 'hits{arm="b"}', errors: 'hits{arm="b",ok="no"}', histograms: {} },
};

function plan(change: Partial<PrometheusPlan> = {}): PrometheusPlan {
  return { queries: { template: 'traefik' }, silentAfterMs: 30_000, thresholds: [], ...change };
}

function refusal(work: () => unknown): SpillwayError {
  try {
    work();
  } catch (error) {
    if (error instanceof SpillwayError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the queries of a plan', () => {
  test('of the template traefik are told by the backends of the route', () => {
    const { baseline, candidate } = plannedQueries(plan(), BACKENDS);
    expect(baseline.requests).toBe('traefik_service_requests_total{service="shop-web-http-80@kubernetesgateway"}');
    expect(candidate.requests).toContain('"shop-web-candidate-http-80@kubernetesgateway"');
  });

  test('of any template are told by the labels of the document, which also win over the backends', () => {
    const labels = { baseline: { service: 'a@file' }, candidate: { service: 'b@file' } };
    for (const template of ['traefik', 'otelHttp'])
      expect(plannedQueries(plan({ queries: { template, labels } }), BACKENDS).candidate.requests).toContain(
        '{service="b@file"}',
      );
  });

  test('are taken as they are where the document has its own', () => {
    expect(plannedQueries(plan({ queries: { own: OWN } }), undefined)).toEqual(OWN);
  });

  test.each<[string, PrometheusPlan['queries'], ArmBackends | undefined, string, string]>([
    [
      'a template that there is not',
      { template: 'haproxy' },
      BACKENDS,
      'haproxy; it must be one of traefik, envoy',
      'own queries',
    ],
    [
      'a template without labels',
      { template: 'istio' },
      BACKENDS,
      'istio needs spec.metrics.prometheus.labels',
      'labels.baseline',
    ],
    [
      'backends that are not known',
      { template: 'traefik' },
      undefined,
      'backends of the route',
      'spec.target.kubernetes',
    ],
    [
      'backends that are the same',
      { template: 'traefik' },
      { baseline: BACKENDS.baseline, candidate: BACKENDS.baseline },
      'nothing tells them apart',
      'field',
    ],
    [
      'labels that are the same',
      { template: 'envoy', labels: { baseline: { job: 'web' }, candidate: { job: 'web' } } },
      undefined,
      'nothing tells them apart',
      'field',
    ],
    [
      'own queries that are the same',
      { own: { baseline: OWN.baseline, candidate: OWN.baseline } },
      undefined,
      'nothing tells them apart',
      'candidate.requests',
    ],
    [
      'a name that no label can have',
      { template: 'envoy', labels: { baseline: { 'a b': '1' }, candidate: { 'a b': '2' } } },
      undefined,
      '"a b" cannot be the name of a label',
      'field',
    ],
  ])('refuse %s, and say what to change', (_name, queries, backends, said, hint) => {
    const error = refusal(() => plannedQueries(plan({ queries }), backends));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(said) });
    expect(error.hint).toContain(hint);
  });

  test('refuse a histogram whose name is no word, when the source is opened', () => {
    const candidate = { ...OWN.candidate, histograms: { 'a/b': 'x_bucket' } };
    const own = plan({ queries: { own: { ...OWN, candidate } }, url: 'http://127.0.0.1:1' });
    expect(refusal(() => plannedSource(own, {}, undefined))).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('the address', () => {
  const operators = { prometheusUrl: 'https://prom.example:9090/prometheus', prometheusToken: TOKEN };

  test('is that of the document, else that of the server, else an error that names both', () => {
    expect(plannedAddress(plan({ url: 'http://own:9090' }), operators).url).toBe('http://own:9090');
    expect(plannedAddress(plan(), operators).url).toBe('https://prom.example:9090/prometheus');
    const { message } = refusal(() => plannedAddress(plan(), { prometheusToken: TOKEN }));
    expect(message).toMatch(/spec\.metrics\.prometheus\.url.*SPILLWAY_PROMETHEUS_URL/);
    expect(message).not.toContain(TOKEN);
  });

  test.each([
    ['the server’s own', undefined],
    ['the same, written in the document', 'https://prom.example:9090/prometheus'],
    ['another path of the same origin', 'https://PROM.example:9090/other'],
  ])('gets the token when it is %s', (_name, url) =>
    expect(plannedAddress(plan(url === undefined ? {} : { url }), operators).token).toBe(TOKEN),
  );

  test.each([
    ['another host', 'https://collector.example:9090/prometheus'],
    ['another port', 'https://prom.example:9443/prometheus'],
    ['no encryption', 'http://prom.example:9090/prometheus'],
    ['the host as a user name', 'https://prom.example:9090@collector.example'],
    ['a name that only begins alike', 'https://prom.example.evil:9090'],
    ['credentials of its own', 'https://me:mine@prom.example:9090/prometheus'],
    ['no URL at all', 'prom.example:9090'],
  ])('never gets it with %s', (_name, url) =>
    expect(plannedAddress(plan({ url }), operators)).not.toHaveProperty('token'),
  );

  test('gets no token where the server names no address', () =>
    expect(plannedAddress(plan({ url: 'https://own' }), { prometheusToken: TOKEN })).not.toHaveProperty('token'));
});

describe('on the wire', () => {
  /** A server that notes what it is asked with, and answers nothing of use. */
  async function listener(): Promise<{ url: string; seen: string[] }> {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization ?? 'none');
      response.end('{"status":"success","data":{"resultType":"vector","result":[]}}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
  }

  async function ask(change: Partial<PrometheusPlan>, operators: OperatorsPrometheus): Promise<void> {
    const source = plannedSource(plan(change), operators, BACKENDS);
    await source.poll(0);
    await source.close();
  }

  test('the token reaches the Prometheus of the server and none that a document names', async () => {
    const [theirs, foreign] = [await listener(), await listener()];
    const operators = { prometheusUrl: theirs.url, prometheusToken: TOKEN };
    await ask({}, operators);
    await ask({ url: foreign.url }, operators);
    const watch = plannedThresholds(
      plan({ url: foreign.url, thresholds: [{ name: 'queue', query: 'q', max: 1 }] }),
      operators,
    )!;
    watch.look(0);
    await expect.poll(() => watch.look(0).unknown).toContain('finds nothing');
    await watch.close();
    expect({ theirs: theirs.seen, foreign: foreign.seen }).toEqual({
      theirs: [`Bearer ${TOKEN}`],
      foreign: ['none', 'none'],
    });
  });

  test('without thresholds there is nothing to watch', () => expect(plannedThresholds(plan(), {})).toBeUndefined());
});
