/**
 * Requests, commands and signals that a server must withstand: each gets one problem document or a safe hold, nothing is
 * lost, and the same server goes on serving.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { simulateEndpoint } from '../../src/suite/simulated-endpoint.test-support.ts';
import { assign } from '../../src/traffic/assignment.ts';
import { type Answer, type Api, api } from '../support/api.ts';
import { ARTIFACT, documentsOf, writeDocuments } from '../support/documents.ts';
import { openRoom } from '../support/room.ts';
import { documentOf, expectNoTrace, run, runJson, type ServerProcess, serve, start } from '../support/spillway.ts';
import { until } from '../support/until.ts';

const room = openRoom();
const all = openRoom();
let server: ServerProcess;
let client: Api;
let versions = 0;
beforeAll(async () => {
  server = await serve(all, { data: all.folder() });
  client = api(server.url);
  await client.release(documentsOf({ text: 'the first' }));
  await until('version 1 serves', async () => (await client.active()).length === 0);
});
afterEach(() => room.end());
afterAll(() => all.end());

const standing = { hold: '1h', timeout: '2h' };

/** A release of a new version, in its first stage; it takes the place of the one before. */
async function exposed(stage: object = standing): Promise<string> {
  const { json } = await client.release(documentsOf({ text: `version ${++versions}`, stage }));
  await until('the first stage', async () => (await client.find(json.id)).weight === 10);
  return json.id;
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer, answer.text).toMatchObject({ status, json: { status, code } });
  for (const field of ['type', 'title', 'detail', 'hint']) expect(answer.json[field]).toEqual(expect.any(String));
  expectNoTrace({ stdout: answer.text, stderr: '' });
}

describe('a command', () => {
  test('for a release that has ended is 409, and changes nothing', async () => {
    const id = await exposed();
    expect((await client.command(id, 'rollback', { reason: 'done' })).status).toBe(200);
    await until('it is rolled back', async () => (await client.find(id)).phase === 'rolledBack');
    const before = await client.audit(`?release=${id}`);
    for (const [kind, body] of Object.entries({
      rollback: { reason: 'again' },
      promote: {},
      pause: {},
      resume: {},
      cancel: {},
    }))
      expectProblem(await client.command(id, kind, body), 409, 'RELEASE_FINISHED');
    expect(await client.audit(`?release=${id}`)).toEqual(before);
  });

  test('promote of a paused release is 409, and the weight stays', async () => {
    const id = await exposed();
    await client.command(id, 'pause');
    expectProblem(await client.command(id, 'promote'), 409, 'RELEASE_PAUSED');
    expectProblem(await client.command(id, 'promote', { full: true }), 409, 'RELEASE_PAUSED');
    expect(await client.find(id)).toMatchObject({ weight: 10, hold: { reason: 'paused' } });
  });

  test('promote, given twice at once, moves one stage for each that was acknowledged', async () => {
    const id = await exposed();
    const answers = await Promise.all([client.command(id, 'promote'), client.command(id, 'promote')]);
    const moved = answers.filter(({ status }) => status === 200).length;
    for (const answer of answers.filter(({ status }) => status !== 200)) expectProblem(answer, 409, 'STATE_MOVED');
    expect(moved).toBeGreaterThan(0);
    expect(await client.find(id)).toMatchObject({ stageIndex: moved, weight: [10, 25, 50][moved] });
    const audit = await client.audit(`?release=${id}`);
    expect(audit.filter(({ evidence }) => (evidence as { override?: boolean }).override)).toHaveLength(moved);
  });

  test('repeated with its Idempotency-Key takes effect once', async () => {
    const id = await exposed();
    const ask = () => client.call('POST', `/api/v1/releases/${id}/promote`, {}, { 'idempotency-key': `once-${id}` });
    const answers = [await ask(), await ask(), await ask()];
    expect(answers.map(({ status, json }) => [status, json.weight])).toEqual(Array(3).fill([200, 25]));
    expect(await client.find(id)).toMatchObject({ weight: 25 });
  });

  test.each<[string, string, string, unknown, number, string]>([
    ['no such release', 'POST', '/api/v1/releases/rel_nowhere/promote', {}, 404, 'NOT_FOUND'],
    ['no such pipeline', 'POST', '/api/v1/releases', { pipeline: 'nowhere' }, 404, 'NOT_FOUND'],
    ['no such path', 'GET', '/api/v1/nothing', undefined, 404, 'NOT_FOUND'],
    ['a method that is not taken', 'DELETE', '/api/v1/releases', undefined, 405, 'METHOD_NOT_ALLOWED'],
    ['an unknown field', 'POST', '/api/v1/releases', { pipeline: ARTIFACT, weight: 100 }, 400, 'REQUEST_INVALID'],
    ['a wrong type', 'POST', '/api/v1/releases', { pipeline: 7 }, 400, 'REQUEST_INVALID'],
    ['no JSON', 'POST', '/api/v1/releases', '{ "pipeline": ', 400, 'REQUEST_INVALID'],
    [
      'a version that is none',
      'POST',
      '/api/v1/releases',
      { pipeline: ARTIFACT, version: 'latest' },
      400,
      'REQUEST_INVALID',
    ],
    [
      'a document that is none',
      'PUT',
      `/api/v1/pipelines/${ARTIFACT}`,
      { document: 'kind: Pipeline' },
      400,
      'CONFIG_INVALID',
    ],
    ['a file outside of the bundle', 'PUT', `/api/v1/pipelines/${ARTIFACT}`, outside(), 400, 'CONFIG_INVALID'],
    ['outcomes that are no list', 'POST', '/api/v1/outcomes', { outcomes: 'many' }, 400, 'REQUEST_INVALID'],
  ])('with %s is one problem document', async (_what, method, path, body, status, code) => {
    expectProblem(await client.call(method, path, body), status, code);
  });

  test('rollback without a reason is refused, and says which field', async () => {
    const id = await exposed();
    const answer = await client.command(id, 'rollback');
    expectProblem(answer, 400, 'REQUEST_INVALID');
    expect(answer.json.errors).toMatchObject([{ path: 'reason' }]);
  });
});

