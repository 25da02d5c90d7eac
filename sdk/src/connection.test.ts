import { afterEach, describe, expect, test, vi } from 'vitest';
import { manualTimers } from '../test/manual-timers.ts';
import {
  BASELINE,
  CANDIDATE,
  frame,
  type ProtocolServer,
  settled,
  split,
  startServer,
} from '../test/protocol-server.ts';
import { type Connection, type ConnectOptions, connect } from './connection.ts';

const open: { close(): Promise<void> }[] = [];
const UNIT = { unit: 'user-1' };

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function server(port = 0): Promise<ProtocolServer> {
  const started = await startServer(port);
  open.push(started);
  return started;
}

function app(options: ConnectOptions): Connection {
  const connection = connect(options);
  open.push(connection);
  return connection;
}

/** An app on manual time, connected to a server that holds this split. */
async function connectedTo(assignment: ReturnType<typeof split>) {
  const remote = await server();
  const timers = manualTimers();
  remote.assignments.set(assignment.artifact, assignment);
  const connection = app({ url: remote.url, timers, random: () => 0.5 });
  expect(await connection.ready()).toBe(true);
  return { remote, timers, connection };
}

function seen(connection: Connection, key = 'support-bot'): string {
  const { variant, reason, errorCode } = connection.prompt(key, UNIT);
  return [variant, reason, errorCode].filter(Boolean).join(' ');
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe('a connected app', () => {
  test('resolves from memory, with the version to report', async () => {
    const { connection } = await connectedTo(split(100, 1));
    expect(connection.prompt('support-bot', UNIT)).toEqual({ ...CANDIDATE, variant: 'candidate', reason: 'SPLIT' });
    expect(connection.prompt('support-bot')).toMatchObject({ variant: 'baseline', reason: 'DEFAULT' });
    expect(connection.stats()).toMatchObject({ connected: true, dropped: 0, queued: 0, lastError: null });
  });

  test('is not ended by options that throw when they are looked at', async () => {
    const { connection } = await connectedTo(split(100, 1));
    const hostile = {
      get unit(): string {
        throw new Error('of the app');
      },
    };
    expect(connection.prompt('support-bot', hostile)).toMatchObject({ variant: 'baseline', reason: 'DEFAULT' });
    connection.report(hostile as never);
    expect(connection.stats().dropped).toBe(1);
  });

  test('waits for the state however long it is told to', async () => {
    const remote = await server();
    remote.assignments.set('support-bot', split(100, 1));
    for (const forEver of [Number.POSITIVE_INFINITY, 2 ** 31])
      expect(await app({ url: remote.url }).ready(forEver)).toBe(true);
  });

  test('applies what is pushed', async () => {
    const { remote, connection } = await connectedTo(split(0, 1));
    expect(seen(connection)).toBe('baseline SPLIT');
    remote.push(split(100, 2));
    await until(() => expect(seen(connection)).toBe('candidate SPLIT'));
    remote.push(settled(CANDIDATE, 3));
    await until(() => expect(seen(connection)).toBe('baseline STATIC'));
    expect(connection.prompt('support-bot', UNIT)).toMatchObject(CANDIDATE);
    remote.send('removed', { artifact: 'support-bot' });
    await until(() => expect(seen(connection)).toBe('fallback ERROR FLAG_NOT_FOUND'));
  });

  test('drops a lower epoch and counts it', async () => {
    const { remote, connection } = await connectedTo(split(0, 7));
    remote.push(split(100, 6));
    await until(() => expect(connection.stats().staleEvents).toBe(1));
    expect(seen(connection)).toBe('baseline SPLIT');
  });

  test('sends the token, trimmed, and keeps a path prefix of the URL', async () => {
    const remote = await server();
    const connection = app({ url: `${remote.url}/prefix?x=1`, token: 'secret\n' });
    expect(await connection.ready()).toBe(true);
    expect(remote.streamRequests[0]?.headers.authorization).toBe('Bearer secret');
  });
});

describe('the lease on a candidate', () => {
  test('lapses after 15 s of silence: baseline', async () => {
    const { timers, connection } = await connectedTo(split(100, 1));
    timers.advance(14_999);
    expect(seen(connection)).toBe('candidate SPLIT');
    timers.advance(2);
    expect(seen(connection)).toBe('baseline STALE');
  });

  test('is renewed by heartbeats', async () => {
    const { remote, timers, connection } = await connectedTo(split(100, 1));
    for (const at of ['2026-01-01T00:00:10.000Z', '2026-01-01T00:00:20.000Z', '2026-01-01T00:00:30.000Z']) {
      timers.advance(10_000);
      remote.send('heartbeat', { at });
      await until(() => expect(connection.stats().lastUpdateAt).toBe(at));
    }
    expect(seen(connection)).toBe('candidate SPLIT');
    expect(remote.streamRequests).toHaveLength(1);
  });

  test('is not renewed by comments and malformed events', async () => {
    const { remote, timers, connection } = await connectedTo(split(100, 1));
    timers.advance(10_000);
    remote.sendRaw(': keep-alive\n\nevent: heartbeat\ndata: <html>\n\n');
    await until(() => expect(connection.stats().malformedEvents).toBe(1));
    timers.advance(5_001);
    expect(seen(connection)).toBe('baseline STALE');
  });

  test('does not care for a jump of the wall clock', async () => {
    const { timers, connection } = await connectedTo(split(100, 1));
    timers.jumpWall(86_400_000);
    expect(seen(connection)).toBe('candidate SPLIT');
    timers.jumpWall(-2 * 86_400_000);
    timers.advance(15_001);
    expect(seen(connection)).toBe('baseline STALE');
  });

  test('comes back with the connection, which a silent stream is torn down for', async () => {
    const { remote, timers, connection } = await connectedTo(split(100, 1));
    timers.advance(15_001);
    expect(connection.stats()).toMatchObject({ connected: false, lastError: 'silent for 15 s' });
    timers.advance(100);
    await until(() => expect(remote.streamRequests).toHaveLength(2));
    await until(() => expect(seen(connection)).toBe('candidate SPLIT'));
    expect(connection.stats()).toMatchObject({ connected: true, lastError: null });
  });
});

describe('without the server', () => {
  test('the fallback answers, and without one nothing, both with the error code', async () => {
    const fallback = { 'support-bot': { template: 'own {{q}}' } };
    const connection = app({ url: 'http://127.0.0.1:1', fallback });
    const notReady = { variant: 'fallback', reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY', version: undefined };
    expect(connection.prompt('support-bot', UNIT)).toEqual({ ...notReady, value: { template: 'own {{q}}' } });
    expect(connection.prompt('other', UNIT)).toEqual({ ...notReady, value: undefined });
    expect(await connection.ready(50)).toBe(false);
    await until(() => expect(connection.stats().lastError).toMatch(/ECONNREFUSED/));
  });

  test('a key that the server does not know is answered by the fallback', async () => {
    const remote = await server();
    const connection = app({ url: remote.url, fallback: { greeting: { template: 'hello' } } });
    await connection.ready();
    expect(connection.prompt('greeting', UNIT)).toMatchObject({
      errorCode: 'FLAG_NOT_FOUND',
      value: { template: 'hello' },
    });
  });

  test('a killed server leaves a promoted version in service for ever', async () => {
    const { remote, timers, connection } = await connectedTo(settled(CANDIDATE, 3));
    await remote.close();
    await until(() => expect(connection.stats().connected).toBe(false));
    timers.advance(3_600_000);
    expect(connection.prompt('support-bot', UNIT)).toEqual({ ...CANDIDATE, variant: 'baseline', reason: 'STATIC' });
  });

  test('a server that comes back is found again, and an older state of it is not believed', async () => {
    const first = await server();
    first.assignments.set('support-bot', settled(BASELINE, 5));
    const connection = app({ url: first.url, random: () => 0 });
    await connection.ready();
    await first.close();
    await until(() => expect(connection.stats().connected).toBe(false));
    const second = await server(first.port);
    second.assignments.set('support-bot', split(100, 4));
    await until(() => expect(connection.stats().staleEvents).toBeGreaterThan(0));
    expect(seen(connection)).toBe('baseline STATIC');
    second.push(split(100, 6));
    await until(() => expect(seen(connection)).toBe('candidate SPLIT'));
  });

  test('attempts are spread out by back-off up to 5 s, and start anew only after a proven connection', async () => {
    const remote = await server();
    remote.onStream = (_request, response) => response.writeHead(503).end();
    const timers = manualTimers();
    const connection = app({ url: remote.url, timers, random: () => 0.5 });
    const nextAttempt = (ms: number) => until(() => expect(timers.pendingMs()).toEqual([expect.closeTo(ms, 6)]));
    for (const ms of [50, 100, 200, 400, 800, 1_600, 2_500, 2_500]) {
      await nextAttempt(ms);
      timers.advance(ms);
    }
    await nextAttempt(2_500);
    remote.onStream = undefined;
    timers.advance(2_500);
    await until(() => expect(connection.stats().connected).toBe(true));
    remote.endStreams();
    await nextAttempt(2_500);
    timers.advance(2_500);
    await until(() => expect(connection.stats().connected).toBe(true));
    timers.advance(5_000);
    remote.send('removed', { artifact: 'nothing' });
    remote.endStreams();
    await nextAttempt(50);
  });
});

describe('nothing throws into the app', () => {
  const html = '<!doctype html><html><body>Bad gateway</body></html>';
  test.each<[string, ProtocolServer['onStream'], RegExp]>([
    ['401', (_, response) => response.writeHead(401).end('{}'), /HTTP 401/],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/' }).end(), /HTTP 302/],
    ['HTML', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html), /text\/html/],
    ['no answer but a reset', request => request.socket.destroy(), /hang up|ECONNRESET/],
    ['no HTTP', request => request.socket.end('SSH-2.0-OpenSSH\r\n\r\n'), /Parse Error|HTTP/],
  ])('when the server says %s', async (_name, onStream, wanted) => {
    const remote = await server();
    remote.onStream = onStream;
    const connection = app({ url: remote.url, token: 'very-secret' });
    await until(() => expect(connection.stats().lastError).toMatch(wanted));
    expect(seen(connection)).toBe('fallback ERROR PROVIDER_NOT_READY');
    expect(JSON.stringify(connection.stats())).not.toContain('very-secret');
  });

  test('when an event is cut, malformed or of the future: it is skipped and the next one counts', async () => {
    const { remote, connection } = await connectedTo(split(0, 1));
    const good = frame('assignment', split(100, 2));
    remote.sendRaw(`${good.slice(0, 60)}\n\n${frame('assignment', [])}${frame('confetti', { a: 1 })}data\n\n${good}`);
    await until(() => expect(seen(connection)).toBe('candidate SPLIT'));
    expect(connection.stats().malformedEvents).toBe(3);
  });

  test('when a stream ends inside an event: it is not half-applied', async () => {
    const { remote, connection } = await connectedTo(split(0, 1));
    remote.sendRaw(frame('assignment', split(100, 2)).trimEnd());
    remote.endStreams();
    await until(() => expect(connection.stats().connected).toBe(false));
    expect(seen(connection)).toBe('baseline SPLIT');
  });

  test.each<[string, unknown]>([
    ['no options', undefined],
    ['no URL', {}],
    ['a URL that is none', { url: 'not a url' }],
    ['another protocol', { url: 'ftp://host' }],
    ['a password in the URL', { url: 'http://me:hunter2@host' }],
    ['a fallback that is none', { url: 'http://127.0.0.1:1', fallback: 7 }],
    ['a fallback that cannot be copied', { url: 'http://127.0.0.1:1', fallback: { a: { template: '', f: () => 1 } } }],
    ['a token that is no header', { url: 'http://127.0.0.1:1', token: 'a\nb' }],
  ])('with %s', async (_name, options) => {
    const connection = app(options as ConnectOptions);
    expect(connection.prompt('support-bot', UNIT).reason).toBe('ERROR');
    connection.report(undefined as never);
    expect(await connection.ready(1)).toBe(false);
    await until(() => expect(connection.stats().lastError).toBeTruthy());
    expect(JSON.stringify(connection.stats())).not.toContain('hunter2');
  });

  test.each([undefined, null, 7, {}, ''])('with the unit %j, which is none', async unit => {
    const { connection } = await connectedTo(split(100, 1));
    expect(connection.prompt('support-bot', { unit } as never)).toMatchObject({ variant: 'baseline' });
    expect(connection.prompt('support-bot', null as never)).toMatchObject({ variant: 'baseline' });
  });
});

describe('close', () => {
  test('ends the stream for good, settles who waits for ready, and leaves prompts in place', async () => {
    const { remote, timers, connection } = await connectedTo(settled(CANDIDATE, 1));
    await connection.close();
    await connection.close();
    await until(() => expect(remote.openStreams()).toBe(0));
    timers.advance(60_000);
    expect(remote.streamRequests).toHaveLength(1);
    expect(seen(connection)).toBe('baseline STATIC');
    const never = app({ url: 'http://127.0.0.1:1' });
    const waiting = never.ready(60_000);
    await never.close();
    expect(await waiting).toBe(false);
  });
});
