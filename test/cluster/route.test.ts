/**
 * The gateway router on a real API server and a real data plane: weights that are obeyed, everything else left alone, and
 * what becomes of it when others write too.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Access, accessOfKubeconfig } from '../../src/kube/access.ts';
import { type KubeClient, kubeClient } from '../../src/kube/client.ts';
import type { Drift } from '../../src/traffic/gateway/drift.ts';
import type { WeightOrder } from '../../src/traffic/gateway/patch.ts';
import { type GatewayOptions, gatewayRouter } from '../../src/traffic/gateway/router.ts';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import { accessFor, kubeconfigOf } from './client/kubeconfig.ts';
import type { KubeObject } from './client/objects.ts';
import { GATEWAY } from './plane/addresses.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { send, untilServed } from './support/traffic.ts';
import { route, untilRolledOut, workload } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
let client: KubeClient;
let host: string;
let epoch = 0;
const GROUP = 'gateway.networking.k8s.io';
const REQUESTS = 1_000;

beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  client = clientOf(accessOfKubeconfig([process.env['KUBECONFIG']!]));
  host = `${cluster.namespace}.example`;
  for (const name of ['stable', 'canary', 'theirs'])
    await cluster.apply(...workload(cluster.namespace, { name, version: name }));
  for (const name of ['stable', 'canary', 'theirs']) await untilRolledOut(cluster, name);
});
afterAll(() => room.end());

/** Each test begins with a route that nobody has raised. */
beforeEach(async () => {
  await cluster.kubectl('delete', 'httproutes', '--all');
  await cluster.apply(route(cluster.namespace, 'web', { host, weights: { stable: 100, canary: 0 } }));
  await untilGateway('web');
  await untilServed(host, { stable: 100 }); // a status is written before the data plane has the route
});

function clientOf(access: Access): KubeClient {
  const made = kubeClient(access);
  room.atEnd(() => made.close());
  return made;
}

const order = (weight: number, change: Partial<WeightOrder> = {}): WeightOrder => {
  epoch += 1;
  return { releaseId: 'rel_1', weight, epoch, rolledBack: null, ...change };
};
const rollback = (): WeightOrder => {
  const lowered = order(0);
  return { ...lowered, rolledBack: `rel_1@${lowered.epoch}` };
};

function router(names = ['web'], more: Partial<GatewayOptions> = {}) {
  const probe = {
    url: GATEWAY,
    headers: { host },
    versionIn: { json: 'version' },
    baseline: 'stable',
    candidate: 'canary',
  };
  return gatewayRouter({
    client,
    routes: names.map(name => ({ namespace: cluster.namespace, name, kind: 'HTTPRoute' as const })),
    baseline: { name: 'stable', port: 80 },
    candidate: { name: 'canary', port: 80 },
    clock: systemClock,
    random: Math.random,
    probe,
    ...more,
  });
}

const read = (name = 'web') => cluster.get(`${GROUP}/v1`, `httproutes/${name}`);
const weights = async (name = 'web') =>
  (await read(name))['spec'].rules[0].backendRefs.map(({ weight }: { weight: number }) => weight);

async function untilGateway(name: string): Promise<void> {
  await until(`${name} is taken up`, async () => {
    const { metadata, status } = (await read(name)) as KubeObject & { metadata: { generation: number } };
    return status?.parents?.[0]?.conditions?.every(
      (one: { observedGeneration: number }) => one.observedGeneration === metadata.generation,
    );
  });
}

