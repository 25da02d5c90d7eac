/** Against a server of this test, which breaks where an apiserver can break. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRoom, type Room } from '../../support/room.ts';
import { until } from '../../support/until.ts';
import { openApi } from './api.ts';
import { follow } from './follow.ts';
import { type KubeObject, pathOf } from './objects.ts';

let room: Room;
beforeEach(() => {
  room = openRoom();
});
afterEach(() => room.end());

const object = (name: string, resourceVersion = '1'): KubeObject => ({
  metadata: { name, uid: name, resourceVersion },
});

async function followed(items: KubeObject[]) {
  const world = { items, watchers: [] as ServerResponse[], status: 200 };
  const server = createServer((request, response) => {
    if (world.status !== 200) response.writeHead(world.status).end('{"reason":"Away"}');
    else if (request.url?.includes('watch=true')) {
      world.watchers.push(response);
      response.writeHead(200).flushHeaders();
    } else response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: world.items }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const api = openApi({ server: `http://127.0.0.1:${port}`, token: '', ca: '' });
  const stop = new AbortController();
  const known = new Map<string, string>();
  const follower = {
    onSet: ({ metadata }: KubeObject) => void known.set(metadata.name, metadata.resourceVersion!),
    onGone: ({ metadata }: KubeObject) => void known.delete(metadata.name),
  };
  const following = follow(api, '/api/v1/pods', follower, stop.signal);
  room.atEnd(async () => {
    stop.abort();
    await following;
    await api.close();
    server.closeAllConnections();
    server.close();
  });
  const watcher = (count: number) => until(`watch ${count}`, () => world.watchers[count - 1]);
  const send = (to: ServerResponse, type: string, what: KubeObject) =>
    to.write(`${JSON.stringify({ type, object: what })}\n`);
  return { world, known, watcher, send, names: () => [...known.keys()].sort().join() };
}

test('knows what is listed, and what the watch says of it', async () => {
  const { known, watcher, send, names } = await followed([object('a'), object('b')]);
  const watch = await watcher(1);
  expect(names()).toBe('a,b');
  send(watch, 'MODIFIED', object('a', '2'));
  send(watch, 'ADDED', object('c'));
  send(watch, 'DELETED', object('b'));
  await until('all three are known', () => names() === 'a,c' && known.get('a') === '2');
});

test('a broken watch lists again, and what vanished meanwhile is gone', async () => {
  const { world, known, watcher, names } = await followed([object('a'), object('b')]);
  const watch = await watcher(1);
  world.status = 503;
  world.items = [object('b', '7')];
  watch.destroy();
  await new Promise(resolve => setImmediate(resolve));
  expect(names()).toBe('a,b');
  world.status = 200;
  await watcher(2);
  expect([names(), known.get('b')]).toEqual(['b', '7']);
});

test('a watch that is too old is begun anew', async () => {
  const { watcher, send, names } = await followed([object('a')]);
  send(await watcher(1), 'ERROR', { metadata: { name: '' }, code: 410 });
  await watcher(2);
  expect(names()).toBe('a');
});

test.each([
  ['v1', 'Pod', '/api/v1/namespaces/shop/pods/x'],
  ['v1', 'Namespace', '/api/v1/namespaces/x'],
  ['networking.k8s.io/v1', 'NetworkPolicy', '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/x'],
  ['gateway.networking.k8s.io/v1', 'Gateway', '/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/x'],
  ['gateway.networking.k8s.io/v1', 'GatewayClass', '/apis/gateway.networking.k8s.io/v1/gatewayclasses/x'],
])('%s %s lives where the apiserver has it', (apiVersion, kind, path) =>
  expect(pathOf({ apiVersion, kind, metadata: { name: 'x', namespace: 'shop' } })).toBe(path),
);
