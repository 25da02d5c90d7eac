import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { manualClock } from '../clock.ts';
import type { HealthCheckPlan } from '../config/plan.ts';
import { type ArmPods, healthChecks, httpCheck } from './health-check.ts';

const plan: HealthCheckPlan = { url: 'http://{pod}:80/healthz', intervalMs: 30_000, timeoutMs: 5_000, failures: 3 };
const both: ArmPods = { baseline: ['10.0.0.1'], candidate: ['10.0.0.2', '10.0.0.3'] };

function bench(bad: Set<string>, of: HealthCheckPlan = plan) {
  const clock = manualClock();
  const asked: string[] = [];
  const checks = healthChecks({
    clock,
    check: async url => {
      asked.push(url);
      return [...bad].some(part => url.includes(part)) ? 'it answers 500' : undefined;
    },
  });
  /** One look, and the answers to what it asked. */
  const look = async (pods: ArmPods = both, afterMs = of.intervalMs) => {
    checks.look('rel_1', of, pods);
    await new Promise(setImmediate);
    const finding = checks.look('rel_1', of, pods);
    clock.advance(afterMs);
    return finding;
  };
  return { look, asked, checks, clock };
}

describe('a health check', () => {
  test('finds the candidate unhealthy after failures in a row, and not before', async () => {
    const { look } = bench(new Set(['10.0.0.3']));
    expect([await look(), await look()]).toEqual([{}, {}]);
    expect(await look()).toEqual({
      unhealthy: 'health check http://10.0.0.3:80/healthz of the candidate failed 3 times in a row: it answers 500',
    });
  });

  test('counts anew after a good answer', async () => {
    const bad = new Set(['10.0.0.2']);
    const { look } = bench(bad);
    await look();
    await look();
    bad.clear();
    await look();
    bad.add('10.0.0.2');
    expect([await look(), await look()]).toEqual([{}, {}]);
  });

  test('only raises an alarm when the baseline fails too', async () => {
    const { look } = bench(new Set(['10.0.0']));
    await look();
    await look();
    expect(await look()).toEqual({ alarm: expect.stringMatching(/candidate failed 3 times.*the baseline fails too/) });
  });

  test('is made once an interval, however often one looks', async () => {
    const { look, asked } = bench(new Set());
    for (let n = 0; n < 60; n++) await look(both, 1_000);
    expect(asked.filter(url => url.includes('10.0.0.2'))).toHaveLength(2);
  });

  test('that hangs keeps nobody waiting, and is not made twice at once', () => {
    const clock = manualClock();
    let running = 0;
    const checks = healthChecks({
      clock,
      check: () => {
        running += 1;
        return new Promise(() => undefined);
      },
    });
    for (let n = 0; n < 3; n++) {
      expect(checks.look('rel_1', plan, both)).toEqual({});
      clock.advance(plan.intervalMs);
    }
    expect(running).toBe(3);
  });

  test('of one address for all is made once, and of no baseline', async () => {
    const { look, asked } = bench(new Set(['web']), { ...plan, url: 'http://web/healthz', failures: 1 });
    expect(await look()).toMatchObject({ unhealthy: expect.stringContaining('http://web/healthz') });
    expect(asked).toEqual(['http://web/healthz']);
  });

  test('is not made before the candidate has a pod', async () => {
    const { look, asked } = bench(new Set());
    await look({ ...both, candidate: [] });
    expect(asked).toEqual([]);
  });

  test('writes an IPv6 address as URLs do', async () => {
    const { look, asked } = bench(new Set());
    await look({ baseline: [], candidate: ['fd00::1'] });
    expect(asked).toEqual(['http://[fd00::1]:80/healthz']);
  });

  test('is forgotten with its release', async () => {
    const { look, checks } = bench(new Set(['10.0.0.2']), { ...plan, failures: 1 });
    expect(await look()).toHaveProperty('unhealthy');
    checks.forget('rel_1');
    expect(checks.look('rel_1', plan, both)).toEqual({});
  });
});

test('an answer other than 2xx, none in time and no connection are failures, in words', async () => {
  const server = createServer((request, response) => {
    if (request.url !== '/hang') response.writeHead(request.url === '/ok' ? 204 : 302).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => server.closeAllConnections());
  expect(await httpCheck(`${base}/ok`, 1_000)).toBeUndefined();
  expect(await httpCheck(`${base}/moved`, 1_000)).toBe('it answers 302');
  expect(await httpCheck(`${base}/hang`, 50)).toBe('no answer within 50 ms');
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  expect(await httpCheck(`${base}/ok`, 1_000)).toBe('ECONNREFUSED');
});
