import { describe, expect, test } from 'vitest';
import { SpillwayError } from '../errors.ts';
import { releaseForTests, testServer, V2 } from './server.test-support.ts';

const RELEASES = '/api/v1/releases';

async function withRelease() {
  const server = await testServer();
  server.controller.list.push(releaseForTests('release-1'));
  return server;
}

describe('POST /api/v1/releases', () => {
  test('starts a release and answers 201 without the engine’s own fields', async () => {
    const { call, controller } = await testServer();
    const answer = await call(
      'POST',
      RELEASES,
      { pipeline: 'support-bot', version: V2, force: true },
      { 'spillway-actor': 'ann' },
    );
    expect(answer).toMatchObject({
      status: 201,
      json: { id: 'release-1', phase: 'rollingOut', weight: 10, stages: expect.any(Array) },
    });
    for (const internal of ['plan', 'epoch', 'stageElapsedMs']) expect(answer.json).not.toHaveProperty(internal);
    expect(controller.created).toEqual([{ pipeline: 'support-bot', version: V2, force: true, actor: 'api:ann' }]);
  });

  test.each([
    ['no pipeline', {}, 'pipeline'],
    ['an unknown field', { pipeline: 'p', weight: 5 }, 'weight'],
    ['spec and version', { pipeline: 'p', version: V2, spec: { template: 'x' } }, 'version'],
    ['a version that is no digest', { pipeline: 'p', version: 'latest' }, 'version'],
    ['a spec with an unknown field', { pipeline: 'p', spec: { template: 'x', temperature: 1 } }, 'spec.temperature'],
    ['a spec without content', { pipeline: 'p', spec: {} }, 'spec'],
  ])('refuses %s and names the field', async (_name, body, path) => {
    const { call, controller } = await testServer();
    const answer = await call('POST', RELEASES, body);
    expect(answer).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID', hint: expect.any(String) } });
    expect(answer.json.errors.map((one: { path: string }) => one.path)).toContain(path);
    expect(controller.created).toEqual([]);
  });

  test.each(['VERSION_HELD', 'VERSION_SERVING', 'NOT_FOUND', 'STORE_UNAVAILABLE'] as const)(
    'passes the engine’s refusal %s on as a problem document',
    async code => {
      const { call, controller } = await testServer();
      controller.failure = new SpillwayError(code, 'The engine said no.');
      const answer = await call('POST', RELEASES, { pipeline: 'p' });
      expect(answer.json).toMatchObject({
        code,
        status: answer.status,
        detail: 'The engine said no.',
        type: expect.stringContaining('urn:'),
      });
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    },
  );

  test('hides what an unexpected fault says', async () => {
    const { call, controller } = await testServer();
    controller.failure = new Error('password=hunter2 at /srv/app.ts:1');
    const answer = await call('POST', RELEASES, { pipeline: 'p' });
    expect(answer).toMatchObject({ status: 500, json: { code: 'INTERNAL' } });
    expect(answer.text).not.toMatch(/hunter2|app\.ts/);
  });
});

