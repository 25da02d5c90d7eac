import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../clock.ts';
import { routeWith, split } from '../traffic/gateway/routes.test-support.ts';
import { type ApiServer, apiServer } from './api-server.test-support.ts';
import { follow } from './follow.ts';

const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes';
const route = (candidate: number) => routeWith([split(100 - candidate, candidate)]);
let api: ApiServer;
let stop: AbortController;
let following: Promise<void>;
let known: number | undefined;
let broken: number;

beforeEach(async () => {
  api = await apiServer();
  stop = new AbortController();
  known = undefined;
  broken = 0;
  api.put(`${path}/web`, route(1));
  const follower = {
    onSet: (found: ReturnType<typeof route>) => {
      known = found.spec!.rules![0]!.backendRefs![1]!.weight;
    },
    onGone: () => {
      known = undefined;
    },
    onBroken: () => {
      broken += 1;
    },
  };
  const time = { clock: systemClock, random: () => 0 };
  following = follow({ client: api.client, path, name: 'web' }, follower, time, stop.signal);
  await until('it watches', () => api.watchers[0]);
});
afterEach(async () => {
  stop.abort();
  await following;
  await api.close();
});

/** The watch that comes after this one; a broken one leaves the list a moment late. */
async function next(after: () => void) {
  const { response } = api.watchers[0]!;
  after();
  return until('it watches again', () => api.watchers.find(one => one.response !== response));
}
const lists = () => api.calls.filter(call => !call.includes('watch=true')).length;
const heard = (weight: number) => until(`${weight} is known`, () => known === weight);

test('knows what is listed, and what the watch says of it', async () => {
  await heard(1);
  api.put(`${path}/web`, route(2));
  await heard(2);
});

test('a broken watch is taken up where it ended, without a list', async () => {
  api.put(`${path}/web`, route(2));
  await heard(2);
  const version = api.objects.get(`${path}/web`)!.metadata.resourceVersion;
  const watch = await next(() => api.watchers[0]!.response.destroy());
  expect(watch.url).toContain(`resourceVersion=${version}&`);
  expect([lists(), broken]).toEqual([1, 1]);
});

test('a bookmark moves the place', async () => {
  const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '77' } } };
  api.watchers[0]!.response.end(`${JSON.stringify(bookmark)}\n`);
  await until('it watches again', () => api.watchers[0]?.url.includes('resourceVersion=77&'));
  expect([lists(), broken]).toEqual([1, 0]);
});

test.each(['an event', 'a status'])('a forgotten place, said by %s, is listed again', async how => {
  if (how === 'a status') api.faults.push({ method: 'GET', fault: { status: 410 } });
  const gone = { type: 'ERROR', object: { code: 410, message: 'too old' } };
  api.watchers[0]!.response.end(how === 'an event' ? `${JSON.stringify(gone)}\n` : '');
  await until('it lists again', () => lists() === 2);
});

test('a server that is away is asked with growing pauses, and what is known stays known', async () => {
  for (let n = 0; n < 4; n++) api.faults.push({ method: 'GET', fault: 'drop' });
  const startedMs = performance.now();
  await next(() => api.watchers[0]!.response.destroy());
  expect(performance.now() - startedMs).toBeGreaterThan(150);
  expect([known, broken]).toEqual([1, 5]);
});
