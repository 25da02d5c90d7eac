/** What the tests of candidates share: a workload whose changed template is held, its release, and the parts under test on real informers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import type { KubernetesPlan, Plan } from '../../../src/config/plan.ts';
import { accessOfKubeconfig } from '../../../src/kube/access.ts';
import { type KubeClient, kubeClient } from '../../../src/kube/client.ts';
import type { Clearance } from '../../../src/kubernetes/clearance.ts';
import { type StartedCluster, startCluster } from '../../../src/kubernetes/cluster.ts';
import type { Deployment } from '../../../src/kubernetes/objects.ts';
import { type Swept, sweep } from '../../../src/kubernetes/sweep.ts';
import { templateOf, versionOf } from '../../../src/kubernetes/template.ts';
import { type KubernetesWorkloads, kubernetesWorkloads } from '../../../src/kubernetes/workloads.ts';
import { samplePlan, sampleRelease } from '../../../src/rollout/release.test-support.ts';
import type { Release } from '../../../src/rollout/release.ts';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Room } from '../../support/room.ts';
import { until } from '../../support/until.ts';
import { accessFor, kubeconfigOf } from '../client/kubeconfig.ts';
import type { KubeObject } from '../client/objects.ts';
import type { Cluster } from './cluster.ts';
import { untilRolledOut } from './workloads.ts';

export const ARTIFACT = 'shop.web';
const quiet = () => undefined;
const log = { info: quiet, warn: quiet, error: quiet };

export interface Stand {
  client: KubeClient;
  known: StartedCluster;
  store: Store;
  /** What the routes say, in the hands of the test: their adapter has its own. */
  clearance: Clearance;
  plan: KubernetesPlan;
  workloads(client?: KubeClient): KubernetesWorkloads;
  sweep(order: { baseline: string; ended?: string; gate?: 'policy' | 'paused' }, client?: KubeClient): Promise<Swept>;
  own(): Promise<Deployment>;
  untilReady(release: Release, of?: KubernetesWorkloads): Promise<void>;
  untilClean(order: Parameters<Stand['sweep']>[0]): Promise<void>;
}

export async function openStand(room: Room, cluster: Cluster): Promise<Stand> {
  const { namespace } = cluster;
  const client = await clientWithRights(room, cluster);
  const store = await openSqliteStore({ folder: room.folder(), clock: systemClock });
  room.atEnd(() => store.close());
  const ending = new AbortController();
  const time = { clock: systemClock, random: Math.random };
  const known = startCluster({ client, namespace, signal: ending.signal, ...time });
  room.atEnd(() => known.ended);
  room.atEnd(() => ending.abort());
  await known.synced;
  const plan: KubernetesPlan = {
    namespace,
    workload: { managed: { deployment: 'web' } },
    routes: [],
    revertTemplate: true,
    promotionTimeoutMs: 60_000,
    drainMs: 500,
  };
  const stand: Stand = {
    client,
    known,
    store,
    plan,
    clearance: { isClear: true, sinceMs: 0, why: 'weight 0' },
    workloads: (through = client) =>
      kubernetesWorkloads({
        client: through,
        store,
        clock: systemClock,
        log,
        cluster: known,
        attach: async () => ({ isAttached: true, why: 'attached' }),
        isRouteClear: async () => stand.clearance,
      }),
    sweep: (order, through = client) =>
      sweep(
        { pipeline: 'web', artifact: ARTIFACT, plan, gate: 'policy', ...order },
        {
          client: through,
          store,
          clock: systemClock,
          log,
          cluster: known,
          isRouteClear: async () => stand.clearance,
          whyNotDeleted: async () => undefined,
          detach: async () => ({ isDetached: true, why: 'detached' }),
        },
      ),
    own: async () => (await cluster.get('apps/v1', 'deployments/web')) as unknown as Deployment,
    untilReady: (release, of = stand.workloads()) =>
      untilFound(
        'the candidate is ready',
        () => of.prepare(release),
        ({ isReady }) => isReady,
      ),
    untilClean: order =>
      untilFound(
        'nothing is left',
        () => stand.sweep(order),
        ({ isClean }) => isClean,
      ),
  };
  return stand;
}

/** Pass by pass; says the last finding when it never comes. */
export async function untilFound<T>(
  what: string,
  pass: () => Promise<T>,
  isThere: (found: T) => boolean,
): Promise<void> {
  let last: T | undefined;
  const look = async () => {
    last = await pass();
    return isThere(last);
  };
  await until(what, look, { withinMs: 60_000, everyMs: 50, instead: () => last });
}

