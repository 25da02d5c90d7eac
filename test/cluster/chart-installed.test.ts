/**
 * The chart installed, upgraded and uninstalled on a real cluster: its server runs under Pod Security `restricted` with no more
 * rights than the list says, an upgrade keeps it answering, and it is not uninstalled while it holds something.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BREAK_GLASS, GATE_LABEL, HELD } from '../../src/kubernetes/gate-policy.ts';
import type { PipelineStatus } from '../../src/kubernetes/resource-status.ts';
import { FINALIZER } from '../../src/kubernetes/resources.ts';
import { RIGHTS } from '../../src/kubernetes/rights.ts';
import { hasPostgres, type PostgresServer, startPostgres } from '../../src/store/postgres-server.test-support.ts';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import { openApi } from './client/api.ts';
import { accessFor } from './client/kubeconfig.ts';
import { type KubeObject, pathOf } from './client/objects.ts';
import { usernameOf } from './support/accounts.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { CHART, type Helm, openHelm, type Settings } from './support/helm.ts';
import { untilRolledOut, workload } from './support/workloads.ts';

const SERVER = 'cicd-pipeline';
const ON_NO_VOLUME: Settings = { 'data.claim': false };

let room: Room;
let cluster: Cluster;
let helm: Helm;
beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  helm = openHelm(cluster);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await cluster.api.patch(`/api/v1/namespaces/${cluster.namespace}`, 'merge', { metadata: { labels } });
});
afterAll(() => room.end());

async function pods(): Promise<KubeObject[]> {
  const all = await cluster.list('v1', 'pods');
  return all.filter(({ metadata }) => metadata.labels?.['app'] === SERVER && !metadata.deletionTimestamp);
}
async function tokenOf(): Promise<string> {
  const { data } = (await cluster.get('v1', 'secrets/cicd-pipeline-token')) as KubeObject & { data: { token: string } };
  return Buffer.from(data.token, 'base64').toString();
}
async function statusOf(podIP: string, path: string, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { statusCode, body } = await request(`http://${podIP}:8085${path}`, { headers });
  await body.dump();
  return statusCode;
}

describe('installed', () => {
  let podIP: string;
  beforeAll(async () => {
    await helm.chart(['install', 'spillway', '--wait', '--timeout', '60s'], ON_NO_VOLUME);
    const [pod] = await pods();
    podIP = pod!['status'].podIP;
  });

  test('serves on 8085 behind Service cicd-pipeline, asks for its token, in a namespace that is restricted', async () => {
    const { spec } = await cluster.get('v1', `services/${SERVER}`);
    expect(spec).toMatchObject({ selector: { app: SERVER }, ports: [{ port: 8085 }] });
    expect(await statusOf(podIP, '/readyz')).toBe(200);
    expect(await statusOf(podIP, '/api/v1/releases')).toBe(401);
    expect(await statusOf(podIP, '/api/v1/releases', await tokenOf())).toBe(200);
  });

  test('brings the resources, whose definitions are upgraded by the command of the reference', async () => {
    for (const name of ['pipelines', 'releases']) {
      // They may have been there before, from another test; but not in Helm's name.
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}.spillway.dev`;
      const { metadata } = await cluster.api.call('GET', path);
      expect(metadata).toMatchObject({
        managedFields: expect.arrayContaining([expect.objectContaining({ manager: 'helm' })]),
      });
    }
    const folder = room.folder();
    const newer = readFileSync(join(CHART, 'crds/pipelines.yaml'), 'utf8').replace(
      'What is wanted.',
      'What is wanted now.',
    );
    writeFileSync(join(folder, 'pipelines.yaml'), newer);
    const page = readFileSync(join(CHART, '../docs/reference/chart.md'), 'utf8');
    const [, flags = ''] = /`kubectl apply (--server-side.*) -f chart\/crds`/.exec(page) ?? [];
    await cluster.kubectl('apply', ...flags.split(' '), '-f', folder);
    await until('it is explained anew', async () =>
      (await cluster.kubectl('explain', 'pipelines.spillway.dev.spec')).includes('What is wanted now.'),
    );
  });

  test('looks after pipelines, wherever they are', async () => {
    const metadata = { name: 'anywhere', namespace: `${cluster.namespace}-other` };
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: metadata.namespace } });
    room.atEnd(() => cluster.api.call('DELETE', `/api/v1/namespaces/${metadata.namespace}`));
    const pipeline = { apiVersion: 'spillway.dev/v1alpha1', kind: 'Pipeline', metadata };
    await cluster.apply({ ...pipeline, spec: { target: { prompt: { file: 'p.yaml' } } } });
    await until('it has a condition', async () => {
      const { status } = (await cluster.api.call('GET', pathOf(pipeline))) as KubeObject & { status?: PipelineStatus };
      return status?.conditions?.some(({ type }) => type === 'Ready');
    });
  });

  test('holds the Deployments in the gate, for all but its own account', async () => {
    const [web] = workload(cluster.namespace, {
      name: 'web',
      version: 'v1',
      replicas: 0,
      labels: { [GATE_LABEL]: 'web' },
    });
    const account = openApi(await accessFor(cluster.api, { namespace: cluster.namespace, name: SERVER }));
    room.atEnd(() => account.close());
    await cluster.apply(web!);
    const change = { spec: { template: { metadata: { annotations: { changed: 'yes' } } } } };
    const dryRun = `${pathOf(web!)}?dryRun=All`;
    await until('it is held', async () => (await cluster.api.patch(dryRun, 'merge', change))['spec'].paused === true);
    expect((await account.patch(dryRun, 'merge', change))['spec'].paused).toBeUndefined();
  });

  interface Question {
    group: string;
    resource: string;
    verb: string;
  }
  async function may({ group, resource: whole, verb }: Question): Promise<boolean> {
    const [resource, subresource] = whole.split('/');
    const attributes = { group, resource, verb, namespace: 'anywhere', ...(subresource ? { subresource } : {}) };
    const answer = await cluster.api.call<KubeObject & { status: { allowed: boolean } }>(
      'POST',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      { spec: { user: usernameOf(cluster.namespace, SERVER), resourceAttributes: attributes } },
    );
    return answer.status.allowed;
  }
  const listed = RIGHTS.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap(group => resources.flatMap(resource => verbs.map(verb => ({ group, resource, verb })))),
  );
  const asText = ({ group, resource, verb }: Question) => `${verb} ${resource}.${group}`;

  test('has every right of the list', async () => {
    const answers = await Promise.all(listed.map(async right => ((await may(right)) ? [] : [asText(right)])));
    expect(answers.flat()).toEqual([]);
  });

  test('has no others on what it touches, and none on what it must not', async () => {
    const allowed = new Set(listed.map(asText));
    const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
    const touched = [...new Set(listed.map(({ group, resource }) => JSON.stringify({ group, resource })))].map(one =>
      JSON.parse(one),
    );
    const others = [
      { group: '', resource: 'secrets' },
      { group: '', resource: 'serviceaccounts' },
      { group: '', resource: 'pods/exec' },
      { group: '', resource: 'nodes' },
      { group: 'apps', resource: 'statefulsets' },
      { group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
      { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' },
    ];
    const questions: Question[] = [...touched, ...others].flatMap(what => verbs.map(verb => ({ ...what, verb })));
    const asked = questions.filter(question => !allowed.has(asText(question)));
    const answers = await Promise.all(asked.map(async right => ((await may(right)) ? [asText(right)] : [])));
    expect(answers.flat()).toEqual([]);
  });

  test('keeps its token when it is upgraded', async () => {
    const [before, token] = [await pods(), await tokenOf()];
    const settings = { ...ON_NO_VOLUME, 'podAnnotations.turn': 'two' };
    await helm.chart(['upgrade', 'spillway', '--wait', '--timeout', '60s'], settings);
    const after = await pods();
    expect(after).toHaveLength(1);
    expect(after[0]!.metadata.uid).not.toBe(before[0]!.metadata.uid);
    expect(await tokenOf()).toBe(token);
    expect(await statusOf(after[0]!['status'].podIP, '/api/v1/releases', token)).toBe(200);
  });

  test('is not uninstalled while a release is under way', async () => {
    // Without its server nobody takes the mark of a release away again.
    await cluster.kubectl('scale', `deployment/${SERVER}`, '--replicas=0');
    await untilRolledOut(cluster, SERVER);
    const busy: KubeObject = {
      apiVersion: 'spillway.dev/v1alpha1',
      kind: 'Pipeline',
      metadata: { name: 'busy', namespace: cluster.namespace, finalizers: [FINALIZER] },
      spec: { target: { prompt: { file: 'p.yaml' } } },
    };
    await cluster.apply(busy);
    const failure = await helm.run('uninstall', 'spillway', '--timeout', '60s').catch((error: unknown) => error);
    const { stdout, stderr } = failure as { stdout: string; stderr: string };
    expect(stdout + stderr).toContain(`Releases are under way for ${cluster.namespace}/busy`);
    await cluster.api.patch(pathOf(busy), 'merge', { metadata: { finalizers: null } });
    await cluster.api.call('DELETE', pathOf(busy));
    await cluster.kubectl('scale', `deployment/${SERVER}`, '--replicas=1');
    await untilRolledOut(cluster, SERVER);
  });

  test('is not uninstalled while a Deployment is held, and says which; then leaves nothing but the resources', async () => {
    const path = `/apis/apps/v1/namespaces/${cluster.namespace}/deployments/web`;
    const held = await cluster.api.patch(path, 'merge', {
      spec: { template: { metadata: { annotations: { changed: 'yes' } } } },
    });
    expect(held.metadata.annotations).toMatchObject({ [HELD]: 'true' });
    const failure = await helm.run('uninstall', 'spillway', '--timeout', '60s').catch((error: unknown) => error);
    const { stdout, stderr } = failure as { stdout: string; stderr: string };
    expect(stdout + stderr).toContain(`Spillway holds ${cluster.namespace}/web`);
    await untilRolledOut(cluster, SERVER);
    await expect(cluster.kubectl('rollout', 'resume', 'deployment/web')).rejects.toThrow('must stay paused');

    const letGo = { metadata: { annotations: { [BREAK_GLASS]: 'the chart goes' } }, spec: { paused: false } };
    await cluster.api.patch(path, 'merge', letGo);
    await helm.run('uninstall', 'spillway', '--wait', '--timeout', '60s');
    const left = await cluster.kubectl(
      'get',
      'deployments,services,secrets,jobs,networkpolicies,clusterroles,clusterrolebindings,mutatingadmissionpolicies,validatingadmissionpolicies,mutatingadmissionpolicybindings',
      '-l',
      'app.kubernetes.io/managed-by=Helm',
      '-o',
      'name',
    );
    expect(left).toBe('');
    expect(await cluster.kubectl('get', 'crd', 'pipelines.spillway.dev', '-o', 'name')).toContain(
      'pipelines.spillway.dev',
    );
  });
});

test('installed with nothing but what this cluster needs, keeps its data on a volume over pods and installations', async () => {
  await helm.chart(['install', 'spillway']);
  await untilRolledOut(cluster, SERVER);
  const name = async () => {
    const [pod] = await pods();
    const url = `http://${pod!['status'].podIP}:8085/api/v1/artifacts/greeting/versions`;
    const headers = { authorization: `Bearer ${await tokenOf()}`, 'content-type': 'application/json' };
    return { url, headers };
  };
  const spec = { messages: [{ role: 'system', content: 'Greet.' }] };
  const { url, headers } = await name();
  const made = await request(url, { method: 'POST', headers, body: JSON.stringify({ spec }) });
  expect(made.statusCode).toBe(201);
  const { version } = (await made.body.json()) as { version: string };

  await helm.run('uninstall', 'spillway', '--wait', '--timeout', '60s');
  expect((await cluster.get('v1', 'persistentvolumeclaims/cicd-pipeline-data')).metadata.name).toBe(
    'cicd-pipeline-data',
  );
  await helm.chart(['install', 'spillway']);
  await untilRolledOut(cluster, SERVER);
  const again = await name();
  const found = await request(again.url, { headers: again.headers });
  expect(JSON.stringify(await found.body.json())).toContain(version);
  await helm.run('uninstall', 'spillway', '--wait', '--timeout', '60s');
});

describe.runIf(hasPostgres())('with two replicas on PostgreSQL', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.start();
    const metadata = { name: 'database', namespace: cluster.namespace };
    await cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { url: postgres.address() } });
    const settings = { replicas: 2, 'database.secret': 'database' };
    await helm.chart(['install', 'spillway', '--wait', '--timeout', '60s'], settings);
  });
  afterAll(async () => {
    await helm.run('uninstall', 'spillway', '--wait', '--timeout', '60s');
    await postgres.end();
  });

  test('an upgrade never leaves fewer than two that are ready', async () => {
    const before = new Set((await pods()).map(({ metadata }) => metadata.uid));
    const ready: number[] = [];
    const stop = new AbortController();
    const watched = (async () => {
      for await (const { object } of cluster.api.watch(
        `/apis/apps/v1/namespaces/${cluster.namespace}/deployments?watch=1&fieldSelector=metadata.name=${SERVER}`,
        stop.signal,
      ))
        ready.push(object['status']?.availableReplicas ?? 0);
    })().catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    const settings = { replicas: 2, 'database.secret': 'database', 'podAnnotations.turn': 'two' };
    await helm.chart(['upgrade', 'spillway', '--wait', '--timeout', '90s'], settings);
    stop.abort();
    await watched;
    expect(ready.length).toBeGreaterThan(2);
    expect(Math.min(...ready)).toBeGreaterThanOrEqual(2);
    expect((await pods()).filter(({ metadata }) => before.has(metadata.uid))).toEqual([]);
  });
});