function outside(): object {
  const { document, files } = documentsOf({ text: 'x' });
  const text = JSON.stringify(document).replace('prompt.yaml', '../../../etc/passwd');
  return { document: text, files };
}

describe('a body', () => {
  test.each([
    ['that announces 100 MB', true],
    ['of 100 MB that announces nothing', false],
  ])('%s is 413, and the server goes on', async (_what, announces) => {
    const answer = await sendHuge(`${server.url}/api/v1/outcomes`, 100 * 1024 * 1024, announces);
    expectProblem(answer, 413, 'BODY_TOO_LARGE');
    expect((await client.call('GET', '/healthz')).status).toBe(200);
  });
});

/** Writes until the answer is there: that may be long before the last byte. */
function sendHuge(url: string, bytes: number, announces: boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunk = Buffer.alloc(64 * 1024, 0x20);
    const headers = { 'content-type': 'application/json', ...(announces ? { 'content-length': bytes } : {}) };
    let isAnswered = false;
    const req = request(url, { method: 'POST', headers }, res => {
      isAnswered = true;
      let text = '';
      res.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      res.on('end', () => resolve({ status: res.statusCode!, text, json: JSON.parse(text) }));
      res.on('error', reject);
    });
    req.on('error', error => void (isAnswered || reject(error)));
    let left = bytes;
    const write = () => {
      while (left > 0 && !isAnswered) {
        left -= chunk.length;
        if (!req.write(chunk)) return void req.once('drain', write);
      }
      if (!isAnswered) req.end();
    };
    write();
  });
}

describe('outcomes', () => {
  const good = (version: string, unit: string) => ({ artifact: ARTIFACT, version, unit, latencyMs: 50 });
  const report = (outcomes: object[]) => client.call('POST', '/api/v1/outcomes', { outcomes });

  test('that cannot be counted are rejected one by one; the others count', async () => {
    const [live] = await client.assignments();
    const version = live!.baseline.version;
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const { status, json } = await report([
      good(version, 'a'),
      { ...good(version, 'b'), artifact: 'nobody' },
      good(`sha256:${'0'.repeat(64)}`, 'c'),
      { ...good(version, 'd'), latencyMs: -1 },
      { ...good(version, 'e'), latencyMs: 'NaN' },
      { ...good(version, 'f'), at: soon },
      { ...good(version, 'g'), surprise: 1 },
      good(version, 'h'),
    ]);
    expect(status).toBe(202);
    const codes = json.rejected.map(({ index, code }: { index: number; code: string }) => [index, code]);
    expect(codes).toEqual(
      expect.arrayContaining([
        [1, 'UNKNOWN_ARTIFACT'],
        [2, 'UNKNOWN_VERSION'],
        [3, 'INVALID_FIELD'],
        [4, 'INVALID_FIELD'],
        [5, 'FUTURE'],
        [6, 'INVALID_FIELD'],
      ]),
    );
    expect(json.accepted).toBeGreaterThanOrEqual(2);
  });

  test('of a candidate that are all no numbers hold it where it is: broken data is not evidence', async () => {
    const id = await exposed({ hold: '100ms', timeout: '1h' });
    const [live] = await client.assignments();
    const split = { salt: live!.salt, weight: live!.weight, candidate: live!.candidate!.version };
    const units = Array.from({ length: 2_000 }, (_, at) => `unit-${at}`);
    await report(
      units.map(unit =>
        assign(split, unit).variant === 'candidate'
          ? { ...good(live!.candidate!.version, unit), latencyMs: null, quality: 'NaN' }
          : good(live!.baseline.version, unit),
      ),
    );
    const held = await until(
      'it holds for its data',
      async () => {
        const release = await client.find(id);
        return release.hold?.reason === 'invalidData' && release;
      },
      { instead: () => client.find(id) },
    );
    expect(held).toMatchObject({ phase: 'rollingOut', weight: 10 });
  });
});

