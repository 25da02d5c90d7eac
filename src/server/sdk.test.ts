/** The SDK that apps use, against this server: what both sides of the stream must agree on. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../sdk/src/index.ts';
import { readStoredOutcomes } from '../metrics/stored-outcomes.ts';
import { assign } from '../traffic/assignment.ts';
import { split, type TestServer, testServer, V1, V2 } from './server.test-support.ts';

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setImmediate(resolve));
}

async function connected(server: TestServer, token?: string) {
  const sdk = connect({ url: server.url, ...(token === undefined ? {} : { token }) });
  onTestFinished(() => sdk.close());
  await until(() => sdk.stats().connected);
  return sdk;
}

describe('@spillway/sdk', () => {
  test('resolves from the pushed state as the server would, and sees a rollback', async () => {
    const server = await testServer({ token: 't' });
    await split(server, 'support-bot', { weight: 50, epoch: 1 });
    const sdk = await connected(server, 't');
    for (let user = 0; user < 50; user += 1) {
      const unit = `user-${user}`;
      const { variant } = assign({ salt: 'release-1', weight: 50, candidate: V2 }, unit);
      expect(sdk.prompt('support-bot', { unit })).toMatchObject({
        variant,
        version: variant === 'candidate' ? V2 : V1,
        reason: 'SPLIT',
      });
    }
    await split(server, 'support-bot', { weight: 0, epoch: 2 });
    await until(() => sdk.prompt('support-bot', { unit: 'user-1' }).variant === 'baseline');
    await split(server, 'support-bot', { weight: 100, epoch: 3 });
    await until(() => sdk.prompt('support-bot', { unit: 'user-1' }).variant === 'candidate');
  });

  test('reports outcomes that end up in the store', async () => {
    const server = await testServer();
    await split(server, 'support-bot', { weight: 50, epoch: 1 });
    const sdk = await connected(server);
    const { version } = sdk.prompt('support-bot', { unit: 'ann' });
    sdk.report({ artifact: 'support-bot', version: version!, unit: 'ann', latencyMs: 12, error: false });
    const stored = async () =>
      (await server.store.readOutcomes('support-bot', 0, 10)).flatMap(batch => readStoredOutcomes(batch.outcomes));
    await until(async () => (await stored()).length > 0);
    expect(await stored()).toMatchObject([{ version, unit: 'ann', latencyMs: 12, error: false }]);
  });
});
