import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import { readSse, releaseForTests, split, testServer, V1, V2 } from './server.test-support.ts';
import { MAX_BUFFERED_BYTES, sseFrame, sseHub } from './sse.ts';

const ASSIGNMENTS = '/api/v1/assignments';
const EVENTS = '/api/v1/events';

describe('GET /api/v1/assignments', () => {
  test('sends the whole state, then `synced`, then each change', async () => {
    const server = await testServer();
    await split(server, 'support-bot', { weight: 10, epoch: 1 });
    const messages = await readSse(`${server.url}${ASSIGNMENTS}`, seen => {
      if (seen.at(-1)?.event === 'synced') void split(server, 'support-bot', { weight: 0, epoch: 2 });
      return seen.length === 3;
    });
    expect(messages.map(({ event, data }) => [event, data.weight])).toEqual([
      ['assignment', 10],
      ['synced', undefined],
      ['assignment', 0],
    ]);
    expect(messages[0]!.data).toEqual({
      artifact: 'support-bot',
      salt: 'release-1',
      weight: 10,
      epoch: 1,
      releaseId: 'release-1',
      baseline: { version: V1, value: { template: 'one {{question}}' } },
      candidate: { version: V2, value: { template: 'two {{question}}', model: 'm-2' } },
    });
  });

  test('reaches every client with the same change', async () => {
    const server = await testServer();
    await split(server, 'support-bot', { weight: 50, epoch: 1 });
    let synced = 0;
    const clients = Array.from({ length: 20 }, () => {
      let isSynced = false;
      return readSse(`${server.url}${ASSIGNMENTS}`, seen => {
        if (!isSynced && seen.some(({ event }) => event === 'synced')) {
          isSynced = true;
          synced += 1;
          if (synced === 20) void split(server, 'support-bot', { weight: 0, epoch: 2 });
        }
        return seen.some(({ data }) => data.weight === 0);
      });
    });
    for (const messages of await Promise.all(clients))
      expect(messages.at(-1)!.data).toMatchObject({ epoch: 2, weight: 0 });
  });

  test('sends a heartbeat every 5 s, which renews the lease of the apps', async () => {
    const clock = manualClock();
    const { url } = await testServer({ clock });
    const messages = await readSse(`${url}${ASSIGNMENTS}`, seen => {
      if (seen.at(-1)?.event === 'synced') clock.advance(5_000);
      return seen.at(-1)?.event === 'heartbeat';
    });
    expect(messages.map(({ event }) => event)).toEqual(['synced', 'heartbeat']);
  });

  test('cuts a client that does not read, and keeps serving the others', async () => {
    const server = await testServer();
    await split(server, 'support-bot', { weight: 50, epoch: 1 });
    const stuck = connect(server.server.port, '127.0.0.1');
    stuck.write(`GET ${ASSIGNMENTS} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    stuck.pause();
    stuck.on('error', () => {});
    const gone = new Promise(resolve => stuck.once('close', resolve));
    let epoch = 1;
    const row = { artifact: 'support-bot', version: V1, createdAt: 0, createdBy: 'test', heldBy: null };
    const big = `sha256:${'3'.repeat(64)}`;
    await server.store.putVersion({ ...row, version: big, spec: { template: 'x'.repeat(512 * 1024) } });
    const isCut = async () => /^sse_streams_cut_total 1$/m.test((await server.call('GET', '/metrics')).text);
    while (!(await isCut())) {
      epoch += 1;
      const salt = 'release-1';
      await server.registry.writeRoute({
        artifact: 'support-bot',
        releaseId: salt,
        salt,
        epoch,
        weight: 5,
        baseline: V1,
        candidate: big,
        rolledBack: null,
      });
    }
    stuck.resume();
    await gone;
    const others = await readSse(`${server.url}${ASSIGNMENTS}`, seen => seen.some(({ event }) => event === 'synced'));
    expect(others[0]!.data.epoch).toBe(epoch);
  });
});

describe('a stream hub', () => {
  test('lets the first state be larger than what a stuck client may have unsent', async () => {
    const hub = sseHub({ clock: manualClock() });
    const written: number[] = [];
    let cut = false;
    const res = {
      writableLength: 0,
      write(frame: Buffer) {
        written.push(frame.length);
        res.writableLength += frame.length;
        return false;
      },
      destroy: () => {
        cut = true;
      },
      removeHeader() {},
      writeHead() {},
      end() {},
      on() {},
      once() {},
    };
    const req = { socket: { setNoDelay() {}, setKeepAlive() {} } };
    const state = Buffer.alloc(3 * MAX_BUFFERED_BYTES);
    hub.open(req as never, res as never, [state]);
    hub.broadcast(sseFrame('assignment', {}));
    expect(cut).toBe(false);
    hub.broadcast(Buffer.alloc(MAX_BUFFERED_BYTES));
    expect(cut).toBe(true);
    expect(hub.size()).toBe(0);
    hub.close();
  });
});

describe('GET /api/v1/events', () => {
  const progress = (done: number) => ({
    type: 'progress' as const,
    progress: { releaseId: 'release-1', suite: 's', done, total: 9, passed: done, failed: 0, errors: 0 },
  });

  test('begins with the active releases, then sends what happens with growing ids', async () => {
    const { url, controller } = await testServer();
    controller.list.push(releaseForTests('release-1'), releaseForTests('release-0', { phase: 'succeeded' }));
    const messages = await readSse(`${url}${EVENTS}`, seen => {
      if (seen.at(-1)?.event === 'synced') {
        controller.emit({ type: 'release', release: releaseForTests('release-1', { weight: 25 }) });
        controller.emit(progress(1));
      }
      return seen.length === 4;
    });
    expect(messages.map(({ event, data }) => [event, data.id ?? data.releaseId, data.weight])).toEqual([
      ['release', 'release-1', 10],
      ['synced', undefined, undefined],
      ['release', 'release-1', 25],
      ['progress', 'release-1', undefined],
    ]);
    expect(Number(messages[3]!.id)).toBe(Number(messages[2]!.id) + 1);
    expect(messages[2]!.data).not.toHaveProperty('plan');
  });

  test('resumes after Last-Event-ID with exactly what was missed', async () => {
    const { url, controller } = await testServer();
    const [synced] = await readSse(`${url}${EVENTS}`, seen => seen.length === 1);
    for (let done = 1; done <= 5; done += 1) controller.emit(progress(done));
    const all = await readSse(`${url}${EVENTS}`, seen => seen.length === 5, { 'last-event-id': synced!.id! });
    expect(all.map(({ data }) => data.done)).toEqual([1, 2, 3, 4, 5]);
    const rest = await readSse(`${url}${EVENTS}`, seen => seen.length === 2, { 'last-event-id': all[2]!.id! });
    expect(rest.map(({ data }) => data.done)).toEqual([4, 5]);
  });

  test.each([
    ['older than what is kept', (newest: number) => newest - 10_001],
    ['of the process before', () => 5],
    ['from the future', (newest: number) => newest + 1],
  ])('sends the whole state to a Last-Event-ID %s', async (_name, from) => {
    const { url, controller } = await testServer();
    const [synced] = await readSse(`${url}${EVENTS}`, seen => seen.length === 1);
    for (let done = 0; done < 10_100; done += 1) controller.emit(progress(done));
    controller.list.push(releaseForTests('release-1'));
    const newest = Number(synced!.id) + 10_100;
    const messages = await readSse(`${url}${EVENTS}`, seen => seen.length === 2, {
      'last-event-id': String(from(newest)),
    });
    expect(messages.map(({ event }) => event)).toEqual(['release', 'synced']);
    const oldest = await readSse(`${url}${EVENTS}`, () => true, { 'last-event-id': String(newest - 10_000) });
    expect(oldest[0]!.event).toBe('progress');
  });
});
