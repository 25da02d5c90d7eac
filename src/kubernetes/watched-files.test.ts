import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../clock.ts';
import { type ApiServer, apiServer } from '../kube/api-server.test-support.ts';
import type { RouteObject } from '../traffic/gateway/object.ts';
import { type WatchedFiles, watchedFiles } from './watched-files.ts';

let api: ApiServer;
let files: WatchedFiles;
let changed: string[];
beforeEach(async () => {
  api = await apiServer();
  changed = [];
  files = watchedFiles(api.client, { clock: systemClock, random: () => 0.5 }, pipeline => changed.push(pipeline));
});
afterEach(async () => {
  await files.end();
  await api.close();
});

const path = (name: string) => `/api/v1/namespaces/shop/configmaps/${name}`;
const put = (name: string, text: string) =>
  api.put(path(name), { metadata: { name, namespace: 'shop' }, data: { text } } as unknown as RouteObject);
const isWatched = () => until('it is watched', () => api.watchers.length > 0);

test('a change of the named one is told, one of another is not', async () => {
  put('bot', 'one');
  files.name('shop/bot', { namespace: 'shop', configMap: 'bot' });
  await until('it was seen', () => changed.length === 1);
  await isWatched();
  put('other', 'x');
  put('bot', 'two');
  await until('it was told', () => changed.length === 2);
  expect(changed).toEqual(['shop/bot', 'shop/bot']);
  expect(api.calls.every(call => call.includes('metadata.name%3Dbot'))).toBe(true);
});

test('named again it is watched once; named no more it is not', async () => {
  const of = { namespace: 'shop', configMap: 'bot' };
  put('bot', 'one');
  files.name('shop/bot', of);
  files.name('shop/bot', of);
  await isWatched();
  expect(api.calls.filter(call => call.includes('watch=true'))).toHaveLength(1);
  files.name('shop/bot', undefined);
  const { length } = changed;
  put('bot', 'two');
  await files.end();
  expect(changed).toHaveLength(length);
});
