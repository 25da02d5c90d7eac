import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SpillwayError } from '../../errors.ts';
import { type PrometheusOptions, prometheusClient } from './client.ts';
import { networkFailure, redactor } from './failure.ts';

const EMPTY = JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } });

async function answering(listener: RequestListener, options: Partial<PrometheusOptions> = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prometheus/`;
  const client = prometheusClient({ url, ...options });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

const saying = (status: number, body: string, options?: Partial<PrometheusOptions>) =>
  answering((_request, response) => void response.writeHead(status).end(body), options);

const failureOf = async (promise: Promise<unknown>): Promise<SpillwayError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SpillwayError);
  return error as SpillwayError;
};

describe('the client of Prometheus', () => {
  test('posts the query below the path of its address, with its credentials', async () => {
    const seen: unknown[] = [];
    const client = await answering(
      (request, response) => {
        request.on('data', (data: Buffer) => {
          const { authorization, 'x-scope-orgid': tenant } = request.headers;
          seen.push({ url: request.url, authorization, tenant, body: data.toString() });
          response.end(EMPTY);
        });
      },
      { token: 'secret-token', headers: { 'X-Scope-OrgID': 'team-a' } },
    );
    expect(await client.instant('up == 1')).toEqual({ type: 'vector', items: [] });
    expect(seen).toEqual([
      {
        url: '/prometheus/api/v1/query',
        authorization: 'Bearer secret-token',
        tenant: 'team-a',
        body: 'query=up+%3D%3D+1',
      },
    ]);
  });

  test('has one request under way, however many are asked for', async () => {
    let [now, most] = [0, 0];
    const client = await answering((_request, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end(EMPTY);
      }, 5);
    });
    await Promise.all(Array.from({ length: 5 }, () => client.instant('up')));
    expect(most).toBe(1);
  });

  test('says what is wrong with a query, and where', async () => {
    const error = 'invalid parameter "query": 1:5: parse error: unexpected end of input inside braces';
    const client = await saying(400, JSON.stringify({ status: 'error', errorType: 'bad_data', error }));
    const failure = await failureOf(client.instant('foo{'));
    expect(failure.code).toBe('METRICS_QUERY_INVALID');
    expect(failure.message).toContain('unexpected end of input');
    expect(failure.problems).toEqual([
      { path: 'query', line: 1, column: 5, message: 'parse error: unexpected end of input inside braces' },
    ]);
  });

  test.each<[string, number, string, string]>([
    ['a query that cannot be executed is one of the query', 422, '{"error":"many-to-many"}', 'METRICS_QUERY_INVALID'],
    ['a refused token is one of credentials', 401, 'no', 'METRICS_REFUSED'],
    ['a forbidden tenant is one of credentials', 403, 'no', 'METRICS_REFUSED'],
    ['an overloaded server may be asked again', 503, '{"error":"query timed out"}', 'METRICS_UNREACHABLE'],
    ['a limit on requests may be asked again', 429, 'slow down', 'METRICS_UNREACHABLE'],
    ['another page is no answer', 404, '<html>', 'METRICS_ANSWER_INVALID'],
    ['a redirect is no answer', 302, '', 'METRICS_ANSWER_INVALID'],
    ['text that is not JSON is no answer', 200, '<html>', 'METRICS_ANSWER_INVALID'],
    ['an answer without success is none', 200, EMPTY.replace('success', 'partial'), 'METRICS_ANSWER_INVALID'],
    ['JSON of something else is no answer', 200, '{"hello":1}', 'METRICS_ANSWER_INVALID'],
    [
      'a matrix is not a value for each series',
      200,
      '{"status":"success","data":{"resultType":"matrix","result":[]}}',
      'METRICS_ANSWER_INVALID',
    ],
  ])('%s', async (_name, status, body, code) => {
    expect((await failureOf((await saying(status, body)).instant('up'))).code).toBe(code);
  });

  test('never repeats a credential, also when the other side does', async () => {
    const options = { token: 'secret-token', headers: { cookie: 'session=abcdef' } };
    const client = await answering(
      (request, response) => void response.writeHead(401).end(JSON.stringify(request.headers)),
      options,
    );
    const failure = await failureOf(client.instant('up'));
    expect(failure.message).not.toMatch(/secret-token|abcdef/);
  });

  test('never repeats the password of its address', async () => {
    const clean = redactor({ authorization: `Basic ${Buffer.from('user:hunter2secret').toString('base64')}` });
    expect(clean('no access with hunter2secret')).toBe('no access with [redacted]');
  });

  test.each([
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'CERT_HAS_EXPIRED',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])('a connection that ends with %s is one of trust', code => {
    const place = { origin: 'https://x', clean: (text: string) => text, timeoutMs: 1, maxBytes: 1 };
    const cause = Object.assign(new Error('certificate'), { code });
    expect(networkFailure(cause, new AbortController().signal, place).code).toBe('METRICS_REFUSED');
  });

  test('gives up after its time-out, whatever the server sends until then', async () => {
    const client = await answering((_request, response) => void response.writeHead(200).write('{'), { timeoutMs: 100 });
    const failure = await failureOf(client.instant('up'));
    expect([failure.code, failure.message]).toEqual(['METRICS_UNREACHABLE', expect.stringContaining('100 ms')]);
  });

  test('does not read an answer that is longer than it should be', async () => {
    const client = await saying(200, `"${'x'.repeat(2_000)}"`, { maxBytes: 1_000 });
    const failure = await failureOf(client.instant('up'));
    expect([failure.code, failure.message]).toEqual(['METRICS_ANSWER_INVALID', expect.stringContaining('1000 bytes')]);
  });

  test('says so when nothing listens, and goes on when somebody does', async () => {
    const server = createServer((_request, response) => void response.end(EMPTY)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const client = prometheusClient({ url: `http://127.0.0.1:${port}` });
    onTestFinished(() => client.close());
    expect((await failureOf(client.instant('up'))).code).toBe('METRICS_UNREACHABLE');
    const paths: unknown[] = [];
    const again = createServer((request, response) => {
      paths.push(request.url);
      response.end(EMPTY);
    }).listen(port, '127.0.0.1');
    await once(again, 'listening');
    onTestFinished(() => void again.close());
    expect(await client.instant('up')).toEqual({ type: 'vector', items: [] });
    expect(paths).toEqual(['/api/v1/query']);
  });

  test.each(['ftp://x', 'localhost:9090', ''])('refuses the address %j without repeating it', url => {
    expect(() => prometheusClient({ url })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