describe('commands', () => {
  test.each([
    ['promote', undefined, { kind: 'promote', full: false }],
    ['promote', { full: true }, { kind: 'promote', full: true }],
    ['pause', { reason: 'lunch' }, { kind: 'pause', reason: 'lunch' }],
    ['approve', { comment: 'fine' }, { kind: 'approve', comment: 'fine' }],
    ['resume', {}, { kind: 'resume' }],
    ['rollback', { reason: 'wrong prices' }, { kind: 'rollback', reason: 'wrong prices' }],
    ['cancel', undefined, { kind: 'cancel' }],
  ])('%s %j reaches the engine', async (name, body, command) => {
    const { call, controller } = await withRelease();
    expect(await call('POST', `${RELEASES}/release-1/${name}`, body)).toMatchObject({
      status: 200,
      json: { id: 'release-1' },
    });
    expect(controller.commands).toEqual([{ id: 'release-1', command: { ...command, actor: 'api' } }]);
  });

  test.each([
    ['rollback without a reason', 'rollback', {}, 400, 'REQUEST_INVALID'],
    ['rollback for a blank reason', 'rollback', { reason: '  ' }, 400, 'REQUEST_INVALID'],
    ['an unknown field', 'resume', { full: true }, 400, 'REQUEST_INVALID'],
    ['no JSON', 'promote', '{', 400, 'REQUEST_INVALID'],
    ['an unknown command', 'restart', {}, 404, 'NOT_FOUND'],
  ])('%s is refused', async (_name, name, body, status, code) => {
    const { call, controller } = await withRelease();
    expect(await call('POST', `${RELEASES}/release-1/${name}`, body)).toMatchObject({ status, json: { code } });
    expect(controller.commands).toEqual([]);
  });

  test('of an unknown release is NOT_FOUND', async () => {
    const { call } = await withRelease();
    expect(await call('POST', `${RELEASES}/nobody/pause`)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
  });
});

describe('an Idempotency-Key', () => {
  const key = { 'idempotency-key': 'k-1' };
  const promote = `${RELEASES}/release-1/promote`;

  test('makes a repeated command take effect once and repeats the first answer', async () => {
    const { call, controller } = await withRelease();
    const first = await call('POST', promote, {}, key);
    controller.list[0] = releaseForTests('release-1', { weight: 25 });
    expect((await call('POST', promote, {}, key)).json).toEqual(first.json);
    expect(controller.commands).toHaveLength(1);
    await call('POST', promote, {}, { 'idempotency-key': 'k-2' });
    expect(controller.commands).toHaveLength(2);
  });

  test('makes concurrent requests take effect once', async () => {
    const { call, controller } = await testServer();
    let open: () => void = () => {};
    controller.gate = new Promise(resolve => {
      open = resolve;
    });
    const all = [1, 2, 3].map(() => call('POST', RELEASES, { pipeline: 'p' }, key));
    while (controller.created.length === 0) await new Promise(resolve => setImmediate(resolve));
    open();
    const answers = await Promise.all(all);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(controller.created).toHaveLength(1);
  });

  test.each([
    ['another body', promote, { full: true }],
    ['another path', `${RELEASES}/release-1/resume`, {}],
  ])('used again with %s is refused', async (_name, path, body) => {
    const { call, controller } = await withRelease();
    await call('POST', promote, {}, key);
    expect(await call('POST', path, body, key)).toMatchObject({ status: 422, json: { code: 'IDEMPOTENCY_MISMATCH' } });
    expect(controller.commands).toHaveLength(1);
  });

  test('of a refused request can be used again, because nothing happened', async () => {
    const { call, controller } = await withRelease();
    controller.failure = new SpillwayError('RELEASE_PAUSED', 'It is paused.');
    expect(await call('POST', promote, {}, key)).toMatchObject({ status: 409 });
    controller.failure = undefined;
    expect(await call('POST', promote, {}, key)).toMatchObject({ status: 200 });
  });

  test('does not hold up a rollback while the store is down', async () => {
    const down = () => Promise.reject(new SpillwayError('STORE_UNAVAILABLE', 'The disk is gone.'));
    const server = await testServer({
      wrapStore: store => ({ ...store, getIdempotent: down, putIdempotent: down }),
    });
    server.controller.list.push(releaseForTests('release-1'));
    const answer = await server.call('POST', `${RELEASES}/release-1/rollback`, { reason: 'wrong' }, key);
    expect(answer).toMatchObject({ status: 200, json: { id: 'release-1' } });
  });

  test('holds up what must not happen twice while it cannot be looked up', async () => {
    const down = () => Promise.reject(new SpillwayError('STORE_UNAVAILABLE', 'The disk is gone.'));
    const server = await testServer({ wrapStore: store => ({ ...store, getIdempotent: down }) });
    server.controller.list.push(releaseForTests('release-1'));
    for (const path of [promote, RELEASES])
      expect(await server.call('POST', path, path === promote ? {} : { pipeline: 'p' }, key)).toMatchObject({
        status: 503,
        json: { code: 'STORE_UNAVAILABLE' },
      });
    expect([...server.controller.commands, ...server.controller.created]).toEqual([]);
  });

  test('with spaces in it is refused', async () => {
    const { call } = await withRelease();
    expect(await call('POST', promote, {}, { 'idempotency-key': 'a b' })).toMatchObject({ status: 400 });
  });
});

describe('GET /api/v1/releases', () => {
  test('lists in pages, all or only the active ones', async () => {
    const { call, controller } = await testServer();
    controller.list.push(releaseForTests('a'), releaseForTests('b', { phase: 'succeeded' }), releaseForTests('c'));
    const ids = (page: { releases: { id: string }[] }) => page.releases.map(({ id }) => id);
    const first = await call('GET', `${RELEASES}?limit=2`);
    expect([ids(first.json), first.json.next]).toEqual([['a', 'b'], '2']);
    const second = await call('GET', `${RELEASES}?limit=2&cursor=2`);
    expect([ids(second.json), second.json.next]).toEqual([['c'], null]);
    expect(ids((await call('GET', `${RELEASES}?active=true`)).json)).toEqual(['a', 'c']);
  });

  test.each(['?active=yes', '?limit=0', '?page=2', '?limit=1&limit=2'])('refuses %s', async query => {
    const { call } = await testServer();
    expect(await call('GET', RELEASES + query)).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } });
  });

  test('shows one release and the documents of its tests', async () => {
    const { call, store } = await withRelease();
    await store.putTestRun('release-1', 'smoke', { passed: 3 });
    expect(await call('GET', `${RELEASES}/release-1`)).toMatchObject({ status: 200, json: { id: 'release-1' } });
    expect((await call('GET', `${RELEASES}/release-1/tests`)).json).toEqual({
      tests: [{ suite: 'smoke', document: { passed: 3 } }],
    });
    expect(await call('GET', `${RELEASES}/nobody`)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
    expect(await call('GET', `${RELEASES}/nobody/tests`)).toMatchObject({ status: 404 });
  });
});
