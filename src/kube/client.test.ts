import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { SpillwayError } from '../errors.ts';
import { kubeClient } from './client.ts';
import { asFailure } from './refusal.ts';

test.each([
  ['a certificate', { cert: 'no certificate' }],
  ['a key', { key: 'no key: hunter2' }],
])('%s that cannot be read is said at once, and not shown', (_what, wrong) => {
  const open = () => kubeClient({ server: 'https://127.0.0.1:1', ...wrong });
  expect(open).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(open).not.toThrow(/hunter2/);
});

test('a token that the API server does not take is told to whoever gave it, and the call is made once more with another', async () => {
  const { url, close } = await answering((request, response) => {
    const isRight = request.headers.authorization === 'Bearer second';
    response.writeHead(isRight ? 200 : 401, { 'content-type': 'application/json' }).end('{}');
  });
  onTestFinished(close);
  const tokens = ['first', 'second'];
  const refused: string[] = [];
  const client = kubeClient({
    server: url,
    token: {
      read: async () => tokens[0]!,
      refused(token) {
        refused.push(token);
        tokens.shift();
      },
    },
  });
  onTestFinished(() => client.close());
  expect(await client.get('/version')).toEqual({});
  expect(refused).toEqual(['first']);
  tokens.unshift('third', 'fourth');
  await expect(client.get('/version'), 'and once only').rejects.toMatchObject({ status: 401 });
  expect(refused).toEqual(['first', 'third', 'fourth']);
});

test('no token is as if there were no answer, and says why', async () => {
  const failure = new SpillwayError('RIGHTS_MISSING', 'login ended with exit 7.');
  const client = kubeClient({ server: 'http://127.0.0.1:1', token: { read: () => Promise.reject(failure) } });
  onTestFinished(() => client.close());
  const found = await client.get('/version').catch((error: unknown) => error);
  expect(found).toMatchObject({ status: 0, isTransient: true, message: expect.stringContaining('login ended') });
  expect(asFailure(found, 'the version was not read')).toBe(failure);
});

async function answering(listener: RequestListener): Promise<{ url: string; close(): void }> {
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}