describe('the data plane', () => {
  test.each([10, 25, 50])('gives the candidate %i percent', async weight => {
    const one = router();
    const wanted = order(weight);
    const written = await one.write(wanted);
    const accepted = await one.accepted(written);
    expect(accepted.map(({ failure }) => failure)).toEqual([undefined]);
    const verifiedAtMs = await one.verified(wanted);
    expect(accepted[0]!.atMs).toBeGreaterThanOrEqual(written[0]!.atMs!);
    expect(verifiedAtMs).toBeGreaterThan(0);
    const { byVersion, failed } = await send(host, REQUESTS);
    expect(failed).toBe(0);
    expect(Math.abs((100 * byVersion['canary']!) / REQUESTS - weight)).toBeLessThan(5);
  });

  test('fails no request over 20 changes, and every change is accepted at its generation', async () => {
    const one = router();
    let isOver = false;
    const sums = { answered: 0, failed: 0 };
    const load = (async () => {
      while (!isOver) {
        const { byVersion, failed } = await send(host, 100);
        sums.failed += failed;
        sums.answered += Object.values(byVersion).reduce((sum, count) => sum + count, 0);
      }
    })();
    for (let n = 1; n <= 20; n++) {
      const [accepted] = await one.accepted(await one.write(order((n * 37) % 101)));
      expect(accepted!.failure).toBeUndefined();
      const { metadata, status } = (await read()) as KubeObject & { metadata: { generation: number } };
      expect(accepted!.generation).toBe(metadata.generation);
      for (const { conditions } of status.parents)
        for (const { observedGeneration } of conditions) expect(observedGeneration).toBe(metadata.generation);
    }
    isOver = true;
    await load;
    expect(sums.failed).toBe(0);
    expect(sums.answered).toBeGreaterThan(1_000);
  });

  test('obeys a rollback, and the three clocks come in their order', async () => {
    const one = router();
    await one.write(order(50));
    const took: Record<string, number>[] = [];
    for (let n = 0; n < 10; n++) {
      const raised = order(50, { releaseId: `next_${n}` });
      await one.accepted(await one.write(raised));
      await one.verified(raised); // or the probe hears the rollback before, which the data plane obeys still
      const wanted = rollback();
      const startMs = performance.now();
      const written = await one.write(wanted);
      const [accepted, verifiedAtMs] = await Promise.all([one.accepted(written), one.verified(wanted)]);
      const since = (atMs: number | undefined) => (atMs ?? Number.NaN) - startMs;
      took.push({ w: since(written[0]!.atMs), a: since(accepted[0]!.atMs), v: since(verifiedAtMs) });
    }
    expect(medianOf(took.map(({ w }) => w!))).toBeLessThan(100);
    for (const { w, a, v } of took) expect(w! < a! && w! < v!).toBe(true);
    expect(await send(host, REQUESTS)).toEqual({ byVersion: { stable: REQUESTS }, failed: 0 });
  });
});

function medianOf(ms: number[]): number {
  return ms.toSorted((a, b) => a - b)[Math.floor(ms.length / 2)]!;
}

