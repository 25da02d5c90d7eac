import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { backOffMs } from './back-off.ts';
import { perform, portOf, type Target } from './handler.ts';
import { makeThresholds } from './probe.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function server(status: number): Promise<Target> {
  const http = createServer((_request, response) => {
    if (status > 0) response.writeHead(status).end();
  });
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    http.closeAllConnections();
    http.close();
  });
  const containerPort = (http.address() as AddressInfo).port;
  const container = { name: 'c', image: 'i', ports: [{ name: 'http', containerPort }] };
  return { container, podIP: '127.0.0.1', pid: process.pid, environment: {} };
}

test('a state is said only after as many equal results as the thresholds ask for', () => {
  const decide = makeThresholds({ successThreshold: 2, failureThreshold: 3 });
  const results = [true, true, false, false, true, false, false, false, false];
  expect(results.map(decide)).toEqual([
    undefined,
    true,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    false,
    false,
  ]);
});

test.each([
  [200, true],
  [302, true],
  [404, false],
  [503, false],
])('an httpGet probe takes %i as %s', async (status, isGood) => {
  const probing = perform({ httpGet: { port: 'http' } }, await server(status), 1_000);
  await (isGood ? expect(probing).resolves.toBeUndefined() : expect(probing).rejects.toThrow(String(status)));
});

test('a probe that is not answered fails when its time is over', async () => {
  await expect(perform({ httpGet: { port: 'http' } }, await server(0), 50)).rejects.toThrow();
});

test('a tcpSocket probe asks only whether somebody accepts', async () => {
  const target = await server(0);
  await perform({ tcpSocket: { port: 'http' } }, target, 1_000);
  for (const close of closing.splice(0)) close();
  await expect(perform({ tcpSocket: { port: 'http' } }, target, 1_000)).rejects.toThrow('ECONNREFUSED');
});

test('a port may be a number or a name, and an unknown name is an error', () => {
  const container = { name: 'c', image: 'i', ports: [{ name: 'http', containerPort: 8080 }] };
  expect([portOf(80, container), portOf('81', container), portOf('http', container)]).toEqual([80, 81, 8080]);
  expect(() => portOf('grpc', container)).toThrow('container c has no port grpc');
});

test('the first restart is at once, later ones wait twice as long each time, up to a bound', () => {
  expect([0, 1, 2, 3, 9].map(failures => backOffMs(failures, { firstMs: 10, maxMs: 100, forgetMs: 0 }))).toEqual([
    0, 10, 20, 40, 100,
  ]);
});