/** All that a release needs in its namespace beside its routes: what the chart has to grant, and no more. */
export const RULES = [
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['services'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  {
    apiGroups: ['networking.k8s.io', 'policy', 'monitoring.coreos.com'],
    resources: ['networkpolicies', 'poddisruptionbudgets', 'podmonitors'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list', 'watch', 'patch'] },
];

async function clientWithRights(room: Room, cluster: Cluster): Promise<KubeClient> {
  const { namespace, api } = cluster;
  const metadata = { name: 'spillway', namespace };
  const rbac = 'rbac.authorization.k8s.io';
  await cluster.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules: RULES },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'spillway' },
      subjects: [{ kind: 'ServiceAccount', name: 'spillway', namespace }],
    },
  );
  const file = join(room.folder(), 'kubeconfig');
  writeFileSync(file, kubeconfigOf(await accessFor(api, metadata), 'spillway'));
  const client = kubeClient(accessOfKubeconfig([file]));
  room.atEnd(() => client.close());
  return client;
}

/** What serves, rolled out and stored. @returns its version */
export async function baseline(stand: Stand, cluster: Cluster, objects: readonly KubeObject[]): Promise<string> {
  await cluster.apply(...objects);
  await untilRolledOut(cluster, 'web');
  return keep(stand, await stand.own());
}

/** Changes the template as the gate lets it be changed: paused and marked in the same write. @returns the version */
export async function holdTemplate(stand: Stand, cluster: Cluster, podSpec: object): Promise<string> {
  const annotations = { 'spillway.dev/held': 'true' };
  const spec = { paused: true, template: { spec: podSpec } };
  const path = `/apis/apps/v1/namespaces/${cluster.namespace}/deployments/web`;
  await cluster.api.patch(path, 'strategic', { metadata: { annotations }, spec });
  return keep(stand, await stand.own());
}

async function keep({ store, known }: Stand, own: Deployment): Promise<string> {
  const version = versionOf(own);
  const row = { artifact: ARTIFACT, version, spec: templateOf(own), createdAt: 1, createdBy: 'test', heldBy: null };
  await store.putVersion(row);
  const { namespace = '', name, generation = 0 } = own.metadata;
  await until(
    'the change is known',
    () => (known.deployments.get(namespace, name)?.metadata.generation ?? 0) >= generation,
  );
  return version;
}

export function releaseOf(stand: Stand, change: Partial<Release>): Release {
  const plan: Plan = { ...samplePlan(), name: 'web', target: { kubernetes: stand.plan } };
  return sampleRelease({ plan, artifact: ARTIFACT, pipeline: 'web', phase: 'rollingOut', stageIndex: 0, ...change });
}

/** Writes are counted. */
export function counting(client: KubeClient): { client: KubeClient; calls: string[] } {
  const calls: string[] = [];
  const counted = <A extends unknown[], R>(verb: string, call: (path: string, ...rest: A) => R) => {
    return (path: string, ...rest: A) => {
      calls.push(`${verb} ${path}`);
      return call(path, ...rest);
    };
  };
  const { get, list, patch, merge, apply, create, remove } = client;
  return {
    calls,
    client: {
      ...client,
      get: counted('get', get) as KubeClient['get'],
      list: counted('list', list) as KubeClient['list'],
      patch: counted('patch', patch) as KubeClient['patch'],
      merge: counted('merge', merge) as KubeClient['merge'],
      apply: counted('apply', apply) as KubeClient['apply'],
      create: counted('create', create) as KubeClient['create'],
      remove: counted('remove', remove),
    },
  };
}

/** Carries one write out, and is dead before its caller hears of it. */
export function dyingAfterOneWrite(client: KubeClient): KubeClient {
  let isDead = false;
  const last = async (write: () => Promise<unknown>): Promise<never> => {
    if (!isDead) {
      isDead = true;
      await write();
    }
    throw new Error('killed');
  };
  const alive = async <T>(read: () => Promise<T>): Promise<T> => {
    if (isDead) throw new Error('killed');
    return read();
  };
  return {
    ...client,
    get: path => alive(() => client.get(path)),
    list: path => alive(() => client.list(path)),
    patch: (...call) => last(() => client.patch(...call)),
    merge: (...call) => last(() => client.merge(...call)),
    apply: (...call) => last(() => client.apply(...call)),
    create: (...call) => last(() => client.create(...call)),
    remove: (...call) => last(() => client.remove(...call)),
  };
}