describe('the object', () => {
  test('keeps every other byte over 20 changes: matches, filters, other teams and rules', async () => {
    const { namespace } = cluster;
    const refs = [
      { name: 'stable', port: 80, weight: 1000 },
      { name: 'theirs', port: 80, weight: 500 },
      { name: 'canary', port: 80, weight: 0 },
    ];
    const header = { name: 'x-tier', value: 'gold' };
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { add: [header], remove: ['x-raw'] } }];
    await cluster.kubectl('delete', 'httproutes', 'web');
    const rich = route(namespace, 'web', { host, weights: {} });
    Object.assign(rich.metadata, { labels: { team: 'shop' }, annotations: { 'example.net/owner': 'a~b/c' } });
    rich['spec'].rules = [
      { matches: [{ path: { type: 'PathPrefix', value: '/own' } }], backendRefs: [{ name: 'theirs', port: 80 }] },
      { matches: [{ headers: [header], path: { type: 'PathPrefix', value: '/' } }], filters, backendRefs: refs },
      { timeouts: { request: '5s' }, backendRefs: refs },
    ];
    await cluster.apply(rich);
    await untilGateway('web');
    const stripped = async () => {
      const { metadata, spec } = await read();
      const { 'spillway.dev/epoch': _epoch, ...annotations } = metadata.annotations!;
      for (const rule of spec.rules)
        for (const ref of rule.backendRefs) if (ref.name !== 'theirs') ref.weight = undefined;
      return JSON.stringify({ labels: metadata.labels, annotations, spec });
    };
    const before = await stripped();
    const one = router();
    for (let n = 1; n <= 20; n++) {
      const [outcome] = await one.accepted(await one.write(order((n * 7) % 100)));
      expect(outcome!.failure).toBeUndefined();
    }
    expect(await stripped()).toBe(before);
    const [, second, third] = (await read())['spec'].rules;
    for (const rule of [second, third])
      expect(rule.backendRefs.map((ref: { weight: number }) => ref.weight)).toEqual([600, 500, 400]);
  });

  test('of a named rule is refused where the definitions have no names', async () => {
    const named = router([], {
      routes: [{ namespace: cluster.namespace, name: 'web', kind: 'HTTPRoute', rule: 'api' }],
    });
    expect((await named.check()).join()).toMatch(/no rule named api: none of its rules has a name/);
    const [outcome] = await named.write(order(25));
    expect(outcome!.failure).toMatchObject({ code: 'WEIGHT_REJECTED' });
  });

  test('beside one that is missing is written all the same', async () => {
    await cluster.apply(route(cluster.namespace, 'second', { host: `b.${host}`, weights: { stable: 1, canary: 0 } }));
    await untilGateway('second');
    const outcomes = await router(['web', 'missing', 'second']).write(order(30));
    expect(outcomes.map(({ failure }) => failure?.code)).toEqual([undefined, 'NOT_FOUND', undefined]);
    expect([await weights(), await weights('second')]).toEqual([
      [70, 30],
      [70, 30],
    ]);
  });

  test('of two epochs never swings between them', async () => {
    const [older, newer] = [router(), router()];
    const [low, high] = [order(30), order(60)];
    const seen: number[] = [];
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        const share = (await weights())[1];
        if (share !== seen.at(-1)) seen.push(share);
      }
    })();
    for (let n = 0; n < 20; n++) await Promise.all([older.write(low), newer.write(high)]);
    isOver = true;
    await looking;
    expect(seen.at(-1)).toBe(60);
    expect(seen.length, `${seen}`).toBeLessThanOrEqual(3);
    expect((await older.write(low))[0]!.failure?.code).toBe('EPOCH_STALE');
  });

  test('is not raised where the epoch was removed or came meanwhile, also without any annotation', async () => {
    const stale = { op: 'test' as const, path: '/metadata/annotations', value: null };
    const path = `/apis/${GROUP}/v1/namespaces/${cluster.namespace}/httproutes/web`;
    await expect(client.patch(path, [stale])).resolves.toBeDefined();
    await router().write(order(10));
    await expect(client.patch(path, [stale])).rejects.toMatchObject({ status: 422 });
    const absent = { ...stale, path: '/metadata/annotations/spillway.dev~1none' };
    await expect(client.patch(path, [absent])).resolves.toBeDefined();
    const present = { ...stale, path: '/metadata/annotations/spillway.dev~1epoch' };
    await expect(client.patch(path, [present])).rejects.toMatchObject({ status: 422 });
  });
});

describe('others write too', () => {
  test('what `kubectl apply` resets is put back, and a rollback wins against it', async () => {
    const { namespace } = cluster;
    const folder = room.folder();
    const manifest = (weights: Record<string, number>) => {
      const file = join(folder, `${weights['canary']}.json`);
      writeFileSync(file, JSON.stringify(route(namespace, 'git', { host: `git.${host}`, weights })));
      return file;
    };
    const files = [manifest({ stable: 100, canary: 0 }), manifest({ stable: 20, canary: 80 })];
    await cluster.kubectl('apply', '-f', files[0]!);
    await untilGateway('git');
    const one = router(['git']);
    const drifts: Drift[] = [];
    let wanted = order(40);
    expect((await one.write(wanted))[0]!.failure).toBeUndefined();
    const stop = new AbortController();
    const duty = {
      wanted: () => wanted,
      mayRaise: async () => true,
      onDrift: (drift: Drift) => void drifts.push(drift),
    };
    const watching = one.watch(duty, stop.signal);
    for (let round = 0; round < 3; round++) {
      await cluster.kubectl('apply', '-f', files[round % 2]!);
      await until('it is put back', () => one.repairs() === round + 1);
      expect(await weights('git')).toEqual([60, 40]);
      await new Promise(resolve => setTimeout(resolve, 2_000)); // as often as an eager GitOps tool
    }
    expect(drifts[0]).toMatchObject({ is: 'repaired', who: 'kubectl-client-side-apply', seen: 0, wanted: 40 });

    wanted = rollback();
    expect((await one.write(wanted))[0]!.failure).toBeUndefined();
    const before = one.repairs();
    for (let round = 0; round < 2; round++) {
      await cluster.kubectl('apply', '-f', files[1]!);
      await until('the rollback is back', () => one.repairs() === before + round + 1);
      expect(await weights('git')).toEqual([100, 0]);
    }
    stop.abort();
    await watching;
    expect(drifts.every(({ is }) => is === 'repaired')).toBe(true);
  });

  test('a backend of another namespace without a ReferenceGrant is refused with the grant to add', async () => {
    const { namespace } = cluster;
    const far = `${namespace}-far`;
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: far } };
    await cluster.apply(object, ...workload(far, { name: 'canary', version: 'canary' }));
    room.atEnd(() => cluster.api.call('DELETE', `/api/v1/namespaces/${far}`));
    const crossing = route(namespace, 'web', { host, weights: { stable: 100, canary: 0 } });
    crossing['spec'].rules[0].backendRefs[1].namespace = far;
    await cluster.apply(crossing);
    await untilGateway('web');
    const one = router(['web'], { candidate: { name: 'canary', namespace: far }, deadlineMs: 3_000 });
    expect(await one.check()).toEqual([
      expect.stringContaining(`No ReferenceGrant in namespace ${far} lets HTTPRoute`),
    ]);
    const [refused] = await one.write(order(25));
    expect(refused!.failure?.message).toMatch(/not raised to 25: .*ResolvedRefs=False RefNotPermitted/);

    await cluster.apply({
      apiVersion: `${GROUP}/v1beta1`,
      kind: 'ReferenceGrant',
      metadata: { name: 'web', namespace: far },
      spec: {
        from: [{ group: GROUP, kind: 'HTTPRoute', namespace }],
        to: [{ group: '', kind: 'Service', name: 'canary' }],
      },
    });
    expect(await one.check()).toEqual([]);
  });
});

