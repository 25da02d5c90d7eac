import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ApiServer, apiServer } from '../../kube/api-server.test-support.ts';
import { capabilityProblems } from './capability.ts';
import type { RouteObject, Rule } from './object.ts';
import { ref, routeWith, split, target } from './routes.test-support.ts';

const root = '/apis/gateway.networking.k8s.io';
let api: ApiServer;
beforeEach(async () => {
  api = await apiServer();
  setRules([split(100, 0)]);
  set('/v1/namespaces/gateway/gateways/gateway', { spec: { gatewayClassName: 'fast' } });
  setClass({ conditions: [{ type: 'Accepted', status: 'True' }] });
});
afterEach(() => api.close());

const set = (path: string, object: object) =>
  api.objects.set(root + path, { metadata: { name: 'x' }, ...object } as RouteObject);
const setRules = (rules: Rule[]) => set('/v1/namespaces/shop/httproutes/web', routeWith(rules));
const setClass = (status: object) => set('/v1/gatewayclasses/fast', { status });
const far = { ...target(), candidate: { name: 'canary', namespace: 'far' } };

test('a cluster that can do all has no problem', async () => {
  expect(await capabilityProblems(api.client, target())).toEqual([]);
});

test.each([
  ['by name', ['HTTPRoute', 'Gateway'], []],
  ['as objects', [{ name: 'HTTPRoute' }], []],
  ['not at all, as older controllers do', [], []],
  ['without HTTPRoute', [{ name: 'GRPCRoute' }], [/GatewayClass fast .* does not support HTTPRoute/]],
])('features are listed %s', async (_name, supportedFeatures, problems) => {
  setClass({ conditions: [{ type: 'Accepted', status: 'True' }], supportedFeatures });
  const found = await capabilityProblems(api.client, target());
  expect(found).toEqual(problems.map(problem => expect.stringMatching(problem)));
});

test.each<[string, () => unknown, RegExp]>([
  ['nobody accepts the class', () => setClass({}), /GatewayClass fast of Gateway gateway\/gateway is not accepted/],
  [
    'the class is gone',
    () => api.objects.delete(`${root}/v1/gatewayclasses/fast`),
    /GatewayClass fast .* it is not there/,
  ],
  ['the candidate is not named', () => setRules([{ backendRefs: [ref('stable')] }]), /does not name Service canary/],
  [
    'the class may not be read',
    () => api.faults.push({ method: 'GET', name: 'fast', fault: { status: 403 } }),
    /resources: \["gatewayclasses"\], verbs: \["get"\]/,
  ],
])('is told that %s', async (_name, change, problem) => {
  change();
  expect(await capabilityProblems(api.client, target())).toEqual([expect.stringMatching(problem)]);
});

test('a rule that is not there is told with those that are', async () => {
  setRules([{ name: 'api', ...split(100, 0) }]);
  expect((await capabilityProblems(api.client, target('web'))).join()).toMatch(/no rule named web: its rules are api/);
  expect(await capabilityProblems(api.client, target('api'))).toEqual([]);
});

test.each([
  ['that names the route and the Service', 'shop', 'canary', true],
  ['of all Services', 'shop', undefined, true],
  ['of another namespace', 'other', undefined, false],
  ['of another Service', 'shop', 'stable', false],
])('a grant %s counts or not', async (_name, namespace, name, isEnough) => {
  setRules([{ backendRefs: [ref('stable'), { ...ref('canary'), namespace: 'far' }] }]);
  const from = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace }];
  const to = [{ group: '', kind: 'Service', ...(name ? { name } : {}) }];
  set('/v1beta1/namespaces/far/referencegrants/one', { spec: { from, to } });
  const problems = await capabilityProblems(api.client, far);
  expect(problems).toEqual(
    isEnough ? [] : [expect.stringMatching(/No ReferenceGrant in namespace far .* add one from/)],
  );
});
