import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { systemClock } from '../../clock.ts';
import { type ApiServer, apiServer } from '../../kube/api-server.test-support.ts';
import type { RouteAddress } from './object.ts';
import { type RouteFeed, routeFeed } from './route-feed.ts';
import { routeWith, split } from './routes.test-support.ts';

const collection = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes';
const address = (name: string): RouteAddress => ({ kind: 'HTTPRoute', namespace: 'shop', name });
let api: ApiServer;
let stop: AbortController;
let feed: RouteFeed;

function put(name: string, candidate: number): void {
  const route = routeWith([split(100 - candidate, candidate)]);
  api.put(`${collection}/${name}`, { ...route, metadata: { ...route.metadata, name } });
}

/** What a follower of this route is told, in order: the candidate's weight, or that it is gone. */
function follow(name: string, until = stop.signal): (number | 'gone' | undefined)[] {
  const told: (number | 'gone' | undefined)[] = [];
  const follower = {
    onSet: (route: ReturnType<typeof routeWith>) => void told.push(route.spec?.rules?.[0]?.backendRefs?.[1]?.weight),
    onGone: () => void told.push('gone'),
  };
  void feed.follow(address(name), follower, until);
  return told;
}

beforeEach(async () => {
  api = await apiServer();
  stop = new AbortController();
  put('web', 1);
  feed = routeFeed({ client: api.client, namespace: 'shop' }, { clock: systemClock, random: () => 0 }, stop.signal);
  await feed.synced;
  await until('both kinds are watched', () => api.watchers.length === 2);
});
afterEach(async () => {
  stop.abort();
  await feed.ended;
  await api.close();
});

test('a follower is told what is known at once, and then what becomes of its own route', async () => {
  const told = follow('web');
  expect(told).toEqual([1]);
  put('other', 50);
  put('web', 7);
  await until('the change is told', () => told.length > 1);
  expect(told).toEqual([1, 7]);
});

test('a hundred followers cost no call and no watch more', async () => {
  const calls = api.calls.length;
  const all = Array.from({ length: 100 }, () => follow('web'));
  put('web', 7);
  await until('all are told', () => all.every(told => told.at(-1) === 7));
  expect(api.calls).toHaveLength(calls);
  expect(api.watchers).toHaveLength(2);
});

test('a route that is not there is gone, until it comes', async () => {
  const told = follow('later');
  await until('its absence is told', () => told[0] === 'gone');
  put('later', 3);
  await until('its arrival is told', () => told.at(-1) === 3);
});

test('a route that is deleted is gone', async () => {
  const told = follow('web');
  const object = api.objects.get(`${collection}/web`);
  for (const { response } of api.watchers) response.write(`${JSON.stringify({ type: 'DELETED', object })}\n`);
  await until('it is told', () => told.at(-1) === 'gone');
  expect(feed.get(address('web'))).toBeUndefined();
});

test('a follower that has stopped is told nothing', async () => {
  const ending = new AbortController();
  const stopped = follow('web', ending.signal);
  const other = follow('web');
  ending.abort();
  put('web', 7);
  await until('the other one is told', () => other.at(-1) === 7);
  expect(stopped).toEqual([1]);
});
