import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { type ApiServer, apiServer, type Fault } from '../../kube/api-server.test-support.ts';
import { EPOCH, type RouteObject, TOMBSTONE } from './object.ts';
import { type GatewayOptions, gatewayRouter } from './router.ts';
import { order, ref, rollback, routeWith, split } from './routes.test-support.ts';

let api: ApiServer;
beforeEach(async () => {
  api = await apiServer();
});
afterEach(() => api.close());

const collection = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes';
const pathTo = (name: string) => `${collection}/${name}`;
const weights = (name = 'web') => api.objects.get(pathTo(name))?.spec?.rules?.[0]?.backendRefs?.map(one => one.weight);
const put = (name: string, route = routeWith([split(100, 0)])) =>
  api.put(pathTo(name), { ...route, metadata: { ...route.metadata, name } });

function router(names = ['web'], more: Partial<GatewayOptions> = {}) {
  return gatewayRouter({
    client: api.client,
    routes: names.map(name => ({ namespace: 'shop', name, kind: 'HTTPRoute' })),
    baseline: { name: 'stable' },
    candidate: { name: 'canary' },
    clock: systemClock,
    random: () => 0.5,
    deadlineMs: 2_000,
    ...more,
  });
}

describe('a write', () => {
  test.each<[string, Fault]>([
    ['a conflict', { status: 409 }],
    ['an overload', { status: 429, headers: { 'retry-after': '0' } }],
    ['a fault of the server', { status: 500 }],
    ['a proxy without a server', { status: 503, body: '<html>no upstream</html>' }],
    ['no answer', 'hang'],
    ['a dropped connection', 'drop'],
    ['half an answer', 'half'],
  ])('survives %s, on the patch and on the look', async (_name, fault) => {
    put('web');
    const one = router();
    api.faults.push({ method: 'PATCH', fault }, { method: 'GET', fault });
    const isTransientLook = typeof fault === 'string' || fault.status !== 409;
    if (!isTransientLook) api.faults.pop();
    expect(await one.write(order(25))).toMatchObject([{ generation: 2 }]);
    expect(weights()).toEqual([75, 25]);
    api.faults.push({ method: 'PATCH', fault });
    expect(await one.write(rollback(6))).toMatchObject([{ generation: 3 }]);
    expect(weights()).toEqual([100, 0]);
    expect(api.faults).toEqual([]);
  });

  test('waits as long as an overloaded server asks', async () => {
    put('web');
    api.faults.push({ method: 'PATCH', fault: { status: 429, headers: { 'retry-after': '1' } } });
    const startedMs = performance.now();
    await router().write(order(25));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990);
  });

  test('gives up at its deadline and says why', async () => {
    put('web');
    for (let n = 0; n < 100; n++) api.faults.push({ method: 'PATCH', fault: { status: 500 } });
    const [outcome] = await router(['web'], { deadlineMs: 300 }).write(order(25));
    expect(outcome?.failure).toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
    expect(outcome?.failure?.message).toMatch(/web was not given weight 25 in time: .*500 fault 500/);
  });

  test('of a missing right names the verb and the rule, and never the token', async () => {
    put('web');
    api.faults.push({ method: 'PATCH', fault: { status: 403 } });
    const [outcome] = await router().write(order(25));
    expect(outcome?.failure?.code).toBe('RIGHTS_MISSING');
    expect(outcome?.failure?.message).toContain('resources: ["httproutes"], verbs: ["patch"]');
    expect(JSON.stringify(outcome?.failure) + outcome?.failure?.stack + outcome?.failure?.cause).not.toContain(
      'sesame',
    );
  });

  test('reaches the other routes when one is missing and one is ill', async () => {
    put('web');
    put('other');
    for (let n = 0; n < 100; n++) api.faults.push({ method: 'PATCH', name: 'other', fault: { status: 500 } });
    const startedMs = performance.now();
    let webMs = 0;
    const seen = () => {
      webMs ||= weights()?.[1] === 40 ? performance.now() - startedMs : 0;
    };
    const timer = setInterval(seen, 1);
    const outcomes = await router(['missing', 'other', 'web'], { deadlineMs: 500 }).write(order(40));
    clearInterval(timer);
    expect(outcomes.map(({ failure }) => failure?.code)).toEqual(['NOT_FOUND', 'CLUSTER_UNREACHABLE', undefined]);
    expect(webMs, 'not held up by the others').toBeLessThan(300);
  });

  test('of weight 0 is one call, from what was seen last', async () => {
    put('web');
    const one = router();
    await one.write(order(25));
    api.calls.length = 0;
    await one.write(rollback(6));
    expect(api.calls).toHaveLength(1);
    expect(api.objects.get(pathTo('web'))?.metadata.annotations).toEqual({ [EPOCH]: '6', [TOMBSTONE]: 'rel_1@6' });
  });

  test('of weight 0 looks again where the rules have moved since', async () => {
    put('web');
    const one = router();
    await one.write(order(25));
    const moved = structuredClone(api.objects.get(pathTo('web'))!);
    moved.spec!.rules!.unshift({ backendRefs: [ref('theirs')] });
    api.put(pathTo('web'), moved);
    await one.write(rollback(6));
    expect(api.objects.get(pathTo('web'))?.spec?.rules?.[1]?.backendRefs?.map(({ weight }) => weight)).toEqual([
      100, 0,
    ]);
  });

  test('of weight 0 is not taken for done by an old look', async () => {
    put('web');
    const one = router();
    await one.write(rollback(5));
    put('web', routeWith([split(50, 50)]));
    await one.write(rollback(5));
    expect(weights()).toEqual([100, 0]);
  });

  test('that a server refuses for good is not sent for ever', async () => {
    put('web');
    const fault = {
      status: 422,
      body: JSON.stringify({ message: 'denied', details: { causes: [{ message: 'by policy' }] } }),
    };
    for (let n = 0; n < 9; n++) api.faults.push({ method: 'PATCH', fault });
    const [outcome] = await router().write(order(25));
    expect(outcome?.failure?.message).toMatch(/422 denied: by policy/);
    expect(api.faults).toHaveLength(7);
  });

  test('does not raise where a gateway does not serve the route, and still lowers', async () => {
    const route = routeWith([split(50, 50)]);
    Object.assign(route.status!.parents![0]!.conditions![1]!, { status: 'False', reason: 'BackendNotFound' });
    put('web', route);
    const [raised] = await router().write(order(75));
    expect(raised?.failure?.message).toMatch(/not raised to 75: gateway\/gateway: ResolvedRefs=False BackendNotFound/);
    expect(await router().write(rollback(6))).toMatchObject([{ generation: 2 }]);
  });

  test('of weight 0 is obeyed by a route that is gone: it gives nobody anything', async () => {
    const one = router(['missing']);
    const written = await one.write(rollback(6));
    expect(written).toMatchObject([{ isUnchanged: true }]);
    const [outcome] = await one.accepted(written, { isSeenEnough: true });
    expect(outcome?.failure).toBeUndefined();
    expect((await one.write(order(10, { epoch: 7 })))[0]?.failure?.code).toBe('NOT_FOUND');
  });

  test('of two epochs ends at the newer one, whoever comes first', async () => {
    put('web');
    const [older, newer] = [router(), router()];
    for (let n = 0; n < 10; n++)
      await Promise.all([older.write(order(30, { epoch: 5 })), newer.write(order(60, { epoch: 6 }))]);
    expect(weights()).toEqual([40, 60]);
    const [refused] = await older.write(order(0, { epoch: 5 }));
    expect(refused?.failure?.code).toBe('EPOCH_STALE');
  });
});

