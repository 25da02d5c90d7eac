import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../clock.ts';
import type { RouteObject } from '../traffic/gateway/object.ts';
import { routeWith, split } from '../traffic/gateway/routes.test-support.ts';
import { type ApiServer, apiServer } from './api-server.test-support.ts';
import { type Informer, startInformer } from './informer.ts';

const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes';
const route = (candidate: number) => routeWith([split(100 - candidate, candidate)]);
let api: ApiServer;
let stop: AbortController;
let routes: Informer<RouteObject>;
let told: number;

beforeEach(async () => {
  api = await apiServer();
  stop = new AbortController();
  told = 0;
  api.put(`${path}/web`, route(1));
  routes = startInformer({ client: api.client, path }, { clock: systemClock, random: () => 0 }, stop.signal);
  routes.onChange(() => {
    told += 1;
  });
  await routes.synced;
  await until('it watches', () => api.watchers[0]);
});
afterEach(async () => {
  stop.abort();
  await routes.ended;
  await api.close();
});

const weightOf = (name: string) => routes.get('shop', name)?.spec?.rules?.[0]?.backendRefs?.[1]?.weight;

test('knows what is listed, and what the watch says of it', async () => {
  expect(weightOf('web')).toBe(1);
  api.put(`${path}/web`, route(7));
  await until('the change is known', () => weightOf('web') === 7);
  expect(routes.list('shop')).toHaveLength(1);
  expect(routes.list('other')).toEqual([]);
});

test('a lost place tells of what changed and of what is gone, and of nothing else', async () => {
  api.put(`${path}/api`, { ...route(3), metadata: { ...route(3).metadata, name: 'api' } });
  await until('both are known', () => weightOf('api') === 3);
  told = 0;
  api.objects.delete(`${path}/api`);
  const gone = { type: 'ERROR', object: { code: 410, message: 'too old' } };
  api.watchers[0]!.response.end(`${JSON.stringify(gone)}\n`);
  await until('it is forgotten', () => routes.get('shop', 'api') === undefined);
  expect([weightOf('web'), told]).toEqual([1, 1]);
});

test('a server that is away takes nothing of what is known', async () => {
  for (let n = 0; n < 3; n++) api.faults.push({ method: 'GET', fault: 'drop' });
  api.watchers[0]!.response.destroy();
  await until('it is said', () => routes.broken() !== undefined);
  expect(weightOf('web')).toBe(1);
  await until('it is back', () => api.watchers[0]);
  api.put(`${path}/web`, route(9));
  await until('it goes on', () => weightOf('web') === 9);
  expect(routes.broken()).toBeUndefined();
});

describe('a list of many', () => {
  const many = 600;
  let all: Informer<RouteObject>;
  const lists = () => api.calls.filter(call => call.includes('limit='));

  function listMany(): void {
    for (let at = 0; at < many; at++) {
      const one = route(1);
      api.put(`${path}/web-${at}`, { ...one, metadata: { ...one.metadata, name: `web-${at}` } });
    }
    api.calls.length = 0;
    all = startInformer({ client: api.client, path }, { clock: systemClock, random: () => 0 }, stop.signal);
  }
  afterEach(() => {
    stop.abort();
    return all.ended;
  });

  test('comes in pages, and is known when the last one has come', async () => {
    listMany();
    await all.synced;
    expect(all.list('shop')).toHaveLength(many + 1);
    expect(lists()).toHaveLength(3);
  });

  test('is begun anew when its place is forgotten between two pages', async () => {
    api.faults.push({ method: 'GET', fault: { status: 410 }, after: 1 });
    listMany();
    await all.synced;
    expect(all.list('shop')).toHaveLength(many + 1);
    expect(lists().length).toBeGreaterThan(3);
  });
});