describe('a server', () => {
  test('does not start on a port that is taken, nor on data that another serves', async () => {
    const taken = createServer();
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
    room.atEnd(() => new Promise(resolve => taken.close(resolve)));
    const { port } = taken.address() as { port: number };
    const data = room.folder();
    const refused = await runJson(room, ['serve', '--port', String(port), '--data', data], 3);
    expect(refused).toMatchObject({
      error: { code: 'ADDRESS_IN_USE', message: expect.stringContaining(String(port)) },
    });
    await (await serve(room, { data })).stop(); // it left nothing locked

    const locked = await runJson(room, ['serve', '--port', '0', '--data', server.data], 3);
    expect(locked).toMatchObject({ error: { code: 'STORE_LOCKED' } });
  });

  test.each<[string, (folder: string) => string[], number, string]>([
    ['that others can reach, without a token', folder => ['--host', '0.0.0.0', '--data', folder], 2, 'TOKEN_REQUIRED'],
    ['on a data folder that is a file', folder => ['--data', fileIn(folder)], 3, 'STORE_UNAVAILABLE'],
    ['on a database that is none', folder => ['--data', garbageIn(folder)], 3, 'STORE_CORRUPT'],
    ['on a port that is none', folder => ['--data', folder, '--port', '70000'], 2, 'USAGE'],
  ])('%s is refused', async (_what, args, exit, code) => {
    expect(await runJson(room, ['serve', '--port', '0', ...args(room.folder())], exit)).toMatchObject({
      error: { code },
    });
  });

  test('that is interrupted twice ends at once, and nothing of its record is lost', async () => {
    const data = room.folder();
    const own = await serve(room, { data });
    const begun = await api(own.url).release(documentsOf({ text: 'one' }));
    expect(begun.status).toBe(201);
    own.kill('SIGINT');
    own.kill('SIGINT');
    const ended = await own.ended;
    expect([0, 130]).toContain(ended.exit);
    expectNoTrace(ended);
    expect(await runJson(room, ['audit', 'verify', '--data', data], 0)).toMatchObject({ verified: true });
    expect((await runJson(room, ['status', ARTIFACT, '--data', data], 0)).releases[0].id).toBe(begun.json.id);
  });
});

function fileIn(folder: string): string {
  const path = join(folder, 'file');
  writeFileSync(path, 'not a folder');
  return path;
}

function garbageIn(folder: string): string {
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'spillway.db'), 'no database '.repeat(1_000));
  return join(folder, 'data');
}

describe('an interrupt', () => {
  async function hanging(): Promise<{ cwd: string; env: Record<string, string>; isCalled: () => boolean }> {
    const endpoint = await simulateEndpoint(() => 'hang');
    room.atEnd(() => endpoint.close());
    const cwd = room.folder();
    writeDocuments(cwd, documentsOf({ text: 'one', cases: 3 }));
    const env = { OPENAI_BASE_URL: endpoint.baseUrl, OPENAI_API_KEY: 'simulated' };
    return { cwd, env, isCalled: () => endpoint.calls.length > 0 };
  }

  test.each(['test', 'release'])('of `%s` under a hanging endpoint ends it in seconds: exit 3', async command => {
    const { isCalled, ...where } = await hanging();
    const running = start(room, [command, 'pipeline.yaml', '--json'], where);
    await until('the endpoint is called', isCalled);
    const sentAt = performance.now();
    running.kill('SIGINT');
    const ended = await running.ended;
    expect(performance.now() - sentAt).toBeLessThan(8_000);
    expect(ended, ended.stderr).toMatchObject({ exit: 3 });
    expectNoTrace(ended);
    expect(documentOf(ended)).toBeDefined();
  });

  test.each(['test', 'release'])('given twice ends `%s` at once', async command => {
    const { isCalled, ...where } = await hanging();
    const running = start(room, [command, 'pipeline.yaml'], where);
    await until('the endpoint is called', isCalled);
    running.kill('SIGINT');
    running.kill('SIGINT');
    const ended = await running.ended;
    expect([3, 130]).toContain(ended.exit);
    expectNoTrace(ended);
  });

  test('of a release leaves it where it stands, and the next server takes it up', async () => {
    const cwd = room.folder();
    writeDocuments(cwd, documentsOf({ text: 'one' }));
    await runJson(room, ['release', 'pipeline.yaml'], 0, { cwd });
    writeDocuments(cwd, documentsOf({ text: 'two', stage: standing }));
    const running = start(room, ['release', 'pipeline.yaml'], { cwd });
    await until('it is exposed', () => running.stderr().includes('rollingOut 10 %'));
    running.kill('SIGINT');
    expect(await running.ended).toMatchObject({ exit: 3, stderr: expect.stringContaining('spillway serve') });
    const again = await serve(room, { data: join(cwd, '.spillway') });
    expect(await api(again.url).active()).toMatchObject([{ phase: 'rollingOut', weight: 10 }]);
    const told = await run(room, ['status'], { cwd });
    expect(told).toMatchObject({ exit: 0, stdout: expect.stringContaining('rolling out') });
  });
});

test('after all that the audit verifies, and the log shows no trace', async () => {
  expect(await runJson(all, ['audit', 'verify', '--data', server.data], 0)).toMatchObject({ verified: true });
  expectNoTrace({ stdout: '', stderr: server.stderr() });
});
