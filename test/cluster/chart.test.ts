/** What the chart renders, and what values it takes, by a real API server's judgement; what becomes of it is beside this file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { gatePolicies } from '../../src/kubernetes/gate-policy.ts';
import { RIGHTS } from '../../src/kubernetes/rights.ts';
import { openRoom, type Room } from '../support/room.ts';
import type { KubeObject } from './client/objects.ts';
import { usernameOf } from './support/accounts.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { type Helm, openHelm, type Settings } from './support/helm.ts';

const SERVER = 'cicd-pipeline';

let room: Room;
let cluster: Cluster;
let helm: Helm;
beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  helm = openHelm(cluster);
});
afterAll(() => room.end());

const rendered = async (settings?: Settings) =>
  parseAllDocuments(await helm.chart(['template', 'spillway'], settings))
    .map(document => document.toJS() as KubeObject | null)
    .filter(object => object !== null);
const kinds = (objects: readonly KubeObject[]) => objects.map(({ kind }) => kind);
const find = (objects: readonly KubeObject[], kind: string) => objects.find(object => object.kind === kind)!;

describe('what it renders', () => {
  test('passes helm lint', async () => {
    expect(await helm.chart(['lint', '--strict'])).toContain('0 chart(s) failed');
  });

  test.each<[string, Settings]>([
    ['the defaults', {}],
    ['several replicas on PostgreSQL', { replicas: 3, 'database.secret': 'database' }],
    ['prompts alone', { 'kubernetes.enabled': false }],
    ['no gate', { 'gate.enabled': false }],
    ['claims, keys and limits', { 'cache.claim': true, 'env[0].name': 'OPENAI_API_KEY', 'env[0].value': 'x' }],
    [
      'peers of its network',
      { 'networkPolicy.from[0].podSelector.matchLabels.app': 'shop', 'networkPolicy.egressPorts': '{443}' },
    ],
    [
      'an image and a token of their own',
      { 'image.tag': 'v1', 'image.pullSecrets': '{registry}', 'token.secret': 'mine' },
    ],
  ])('is valid with %s', async (_name, settings) => {
    const file = join(room.folder(), 'rendered.yaml');
    writeFileSync(file, await helm.chart(['template', 'spillway'], settings));
    const said = await cluster.kubectl('apply', '--server-side', '--dry-run=server', '-f', file);
    expect(said.trim().split('\n')).toHaveLength((await rendered(settings)).length);
  });

  test.each<[string, Settings, RegExp]>([
    ['several replicas without a database', { replicas: 2 }, /\/cicdPipeline\/database\/secret/],
    ['a misspelt value', { relicas: 2 }, /'relicas' not allowed/],
    ['a wrong kind', { 'kubernetes.enabled': 'maybe' }, /\/cicdPipeline\/kubernetes\/enabled/],
  ])('is refused with %s', async (_name, settings, why) => {
    await expect(helm.chart(['template', 'spillway'], settings)).rejects.toThrow(why);
  });

  test('replaces one replica with SQLite at once, and those with PostgreSQL one by one', async () => {
    expect(find(await rendered(), 'Deployment')['spec'].strategy).toEqual({ type: 'Recreate' });
    const several = await rendered({ replicas: 2, 'database.secret': 'database' });
    expect(find(several, 'Deployment')['spec'].strategy.rollingUpdate).toMatchObject({ maxUnavailable: 0 });
    expect(kinds(several)).not.toContain('PersistentVolumeClaim');
  });

  test('has the gate as the module says, for the account of its server', async () => {
    const policies = (await rendered()).filter(({ apiVersion }) => apiVersion?.startsWith('admissionregistration'));
    const wanted = gatePolicies(usernameOf(cluster.namespace, SERVER));
    const byName = (objects: readonly unknown[]) => objects.map(object => JSON.stringify(object)).toSorted();
    expect(byName(policies)).toEqual(byName(wanted));
  });

  test('leaves the gate out before Kubernetes 1.36, and with prompts alone the rights too', async () => {
    const older = await helm.chart(['template', 'spillway', '--kube-version', '1.35.4']);
    expect(older).not.toContain('AdmissionPolicy\n');
    expect(kinds(await rendered({ 'kubernetes.enabled': false }))).toEqual(
      expect.not.arrayContaining(['ClusterRole', 'MutatingAdmissionPolicy', 'Job']),
    );
  });

  test('has the sizes that it promises', async () => {
    const { template } = find(await rendered(), 'Deployment')['spec'];
    expect(template.spec.containers[0].resources).toEqual({
      requests: { cpu: '200m', memory: '512Mi' },
      limits: { cpu: '1000m', memory: '1Gi' },
    });
    expect(template.spec.volumes).toContainEqual({ name: 'cache', emptyDir: { sizeLimit: '1Gi' } });
  });
});

test('the list of rights in the chart is the one of the module', async () => {
  const { rules } = find(await rendered(), 'ClusterRole') as KubeObject & { rules: object[] };
  expect(rules).toEqual(RIGHTS.map(({ why: _, ...rule }) => rule));
});
