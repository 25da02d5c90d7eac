/**
 * Routes whose rules have names, and routes of gRPC: the rule that is named is split, stage by stage and back, in the object and for
 * users, and a rule beside it that sends to the same backends keeps every byte.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { accessOfKubeconfig } from '../../src/kube/access.ts';
import { type KubeClient, kubeClient } from '../../src/kube/client.ts';
import { attach, detach } from '../../src/traffic/gateway/attach.ts';
import { type RouteAddress, TOMBSTONE } from '../../src/traffic/gateway/object.ts';
import { gatewayRouter } from '../../src/traffic/gateway/router.ts';
import { until } from '../support/until.ts';
import type { KubeObject } from './client/objects.ts';
import { callAll } from './support/grpc-call.ts';
import { nameRules } from './support/named-rules.ts';
import { conditionOf, pipeline } from './support/pipelines.ts';
import { openScene, type Scene, STAGES, type Team, teamOf } from './support/scene.ts';
import { send, untilServed } from './support/traffic.ts';
import { backendRefs, route, untilRolledOut, workload } from './support/workloads.ts';

const GROUP = 'gateway.networking.k8s.io';
const REQUESTS = 400;
const TIME = { clock: systemClock, random: Math.random };
const header = { name: 'x-tier', value: 'gold' };
const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [header], remove: ['x-raw'] } }];
const under = (prefix: string) => ({ matches: [{ path: { type: 'PathPrefix', value: prefix } }] });
let scene: Scene;
let client: KubeClient;
let epoch = 0;

beforeAll(async () => {
  scene = await openScene();
  const { room, cluster } = scene;
  await nameRules(room, cluster);
  client = kubeClient(accessOfKubeconfig([process.env['KUBECONFIG']!]));
  room.atEnd(() => client.close());
  await cluster.setImage('grpc-app', ['node', join(import.meta.dirname, 'support/grpc-app.ts')]);
  for (const name of ['stable', 'canary'])
    await cluster.apply(
      ...workload(cluster.namespace, { name, version: name }),
      ...workload(cluster.namespace, grpc(name)),
    );
  for (const name of ['stable', 'canary', 'stable-grpc', 'canary-grpc']) await untilRolledOut(cluster, name);
}, 120_000);
afterAll(() => scene?.room.end());

const grpcContainer = (version: string) => ({
  image: `grpc-app:${version}`,
  readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1 } as never,
});
const grpc = (name: string) => ({ name: `${name}-grpc`, version: name, container: grpcContainer(name) });

/** A route with these rules. */
function ruled(name: string, rules: object[], kind: RouteAddress['kind'] = 'HTTPRoute'): KubeObject {
  const { namespace } = scene.cluster;
  const made: KubeObject = { ...route(namespace, name, { host: hostOf(name), weights: {} }), kind };
  made['spec'].rules = rules;
  return made;
}
const hostOf = (name: string) => `${name}.${scene.cluster.namespace}.example`;
const read = (name: string, kind = 'HTTPRoute') => scene.cluster.get(`${GROUP}/v1`, `${kind.toLowerCase()}s/${name}`);
const rulesOf = async (name: string, kind?: string) => (await read(name, kind))['spec'].rules;
const bytes = (value: unknown) => JSON.stringify(value);
const untilAccepted = (name: string, kind?: string) =>
  until(`${name} is taken up`, async () => {
    const { metadata, status } = await read(name, kind);
    const { generation } = metadata as { generation?: number };
    return status?.['parents']?.[0]?.conditions?.every(
      (one: { observedGeneration: number }) => one.observedGeneration === generation,
    );
  });

/** With everything but weights and our annotations. */
async function stripped(name: string, kind?: string): Promise<string> {
  const { metadata, spec } = await read(name, kind);
  for (const rule of spec.rules) for (const ref of rule.backendRefs) delete ref.weight;
  const { labels, annotations = {} } = metadata;
  return bytes({
    labels,
    spec,
    annotations: Object.entries(annotations).filter(([key]) => !key.startsWith('spillway.dev/')),
  });
}

