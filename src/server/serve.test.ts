import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { SpillwayError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { startServer } from './serve.ts';
import { readSse, releaseForTests, testServer } from './server.test-support.ts';

interface Raw {
  status: number;
  body: string;
}

/** A request with headers that fetch does not let one set. */
function raw(port: number, path: string, headers: Record<string, string>): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, headers, host: '127.0.0.1' }, res => {
      let body = '';
      res.on('data', chunk => {
        body += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode!, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('who may ask', () => {
  test('without the token everything but the probes answers 401, and never says the token', async () => {
    const { call } = await testServer({ token: 'correct-horse' });
    for (const path of ['/api/v1/releases', '/metrics', '/api/v1/events', '/api/v1/assignments', '/nowhere']) {
      const answer = await call('GET', path, undefined, { authorization: 'Bearer wrong' });
      expect(answer).toMatchObject({ status: 401, json: { code: 'UNAUTHORIZED' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.text).not.toContain('correct-horse');
    }
    expect(await call('POST', '/api/v1/outcomes', { outcomes: [] })).toMatchObject({ status: 401 });
    expect(await call('GET', '/healthz')).toMatchObject({ status: 200 });
    expect(await call('GET', '/readyz')).toMatchObject({ status: 200 });
    const header = { authorization: 'Bearer correct-horse' };
    expect(await call('GET', '/api/v1/releases', undefined, header)).toMatchObject({ status: 200 });
  });

  test('a server for other hosts needs a token', async () => {
    await expect(testServer({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'TOKEN_REQUIRED' });
    await expect(testServer({ host: '0.0.0.0', token: '' })).rejects.toMatchObject({ code: 'TOKEN_REQUIRED' });
  });

  test.each(['localhost', '127.0.0.1:1', '[::1]:8085', 'LOCALHOST'])('on loopback, Host %s is served', async host => {
    const { server } = await testServer();
    expect(await raw(server.port, '/healthz', { host })).toMatchObject({ status: 200 });
  });

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io:8085'])(
    'on loopback, Host "%s" is refused: a page could have bound its name to this address',
    async host => {
      const { server } = await testServer();
      expect(await raw(server.port, '/api/v1/releases', { host })).toMatchObject({ status: 400 });
    },
  );

  test('on loopback, a page of another origin is refused', async () => {
    const { call } = await testServer();
    const answer = await call(
      'POST',
      '/api/v1/releases/r/rollback',
      { reason: 'x' },
      { origin: 'https://evil.example' },
    );
    expect(answer).toMatchObject({ status: 400, json: { detail: expect.stringContaining('Origin') } });
  });
});

describe('limits', () => {
  /** Sends a body of this size as fast as the server takes it; resolves with what came back and how much was sent. */
  function flood(
    port: number,
    path: string,
    size: number,
    headers: string[],
  ): Promise<{ answer: string; sent: number }> {
    return new Promise(resolve => {
      const socket = connect(port, '127.0.0.1');
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const isChunked = headers.includes('Transfer-Encoding: chunked');
      const frame = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]) : chunk;
      let answer = '';
      let sent = 0;
      socket.write([`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n'));
      const more = () => {
        while (sent < size && !socket.destroyed) {
          sent += chunk.length;
          if (!socket.write(frame)) return;
        }
      };
      socket.on('drain', more);
      socket.on('data', data => {
        answer += data;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve({ answer, sent }));
      more();
    });
  }

  const MB = 1024 * 1024;
  test.each([
    ['announced', '/api/v1/outcomes', [`Content-Length: ${100 * MB}`]],
    ['not announced', '/api/v1/outcomes', ['Transfer-Encoding: chunked']],
    ['announced, to the router', '/api/v1/releases', [`Content-Length: ${100 * MB}`]],
    ['announced, to OFREP', '/ofrep/v1/evaluate/flags/x', [`Content-Length: ${100 * MB}`]],
  ])('a body of 100 MB, %s, is refused with 413 and the connection is closed', async (_name, path, headers) => {
    const { server } = await testServer();
    const before = process.memoryUsage().arrayBuffers;
    const { answer } = await flood(server.port, path, 100 * MB, headers);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(answer).toContain('BODY_TOO_LARGE');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * MB);
  });

  test('a request without a token is answered and cut before its body is read', async () => {
    const { server } = await testServer({ token: 't' });
    const { answer } = await flood(server.port, '/api/v1/outcomes', 100 * MB, [`Content-Length: ${100 * MB}`]);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  test('a body of just 1 MiB is read, one byte more is not', async () => {
    const { call } = await testServer();
    const body = (size: number) => `{"outcomes":[]${' '.repeat(size - 15)}}`;
    expect(await call('POST', '/api/v1/outcomes', body(MB))).toMatchObject({ status: 202 });
    expect(await call('POST', '/api/v1/outcomes', body(MB + 1))).toMatchObject({ status: 413 });
  });

  test('a compressed body is refused', async () => {
    const { call } = await testServer();
    const answer = await call('POST', '/api/v1/outcomes', '{}', { 'content-encoding': 'gzip' });
    expect(answer).toMatchObject({ status: 400, json: { code: 'REQUEST_INVALID' } });
  });
});

describe('paths and methods', () => {
  test('an unknown path is a 404 problem', async () => {
    const { call } = await testServer();
    for (const path of ['/', '/api/v1', '/api/v2/releases', '/api/v1/releases/a/b/c'])
      expect(await call('GET', path)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
  });

  test.each([
    ['DELETE', '/api/v1/releases', 'GET, POST'],
    ['GET', '/api/v1/releases/r/promote', 'POST'],
    ['GET', '/api/v1/outcomes', 'POST'],
    ['POST', '/api/v1/events', 'GET'],
    ['GET', '/ofrep/v1/evaluate/flags/key', 'POST'],
    ['POST', '/healthz', 'GET'],
  ])('%s %s is a 405 problem that names the allowed methods', async (method, path, allow) => {
    const { call } = await testServer();
    const answer = await call(method, path);
    expect(answer).toMatchObject({ status: 405, json: { code: 'METHOD_NOT_ALLOWED' } });
    expect(answer.headers.get('allow')).toBe(allow);
  });
});

describe('probes', () => {
  test('/readyz is 503 until the engine has started, and while the store does not answer', async () => {
    let started = false;
    let isDown = false;
    const wrapStore = (store: Store): Store => ({
      ...store,
      ping: async () => {
        if (isDown) throw new SpillwayError('STORE_UNAVAILABLE', 'The disk is gone.');
        await store.ping();
      },
    });
    const { call } = await testServer({ wrapStore, isReady: () => started });
    expect(await call('GET', '/readyz')).toMatchObject({ status: 503 });
    expect(await call('GET', '/healthz')).toMatchObject({ status: 200 });
    started = true;
    expect(await call('GET', '/readyz')).toMatchObject({ status: 200 });
    isDown = true;
    expect(await call('GET', '/readyz')).toMatchObject({ status: 503, json: { code: 'STORE_UNAVAILABLE' } });
  });
});

test('a flood of probes, which need no token, is one write at a time to the store', async () => {
  let running = 0;
  let most = 0;
  const wrapStore = (store: Store): Store => ({
    ...store,
    ping: async () => {
      running += 1;
      most = Math.max(most, running);
      await store.ping();
      running -= 1;
    },
  });
  const { call } = await testServer({ wrapStore, token: 't' });
  const probes = await Promise.all(Array.from({ length: 20 }, () => call('GET', '/readyz')));
  expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([200]));
  expect(most).toBe(1);
});

describe('starting and stopping', () => {
  test('a port in use is ADDRESS_IN_USE', async () => {
    const { server } = await testServer();
    await expect(testServer({ port: server.port })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
  });

  test('a stop ends the streams, lets the request in flight finish, and frees the port', async () => {
    const { server, url, controller, call } = await testServer();
    let open: () => void = () => {};
    controller.gate = new Promise(resolve => {
      open = resolve;
    });
    controller.list.push(releaseForTests('release-1'));
    const stream = readSse(`${url}/api/v1/assignments`, () => false);
    const inFlight = call('POST', '/api/v1/releases/release-1/pause');
    while (controller.commands.length === 0) await new Promise(resolve => setImmediate(resolve));
    const closing = server.close();
    expect((await stream).map(({ event }) => event)).toEqual(['synced']);
    open();
    expect(await inFlight).toMatchObject({ status: 200 });
    await closing;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    await server.close();
  });

  test('a request on a kept connection during the stop is SHUTTING_DOWN', async () => {
    const { server, controller } = await testServer();
    let open: () => void = () => {};
    controller.gate = new Promise(resolve => {
      open = resolve;
    });
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', data => {
      text += data;
    });
    // Closed with the second request unread, a connection is reset: an end as good as any.
    socket.on('error', () => {});
    const ended = new Promise(resolve => socket.on('close', resolve));
    const body = '{"pipeline":"p"}';
    // Two requests on one connection: the second is taken up when the first is answered, which is after the stop began.
    socket.write(`POST /api/v1/releases HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    while (controller.created.length === 0) await new Promise(resolve => setImmediate(resolve));
    const closing = server.close();
    socket.write('GET /api/v1/releases HTTP/1.1\r\nHost: localhost\r\n\r\n');
    open();
    await ended;
    await closing;
    expect(text).toContain('HTTP/1.1 201');
    expect(text).not.toContain('"releases"');
  });

  test('what cannot bind leaves nothing running', async () => {
    const { server, controller, registry, store } = await testServer();
    const subscribed: string[] = [];
    const intake = {
      submit: async () => ({ accepted: 0, rejected: [] }),
      counts: () => ({ stored: 0, ignored: 0, duplicate: 0, rejected: 0, invalid: 0 }),
    };
    const watched = {
      ...registry,
      subscribe: (listener: Parameters<typeof registry.subscribe>[0]) => {
        subscribed.push('in');
        const leave = registry.subscribe(listener);
        return () => {
          subscribed.push('out');
          leave();
        };
      },
    };
    const { systemClock: clock } = await import('../clock.ts');
    const log = { info() {}, error() {} };
    const start = startServer({ controller, registry: watched, store, intake, clock, log, port: server.port });
    await expect(start).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
    expect(subscribed).toEqual(['in', 'out']);
  });
});
