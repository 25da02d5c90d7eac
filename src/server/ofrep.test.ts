import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { assign } from '../traffic/assignment.ts';
import { split, testServer, V1, V2 } from './server.test-support.ts';

const FLAGS = '/ofrep/v1/evaluate/flags';

async function serving(weight = 50) {
  const server = await testServer();
  await split(server, 'support-bot', { weight, epoch: 1 });
  return server;
}

describe('the stock OpenFeature SDK with its OFREP provider', () => {
  async function client(url: string, token?: string) {
    const domain = crypto.randomUUID();
    const headers: [string, string][] = token === undefined ? [] : [['Authorization', `Bearer ${token}`]];
    await OpenFeature.setProviderAndWait(domain, new OFREPProvider({ baseUrl: url, headers }));
    onTestFinished(() => OpenFeature.clearProviders());
    return OpenFeature.getClient(domain);
  }

  test('resolves each unit to the arm that the assignment gives it', async () => {
    const { url } = await serving(50);
    const sdk = await client(url);
    for (const unit of ['ann', 'bob', 'cyd', 'dan', 'eve']) {
      const { variant } = assign({ salt: 'release-1', weight: 50, candidate: V2 }, unit);
      const details = await sdk.getObjectDetails('support-bot', {}, { targetingKey: unit });
      expect(details).toMatchObject({
        variant,
        reason: 'SPLIT',
        value: { template: variant === 'candidate' ? 'two {{question}}' : 'one {{question}}' },
        flagMetadata: { version: variant === 'candidate' ? V2 : V1, releaseId: 'release-1' },
      });
    }
  });

  test('sees a rollback with its next call', async () => {
    const server = await serving(100);
    const sdk = await client(server.url);
    const variant = async () => (await sdk.getObjectDetails('support-bot', {}, { targetingKey: 'ann' })).variant;
    expect(await variant()).toBe('candidate');
    await split(server, 'support-bot', { weight: 0, epoch: 2 });
    expect(await variant()).toBe('baseline');
  });

  test('gets the baseline with reason DEFAULT without a targeting key', async () => {
    const { url } = await serving(100);
    expect(await (await client(url)).getObjectDetails('support-bot', {})).toMatchObject({
      variant: 'baseline',
      reason: 'DEFAULT',
    });
  });

  test('gets reason STATIC when nothing is split', async () => {
    const server = await testServer();
    await split(server, 'support-bot', { weight: 0, epoch: 1, releaseId: null });
    const details = await (await client(server.url)).getObjectDetails('support-bot', {}, { targetingKey: 'ann' });
    expect(details).toMatchObject({ reason: 'STATIC', variant: 'baseline', flagMetadata: { version: V1 } });
  });

  test('falls back to the default of the app for an unknown flag', async () => {
    const { url } = await serving();
    const details = await (await client(url)).getObjectDetails(
      'no-such',
      { template: 'mine' },
      { targetingKey: 'ann' },
    );
    expect(details).toMatchObject({ value: { template: 'mine' }, errorCode: 'FLAG_NOT_FOUND' });
  });

  test('is let in with the token and refused without', async () => {
    const server = await testServer({ token: 'secret-token' });
    await split(server, 'support-bot', { weight: 0, epoch: 1, releaseId: null });
    const get = async (token?: string) =>
      (await client(server.url, token)).getObjectDetails('support-bot', {}, { targetingKey: 'ann' });
    expect(await get('secret-token')).toMatchObject({ reason: 'STATIC' });
    expect(await get()).toMatchObject({ errorCode: 'GENERAL' });
  });
});

describe('OFREP errors have their own shape', () => {
  test.each([
    ['an unknown flag', 'nobody', { context: {} }, 404, 'FLAG_NOT_FOUND'],
    ['a context that is no object', 'support-bot', { context: 'ann' }, 400, 'INVALID_CONTEXT'],
    ['a targeting key that is a number', 'support-bot', { context: { targetingKey: 5 } }, 400, 'INVALID_CONTEXT'],
    ['a targeting key of 257', 'support-bot', { context: { targetingKey: 'x'.repeat(257) } }, 400, 'INVALID_CONTEXT'],
    ['a body that is no JSON', 'support-bot', '{', 400, 'PARSE_ERROR'],
    ['a body that is an array', 'support-bot', [], 400, 'PARSE_ERROR'],
  ])('for %s', async (_name, key, body, status, errorCode) => {
    const { call } = await serving();
    const answer = await call('POST', `${FLAGS}/${key}`, body);
    expect(answer).toMatchObject({ status, json: { key, errorCode, errorDetails: expect.any(String) } });
  });

  test('a key that needs escaping is found', async () => {
    const server = await testServer();
    await split(server, 'team/bot 1', { weight: 0, epoch: 1, releaseId: null });
    expect(await server.call('POST', `${FLAGS}/${encodeURIComponent('team/bot 1')}`, {})).toMatchObject({
      status: 200,
      json: { key: 'team/bot 1' },
    });
    expect(await server.call('POST', `${FLAGS}/%E0%A4%A`, {})).toMatchObject({ status: 404 });
  });
});

describe('OFREP bulk evaluation', () => {
  const ann = { context: { targetingKey: 'ann', plan: 'pro' } };

  test('answers all flags with an ETag, and 304 while neither state nor context changes', async () => {
    const server = await serving(100);
    await split(server, 'other', { weight: 0, epoch: 1, releaseId: null });
    const first = await server.call('POST', FLAGS, ann);
    expect(first.json.flags.map((flag: { key: string; variant: string }) => [flag.key, flag.variant])).toEqual([
      ['support-bot', 'candidate'],
      ['other', 'baseline'],
    ]);
    const etag = first.headers.get('etag')!;
    const again = await server.call('POST', FLAGS, ann, { 'if-none-match': etag });
    expect(again).toMatchObject({ status: 304, text: '' });
    expect(again.headers.get('etag')).toBe(etag);
    const otherContext = { context: { targetingKey: 'ann', plan: 'free' } };
    expect(await server.call('POST', FLAGS, otherContext, { 'if-none-match': etag })).toMatchObject({ status: 200 });
    await split(server, 'support-bot', { weight: 0, epoch: 2 });
    expect(await server.call('POST', FLAGS, ann, { 'if-none-match': etag })).toMatchObject({ status: 200 });
  });

  test.each([
    ['{', 'PARSE_ERROR'],
    ['{"context":1}', 'INVALID_CONTEXT'],
  ])('answers 400 to %s', async (body, errorCode) => {
    expect(await (await serving()).call('POST', FLAGS, body)).toMatchObject({ status: 400, json: { errorCode } });
  });

  test('answers a context that is nested without end as any other', async () => {
    const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
    const { call } = await serving();
    const answer = await call('POST', FLAGS, `{"context":{"targetingKey":"ann","deep":${deep}}}`);
    expect(answer).toMatchObject({ status: 200, json: { flags: [{ key: 'support-bot' }] } });
  });
});