function routerOf(address: Partial<RouteAddress> & { name: string }, suffix = '') {
  const route: RouteAddress = { namespace: scene.cluster.namespace, kind: 'HTTPRoute', ...address };
  return gatewayRouter({
    client,
    routes: [route],
    baseline: { name: `stable${suffix}`, port: 80 },
    candidate: { name: `canary${suffix}`, port: 80 },
    ...TIME,
  });
}
const order = (weight: number, rolledBack: string | null = null) => {
  epoch += 1;
  return { releaseId: 'rel_1', weight, epoch, rolledBack };
};
const rollback = () => order(0, `rel_1@${epoch + 1}`);

describe('a rule by its name', () => {
  test('is raised and rolled back; one beside it with the same backends keeps its bytes and its users', async () => {
    const rest = { name: 'rest', ...under('/'), backendRefs: backendRefs({ stable: 1, canary: 0 }) };
    const api = { name: 'api', ...under('/api'), filters, backendRefs: backendRefs({ stable: 100, canary: 0 }) };
    await scene.cluster.apply(ruled('pair', [rest, api]));
    await untilServed(hostOf('pair'), { stable: 1 });
    const [before, all] = [bytes((await rulesOf('pair'))[0]), await stripped('pair')];
    const one = routerOf({ name: 'pair', rule: 'api' });
    expect(await one.check()).toEqual([]);
    for (const weight of [25, 50]) {
      const [accepted] = await one.accepted(await one.write(order(weight)));
      expect(accepted!.failure).toBeUndefined();
      await until(`users of the rule get ${weight} %`, async () => {
        const { byVersion, failed } = await send(hostOf('pair'), REQUESTS, { path: '/api' });
        return failed === 0 && Math.abs((100 * (byVersion['canary'] ?? 0)) / REQUESTS - weight) < 5;
      });
      expect(bytes((await rulesOf('pair'))[0])).toBe(before);
      expect(await send(hostOf('pair'), REQUESTS)).toEqual({ byVersion: { stable: REQUESTS }, failed: 0 });
    }
    const wanted = rollback();
    const [back] = await one.accepted(await one.write(wanted));
    expect(back!.failure).toBeUndefined();
    const [untouched, named] = await rulesOf('pair');
    expect(named.backendRefs.map(({ weight }: { weight: number }) => weight)).toEqual([100, 0]);
    expect([bytes(untouched), await stripped('pair')]).toEqual([before, all]);
    expect((await read('pair')).metadata.annotations).toMatchObject({ [TOMBSTONE]: wanted.rolledBack });
  });

  test('alone is given the candidate’s reference, and freed of it', async () => {
    const rules = ['api', 'rest'].map(name => ({
      name,
      ...under(`/${name}`),
      backendRefs: [{ name: 'stable', port: 80 }],
    }));
    await scene.cluster.apply(ruled('lone', rules));
    await untilAccepted('lone');
    const before = bytes((await read('lone'))['spec']);
    const address = { namespace: scene.cluster.namespace, kind: 'HTTPRoute', name: 'lone', rule: 'api' } as const;
    const target = { address, baseline: { name: 'stable', port: 80 }, candidate: { name: 'canary', port: 80 } };
    const attachment = { client, target, untilMs: performance.now() + 5_000 };
    await attach(attachment, TIME);
    expect((await rulesOf('lone')).map(({ backendRefs }: { backendRefs: object[] }) => backendRefs.length)).toEqual([
      2, 1,
    ]);
    await detach(attachment, TIME);
    expect(bytes((await read('lone'))['spec'])).toBe(before);
  });

  test('that is not there is refused with those that are, and nothing is written', async () => {
    await scene.cluster.apply(
      ruled('none', [{ name: 'api', backendRefs: backendRefs({ stable: 1, canary: 0 }) }, { ...under('/b') }]),
    );
    await untilAccepted('none');
    const before = bytes((await read('none'))['spec']);
    const one = routerOf({ name: 'none', rule: 'checkout' });
    expect((await one.check()).join()).toMatch(/has no rule named checkout: its rules are api/);
    expect((await one.write(order(25)))[0]!.failure).toMatchObject({
      code: 'WEIGHT_REJECTED',
      message: expect.stringMatching(/no rule named checkout sends to both/),
    });
    expect(bytes((await read('none'))['spec'])).toBe(before);
  });
});