describe('rights', () => {
  async function account(name: string, verbs: string[]): Promise<KubeClient> {
    const { namespace } = cluster;
    const metadata = { name, namespace };
    const rbac = 'rbac.authorization.k8s.io';
    const clusterWide = `${namespace}-${name}`;
    const look = ['get', 'list', 'watch'];
    const subjects = [{ kind: 'ServiceAccount', ...metadata }];
    const roleRef = (kind: string, of: string) => ({ apiGroup: rbac, kind, name: of });
    await cluster.apply(
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'Role',
        metadata,
        rules: [{ apiGroups: [GROUP], resources: ['httproutes'], verbs }],
      },
      { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata, roleRef: roleRef('Role', name), subjects },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRole',
        metadata: { name: clusterWide },
        rules: [{ apiGroups: [GROUP], resources: ['gateways', 'gatewayclasses', 'referencegrants'], verbs: look }],
      },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name: clusterWide },
        roleRef: roleRef('ClusterRole', clusterWide),
        subjects,
      },
    );
    for (const kind of ['clusterroles', 'clusterrolebindings'])
      room.atEnd(() => cluster.api.call('DELETE', `/apis/${rbac}/v1/${kind}/${clusterWide}`));
    const file = join(room.folder(), 'kubeconfig');
    writeFileSync(file, kubeconfigOf(await accessFor(cluster.api, metadata), name));
    return clientOf(accessOfKubeconfig([file]));
  }

  test('to look at and patch routes, and to look at gateways, are enough for everything', async () => {
    const one = router(['web'], { client: await account('writer', ['get', 'list', 'watch', 'patch']) });
    await until('the rights are in force', async () => (await one.check()).length === 0);
    const stop = new AbortController();
    let wanted = order(20);
    const accepted = await one.accepted(await one.write(wanted));
    expect(accepted.map(({ failure }) => failure)).toEqual([undefined]);
    const watching = one.watch(
      { wanted: () => wanted, mayRaise: async () => true, onDrift: () => undefined },
      stop.signal,
    );
    await cluster.apply(route(cluster.namespace, 'web', { host, weights: { stable: 1, canary: 1 } }));
    await until('drift is put back', async () => one.repairs() === 1 && (await weights())[1] === 20);
    wanted = rollback();
    expect((await one.write(wanted))[0]!.failure).toBeUndefined();
    stop.abort();
    await watching;
  });

  test('that lack patching are told, with the rule to add', async () => {
    const one = router(['web'], { client: await account('reader', ['get', 'list', 'watch']) });
    await until('the rights are in force', async () => (await one.read())[0]!.reading !== undefined);
    const [outcome] = await one.write(order(20));
    expect(outcome!.failure).toMatchObject({ code: 'RIGHTS_MISSING' });
    expect(outcome!.failure!.message).toContain(
      `the right to patch is missing; add the rule { apiGroups: ["${GROUP}"], resources: ["httproutes"], verbs: ["patch"] }`,
    );
  });
});
