/** The plane as such: what is there, who may do what, and that it ends with its command. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import { KUBERNETES } from './build/tools.ts';
import { openApi } from './client/api.ts';
import { accessFor, kubeconfigOf } from './client/kubeconfig.ts';
import { GATEWAY_NAME, GATEWAY_NAMESPACE, NODE } from './plane/addresses.ts';
import { type Cluster, openCluster } from './support/cluster.ts';

let room: Room;
let cluster: Cluster;
beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
});
afterAll(() => room.end());

const conditionsOf = (object: { [field: string]: unknown }) =>
  Object.fromEntries(
    (object['status'] as { conditions: { type: string; status: string }[] }).conditions.map(({ type, status }) => [
      type,
      status,
    ]),
  );

test('the apiserver is the version that was asked for', async () => {
  expect(await cluster.api.call('GET', '/version')).toMatchObject({ gitVersion: KUBERNETES });
});

test('its node is ready and its gateway is programmed', async () => {
  const node = await cluster.api.call('GET', `/api/v1/nodes/${NODE}`);
  expect(conditionsOf(node)).toMatchObject({ Ready: 'True' });
  const gateways = `/apis/gateway.networking.k8s.io/v1/namespaces/${GATEWAY_NAMESPACE}/gateways`;
  expect(conditionsOf(await cluster.api.call('GET', `${gateways}/${GATEWAY_NAME}`))).toMatchObject({
    Accepted: 'True',
    Programmed: 'True',
  });
});

test('a service account may do what it was given, and nothing else', async () => {
  const { namespace } = cluster;
  const metadata = { name: 'reader', namespace };
  const rbac = 'rbac.authorization.k8s.io';
  await cluster.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  );
  const access = await accessFor(cluster.api, metadata);
  const reader = openApi(access);
  room.atEnd(() => reader.close());
  await expect(reader.call('GET', `/api/v1/namespaces/${namespace}/configmaps`)).resolves.toMatchObject({
    kind: 'ConfigMapList',
  });
  await expect(reader.call('GET', `/api/v1/namespaces/${namespace}/secrets`)).rejects.toMatchObject({ status: 403 });

  const kubeconfig = join(room.folder(), 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(access, 'reader'));
  expect(await cluster.kubectl('--kubeconfig', kubeconfig, 'get', 'configmaps')).toContain('kube-root-ca.crt');
});

test('helm, as built here, speaks with it', async () => {
  const { stdout } = await promisify(execFile)('helm', ['list', '--all-namespaces', '--output', 'json']);
  expect(JSON.parse(stdout)).toEqual([]);
});

test('a second cluster comes up beside this one, is another one, and ends with its command and its exit status', async () => {
  const up = join(import.meta.dirname, 'up.ts');
  const ask = 'kubectl get namespace kube-system -o jsonpath={.metadata.uid}; exit 7';
  const ended = promisify(execFile)(process.execPath, [up, 'sh', '-c', ask], { timeout: 110_000 });
  const { code, stdout, stderr } = await ended.catch(failure => failure);
  expect(code, stderr).toBe(7);
  const own = await cluster.api.call('GET', '/api/v1/namespaces/kube-system');
  expect(stdout).toMatch(/^[0-9a-f-]{36}$/);
  expect(stdout).not.toBe(own.metadata.uid);
});

test('a cluster whose starter is killed leaves nothing running', async () => {
  const up = join(import.meta.dirname, 'up.ts');
  const command = ['sh', '-c', 'echo $SPILLWAY_CLUSTER; exec sleep 1000'];
  const starter = spawn(process.execPath, [up, ...command], { stdio: ['ignore', 'pipe', 'ignore'] });
  room.atEnd(() => starter.kill('SIGKILL'));
  const [line] = (await once(starter.stdout, 'data')) as [Buffer];
  const folder = line.toString().trim();
  room.atEnd(() => rmSync(folder, { recursive: true, force: true }));
  expect(programsOf(folder)).toContain('kube-apiserver');
  starter.kill('SIGKILL');
  await until('everything has ended', () => programsOf(folder).length === 0, { instead: () => programsOf(folder) });
});

/** Names of the processes whose command line or environment speaks of the folder. */
function programsOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        const of = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
        return of.includes(folder) ? [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()] : [];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}