describe('a GRPCRoute', () => {
  const shareOf = async (headers: Record<string, string> = {}) => {
    const answers = await callAll(hostOf('calls'), REQUESTS, headers);
    const failed = answers.filter(({ status }) => status !== '0').length;
    return { failed, canary: (100 * answers.filter(({ version }) => version === 'canary').length) / answers.length };
  };

  test('is raised and rolled back by guarded patches, in the object and for callers; every other byte is kept', async () => {
    const refs = backendRefs({ 'stable-grpc': 100, 'canary-grpc': 0 });
    const rules = [
      { matches: [{ method: { service: 'shop.Versions' }, headers: [header] }], filters, backendRefs: refs },
      { matches: [{ method: { service: 'shop.Versions' } }], backendRefs: refs },
      { matches: [{ method: { service: 'shop.Other' } }], backendRefs: backendRefs({ 'stable-grpc': 3 }) },
    ];
    await scene.cluster.apply(ruled('calls', rules, 'GRPCRoute'));
    await untilAccepted('calls', 'GRPCRoute');
    await until('it is served', async () => (await shareOf()).failed === 0);
    const before = await stripped('calls', 'GRPCRoute');
    const one = routerOf({ name: 'calls', kind: 'GRPCRoute' }, '-grpc');
    expect(await one.check()).toEqual([]);
    const weights = async () =>
      (await rulesOf('calls', 'GRPCRoute')).map(({ backendRefs }: { backendRefs: { weight: number }[] }) =>
        backendRefs.map(({ weight }) => weight).join(),
      );
    for (const weight of [25, 50]) {
      const [accepted] = await one.accepted(await one.write(order(weight)));
      expect(accepted!.failure).toBeUndefined();
      expect(await weights()).toEqual([`${100 - weight},${weight}`, `${100 - weight},${weight}`, '3']);
      for (const headers of [{}, { 'x-tier': 'gold' }])
        await until(`callers get ${weight} %`, async () => {
          const { failed, canary } = await shareOf(headers);
          return failed === 0 && Math.abs(canary - weight) < 5;
        });
    }
    const wanted = rollback();
    const [back] = await one.accepted(await one.write(wanted));
    expect(back!.failure).toBeUndefined();
    expect(await weights()).toEqual(['100,0', '100,0', '3']);
    expect(await stripped('calls', 'GRPCRoute')).toBe(before);
    await until('callers get the stable one', async () => {
      const { failed, canary } = await shareOf();
      return failed === 0 && canary === 0;
    });
    expect((await one.write({ ...order(75), epoch: 1 }))[0]!.failure).toMatchObject({ code: 'EPOCH_STALE' });
  });
});

