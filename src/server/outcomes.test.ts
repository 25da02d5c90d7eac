import { describe, expect, test } from 'vitest';
import { SpillwayError } from '../errors.ts';
import { readStoredOutcomes } from '../metrics/stored-outcomes.ts';
import type { Store } from '../store/store.ts';
import { split, testServer, V1, V2 } from './server.test-support.ts';

const PATH = '/api/v1/outcomes';
const outcome = (change: object = {}) => ({ artifact: 'bot', version: V1, unit: 'u-1', latencyMs: 20, ...change });

async function exposed(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(options);
  await split(server, 'bot', { weight: 10, epoch: 1 });
  return server;
}

const storedIn = async (store: Store) =>
  (await store.readOutcomes('bot', 0, 100)).flatMap(batch => readStoredOutcomes(batch.outcomes));

describe('POST /api/v1/outcomes', () => {
  test('answers 202 when the sound outcomes are in the store, and wakes the release', async () => {
    const { call, store, controller } = await exposed();
    const future = new Date(Date.now() + 120_000).toISOString();
    const answer = await call('POST', PATH, {
      client: 'app-1',
      sequence: 1,
      outcomes: [
        outcome({ version: V2, error: 'boom' }),
        outcome({ artifact: 'nobody' }),
        outcome({ version: 'v9' }),
        outcome({ latencyMs: -5 }),
        outcome({ at: future }),
        // JSON has no NaN: it arrives as null.
        outcome({ quality: Number.NaN }),
      ],
    });
    expect(answer.status).toBe(202);
    expect(answer.json.accepted).toBe(1);
    expect(answer.json.rejected.map((one: { index: number; code: string }) => [one.index, one.code])).toEqual([
      [1, 'UNKNOWN_ARTIFACT'],
      [2, 'UNKNOWN_VERSION'],
      [3, 'INVALID_FIELD'],
      [4, 'FUTURE'],
      [5, 'INVALID_FIELD'],
    ]);
    expect(await storedIn(store)).toMatchObject([
      { version: V2, error: true, latencyMs: 20 },
      { invalid: true },
      { invalid: true },
    ]);
    expect(controller.woken).toEqual(['bot']);
  });

  test('counts a batch once by client and sequence, however often it is sent', async () => {
    const { call, store } = await exposed();
    const batch = { client: 'app-1', sequence: 7, outcomes: [outcome()] };
    for (let times = 0; times < 3; times += 1)
      expect(await call('POST', PATH, batch)).toMatchObject({ status: 202, json: { accepted: 1 } });
    await call('POST', PATH, { ...batch, sequence: 8 });
    expect(await storedIn(store)).toHaveLength(2);
    expect((await call('GET', '/metrics')).text).toContain('outcomes_total{result="duplicate"} 2');
  });

  test('counts and does not store outcomes when nothing is being released', async () => {
    const server = await testServer();
    await split(server, 'bot', { weight: 0, epoch: 1, releaseId: null });
    expect(await server.call('POST', PATH, { outcomes: [outcome()] })).toMatchObject({
      status: 202,
      json: { accepted: 1 },
    });
    expect(await storedIn(server.store)).toEqual([]);
  });

  test('answers 503 while the store cannot be written, and takes the same sequence later', async () => {
    let isDown = true;
    const wrapStore = (store: Store): Store => ({
      ...store,
      appendOutcomes: async batches => {
        if (isDown) throw new SpillwayError('STORE_UNAVAILABLE', 'The disk is full.');
        return store.appendOutcomes(batches);
      },
    });
    const { call, store } = await exposed({ wrapStore });
    const batch = { client: 'app-1', sequence: 1, outcomes: [outcome()] };
    expect(await call('POST', PATH, batch)).toMatchObject({ status: 503, json: { code: 'STORE_UNAVAILABLE' } });
    isDown = false;
    expect(await call('POST', PATH, batch)).toMatchObject({ status: 202 });
    expect(await storedIn(store)).toHaveLength(1);
  });

  test('answers 429 with Retry-After when too many batches wait', async () => {
    let write: () => void = () => {};
    const written = new Promise<void>(resolve => {
      write = resolve;
    });
    const wrapStore = (store: Store): Store => ({
      ...store,
      appendOutcomes: batches => written.then(() => store.appendOutcomes(batches)),
    });
    const { call } = await exposed({ wrapStore, maxWaiting: 1 });
    const batch = { outcomes: [outcome()] };
    const sent = [1, 2, 3, 4].map(() => call('POST', PATH, batch));
    const refused = await Promise.race(sent);
    expect(refused).toMatchObject({ status: 429, json: { code: 'OVERLOADED' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    write();
    expect((await Promise.all(sent)).map(({ status }) => status)).toContain(202);
  });

  test.each([
    ['text that is no JSON', '{"outcomes":', 'JSON'],
    ['no object', '[]', 'object'],
    ['an unknown field', '{"outcomes":[],"batch":1}', '`batch`'],
  ])('answers 400 to %s', async (_name, body, detail) => {
    const { call } = await exposed();
    const answer = await call('POST', PATH, body);
    expect(answer).toMatchObject({
      status: 400,
      json: { code: 'REQUEST_INVALID', detail: expect.stringContaining(detail) },
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });
});
