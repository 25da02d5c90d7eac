import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../clock.ts';
import { type ApiServer, apiServer } from '../kube/api-server.test-support.ts';
import type { Refusal } from '../kube/refusal.ts';
import { type StartedCluster, startCluster } from './cluster.ts';
import { pathOf } from './objects.ts';

let api: ApiServer;
let ending: AbortController;
const started: StartedCluster[] = [];
beforeEach(async () => {
  api = await apiServer();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await Promise.all(started.splice(0).map(({ ended }) => ended));
  await api.close();
});

function start(): StartedCluster {
  const one = startCluster({ client: api.client, signal: ending.signal, clock: systemClock, random: () => 0.5 });
  started.push(one);
  return one;
}
const put = (name: string) =>
  api.put(pathOf('Service', undefined, name), { metadata: { name, namespace: 'shop', generation: 1 } });
const watched = () => api.watchers.map(({ url }) => url.split('?')[0]).sort();

describe('what is known of a cluster', () => {
  test('is there once it is synced, and every change is told', async () => {
    put('web');
    const known = start();
    const seen: string[] = [];
    known.services.onChange(({ metadata }) => seen.push(metadata.name));
    await known.synced;
    expect(known.services.get('shop', 'web')).toBeDefined();
    await until('all kinds are watched', () => api.watchers.length === 8);
    put('api');
    await until('the change is told', () => seen.includes('api'));
  });

  test('has no PodMonitors where their operator is not installed', async () => {
    api.faults.push({ method: 'GET', name: 'podmonitors', fault: { status: 404 } });
    const known = start();
    await known.synced;
    await until('all other kinds are watched', () => api.watchers.length === 7);
    expect(watched()).not.toContain(pathOf('PodMonitor'));
    expect(known.podMonitors.list('shop')).toEqual([]);
  });

  test.each(['podmonitors', 'networkpolicies'])('is not synced while %s may not be read, and says so', async name => {
    // Until it is said: on a machine that is short of breath another kind's call may be late, and is the one that is told then.
    const fault = { method: 'GET', name, fault: { status: 403 } };
    api.faults.push(...Array.from({ length: 100 }, () => fault));
    const known = start();
    const isSaid = (said: Refusal | undefined) => (said?.status === 403 ? said : undefined);
    const refused = await until('it is said', () => isSaid(known.broken() as Refusal | undefined));
    api.faults.length = 0;
    expect(refused.call.path).toContain(name);
    await known.synced;
    expect(known.broken()).toBeUndefined();
  });

  test('needs only pods of candidates', async () => {
    await start().synced;
    await until('pods are watched', () => api.watchers.find(({ url }) => url.includes('/pods?')));
    expect(api.calls.filter(call => call.includes('/pods?'))[0]).toContain('labelSelector=spillway.dev%2Fpipeline');
  });
});