describe.concurrent('a release', { timeout: 240_000 }, () => {
  /** Of an app with a route of its own making. */
  async function teamWith(
    made: KubeObject,
    wishes: { container?: object; rule?: string; minSamples?: number } = {},
  ): Promise<Team> {
    const { cluster } = scene;
    const { name } = made.metadata;
    const labels = { 'spillway.dev/gate': name };
    await cluster.apply(
      ...workload(cluster.namespace, { name, version: 'v1', labels, container: wishes.container ?? {} }),
      made,
    );
    await untilRolledOut(cluster, name);
    const target = { route: { name, kind: made.kind, ...(wishes.rule ? { rule: wishes.rule } : {}) } };
    const stage = { hold: '1s', timeout: '10m', minSamples: wishes.minSamples ?? 20 };
    await cluster.apply(pipeline(cluster.namespace, name, { stages: STAGES, stage, bake: '10m', target }));
    return teamOf(cluster, name, hostOf(name));
  }
  const candidateOf = async (name: string, at: number, kind?: string) =>
    (await rulesOf(name, kind))[at].backendRefs.find((ref: { name: string }) => ref.name === `${name}-candidate`);
  const untilGiven = (name: string, at: number, weight: number, kind?: string) =>
    until(
      `rule ${at} of ${name} gives ${weight} %`,
      async () => (await candidateOf(name, at, kind))?.weight === weight,
      {
        withinMs: 60_000,
        everyMs: 100,
      },
    );

  test('of a named rule splits that alone, to the end; then the route is what it was', async ({ expect }) => {
    const refs = [{ name: 'shop', port: 80 }];
    const rules = [
      { name: 'rest', ...under('/'), backendRefs: refs },
      { name: 'api', ...under('/api'), filters, backendRefs: refs },
    ];
    // So many that it moves by commands alone.
    const team = await teamWith(ruled('shop', rules), { rule: 'nosuch', minSamples: 1_000_000 });
    const wrong = await team.until(({ phase }) => phase === 'invalid');
    expect(conditionOf(wrong, 'Degraded')?.message).toMatch(/no rule named nosuch: its rules are rest, api/);
    const path = `/apis/spillway.dev/v1alpha1/namespaces/${scene.cluster.namespace}/pipelines/shop`;
    await scene.cluster.api.patch(path, 'merge', { spec: { target: { kubernetes: { route: { rule: 'api' } } } } });
    await team.until(({ phase }) => phase === 'serving');
    const before = bytes((await read('shop'))['spec']);
    const rest = bytes((await rulesOf('shop'))[0]);
    await team.change('v2');
    for (const weight of [25, 50]) {
      await untilGiven('shop', 1, weight);
      expect(bytes((await rulesOf('shop'))[0]), `${weight} %`).toBe(rest);
      await until('users of the rule get both', async () => {
        const { byVersion, failed } = await send(team.host, REQUESTS, { path: '/api' });
        return failed === 0 && Math.abs((100 * (byVersion['v2'] ?? 0)) / REQUESTS - weight) < 5;
      });
      expect(await send(team.host, 100)).toEqual({ byVersion: { v1: 100 }, failed: 0 });
      await team.ask('promote');
    }
    await untilGiven('shop', 1, 100);
    await team.ask('promote');
    await team.until(({ stage }) => stage === 'bake');
    await team.ask('promote');
    await team.until(({ phase }) => phase === 'serving', 90_000);
    await until('the route is what it was', async () => bytes((await read('shop'))['spec']) === before);
    await untilServed(team.host, { v2: 1 });
  });

  test('of a GRPCRoute reaches callers stage by stage, and is rolled back to what was there', async ({ expect }) => {
    const refs = [{ name: 'quotes', port: 80 }];
    const rules = [
      { name: 'versions', matches: [{ method: { service: 'shop.Versions' } }], backendRefs: refs },
      { name: 'rest', backendRefs: refs },
    ];
    const made = ruled('quotes', rules, 'GRPCRoute');
    const team = await teamWith(made, { rule: 'versions', container: grpcContainer('v1') });
    await team.until(({ phase }) => phase === 'serving');
    const before = bytes((await read('quotes', 'GRPCRoute'))['spec']);
    const { namespace, api } = scene.cluster;
    const container = { name: 'app', image: 'grpc-app:v2' };
    const spec = { template: { spec: { containers: [container] } } };
    await api.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/quotes`, 'strategic', { spec });
    await untilGiven('quotes', 0, 25, 'GRPCRoute');
    await until('callers get both', async () => {
      const answers = await callAll(team.host, REQUESTS);
      const given = (100 * answers.filter(({ version }) => version === 'v2').length) / REQUESTS;
      return answers.every(({ status }) => status === '0') && Math.abs(given - 25) < 5;
    });
    expect(await candidateOf('quotes', 1, 'GRPCRoute'), 'the rule beside it').toBeUndefined();
    // By what the gateway counts of the calls, and by no person's word.
    await until(
      'it goes on',
      async () => {
        const answers = await callAll(team.host, REQUESTS);
        return (
          answers.every(({ status }) => status === '0') && (await candidateOf('quotes', 0, 'GRPCRoute'))?.weight === 50
        );
      },
      { withinMs: 40_000, instead: team.status },
    );
    await team.ask('rollback', 'it is dearer');
    await until('the route is what it was', async () => bytes((await read('quotes', 'GRPCRoute'))['spec']) === before);
    await until('nothing is left', async () => (await team.leftovers()).length === 0, { withinMs: 40_000 });
    expect((await callAll(team.host, 100)).every(({ version }) => version === 'v1')).toBe(true);
  });
});
