import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../clock.ts';
import { type ApiServer, apiServer } from '../kube/api-server.test-support.ts';
import type { RouteObject } from '../traffic/gateway/object.ts';
import { routeWith, split, target } from '../traffic/gateway/routes.test-support.ts';
import { type Capabilities, capabilities } from './capabilities.ts';

const root = '/apis/gateway.networking.k8s.io/v1';
let api: ApiServer;
let clock: ManualClock;
let capable: Capabilities;
beforeEach(async () => {
  api = await apiServer();
  clock = manualClock();
  capable = capabilities(api.client, clock);
  set('/namespaces/shop/httproutes/web', routeWith([split(100, 0)]));
  set('/namespaces/gateway/gateways/gateway', { spec: { gatewayClassName: 'fast' } });
  set('/gatewayclasses/fast', { status: { conditions: [{ type: 'Accepted', status: 'True' }] } });
});
afterEach(() => api.close());

const set = (path: string, object: object) =>
  api.objects.set(root + path, { metadata: { name: 'x' }, ...object } as RouteObject);
const ask = (version = '1') => {
  const { address, baseline, candidate } = target();
  const place = { routes: [address], baseline, candidate };
  return capable.problems('shop.web', { place, isAttaching: true, version });
};

test('a cluster that can do all is asked once, until document or route change', async () => {
  expect(await ask()).toEqual([]);
  const { length } = api.calls;
  clock.advance(60_000);
  expect(await ask()).toEqual([]);
  expect(api.calls).toHaveLength(length);
  await ask('2');
  expect(api.calls.length).toBeGreaterThan(length);
});

test('what is wrong is asked again soon: somebody is mending it', async () => {
  api.objects.delete(`${root}/gatewayclasses/fast`);
  expect(await ask()).toEqual([expect.stringContaining('GatewayClass fast')]);
  expect(capable.known('shop.web')).toHaveLength(1);
  set('/gatewayclasses/fast', { status: { conditions: [{ type: 'Accepted', status: 'True' }] } });
  expect(await ask()).toHaveLength(1);
  clock.advance(3_000);
  expect(await ask()).toEqual([]);
});