describe('acceptance', () => {
  test('is waited for until every parent has seen the generation of the write', async () => {
    put('web');
    const one = router();
    await one.write(order(10));
    api.isStatusLate = true;
    const written = await one.write(order(25, { epoch: 6 }));
    const waiting = one.accepted(written);
    api.isStatusLate = false;
    const before = performance.now();
    put('web', api.objects.get(pathTo('web')) as RouteObject);
    expect((await waiting)[0]!.atMs).toBeGreaterThanOrEqual(before);
  });

  test('of a route that was deleted and made again counts from its new first generation', async () => {
    put('web');
    const one = router();
    await one.write(order(25));
    const written = await one.write(order(50, { epoch: 6 }));
    expect(written).toMatchObject([{ generation: 3 }]);
    api.objects.delete(pathTo('web'));
    put('web', routeWith([split(50, 50)], { [EPOCH]: '6' }));
    expect((await one.accepted(written))[0]?.failure).toBeUndefined();
  });

  test('that does not come in time is a failure that says who is late', async () => {
    put('web');
    const one = router(['web'], { deadlineMs: 200 });
    api.isStatusLate = true;
    const [outcome] = await one.accepted(await one.write(order(25)));
    expect(outcome?.failure?.message).toMatch(/not accepted in time: gateway\/gateway has seen generation 1 of 2/);
  });
});
