import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { type Probe, probeUntil } from './probe.ts';

let server: Server;
let versions: string[];
let asked: number;
let probe: Probe;
beforeEach(async () => {
  versions = [];
  asked = 0;
  server = createServer((request, response) => {
    const version = versions.length > 1 ? versions.shift()! : versions[0]!;
    asked += 1;
    response.setHeader('x-version', `${version}${request.headers['x-probe'] ?? ''}`);
    response.end(JSON.stringify({ app: { version } }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  probe = { url, versionIn: { json: 'app.version' }, baseline: 'v1', candidate: 'v2', answers: 3 };
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const obeyed = (weight: number, change: Partial<Probe> = {}, withinMs = 2_000) =>
  probeUntil({ ...probe, ...change }, weight, systemClock.monotonicMs() + withinMs, {
    clock: systemClock,
    random: () => 0,
  });

test('weight 0 is verified by as many baseline answers in a row as were asked for', async () => {
  versions = ['v1', 'v1', 'v2', 'v1', 'v1', 'v1'];
  await obeyed(0);
  expect(asked).toBe(6);
});

test('weight 100 is verified by the candidate alone', async () => {
  versions = ['v1', 'v2'];
  await obeyed(100);
  expect(asked).toBe(4);
});

test('between them both have to answer', async () => {
  versions = ['v1', 'v1', 'v1', 'v1', 'v2'];
  await obeyed(25);
  expect(asked).toBe(5);
});

test('a header can tell the version, and headers are sent', async () => {
  versions = ['v1'];
  await obeyed(0, { versionIn: { header: 'X-Version' }, headers: { 'x-probe': '!' }, baseline: 'v1!' });
  expect(asked).toBe(3);
});

test('who does not obey in time is told with what was heard', async () => {
  versions = ['v1', 'v3', 'v2'];
  const failure = obeyed(0, {}, 500);
  await expect(failure).rejects.toMatchObject({ code: 'WEIGHT_REJECTED' });
  await expect(failure).rejects.toThrow(/does not obey weight 0 in time: \d+ candidate, 1 baseline, 1 neither/);
});
