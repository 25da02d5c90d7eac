/**
 * The apiserver itself can hold back a new image: a MutatingAdmissionPolicy pauses a labelled Deployment in the same write that
 * changes its template, so that no candidate ever starts before somebody has decided that it may.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoom, type Room } from '../support/room.ts';
import { until } from '../support/until.ts';
import { type Cluster, openCluster } from './support/cluster.ts';
import { untilRolledOut, workload } from './support/workloads.ts';

let room: Room;
let cluster: Cluster;
const GROUP = 'admissionregistration.k8s.io/v1';

beforeAll(async () => {
  room = openRoom();
  cluster = await openCluster(room);
  const { namespace } = cluster;
  const metadata = { name: namespace };
  const policy = {
    failurePolicy: 'Fail',
    reinvocationPolicy: 'Never',
    matchConstraints: {
      objectSelector: { matchLabels: { gated: namespace } },
      resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['UPDATE'] }],
    },
    matchConditions: [{ name: 'new-template', expression: 'object.spec.template != oldObject.spec.template' }],
    mutations: [
      {
        patchType: 'ApplyConfiguration',
        applyConfiguration: { expression: 'Object{spec: Object.spec{paused: true}}' },
      },
    ],
  };
  await cluster.apply(
    { apiVersion: GROUP, kind: 'MutatingAdmissionPolicy', metadata, spec: policy },
    { apiVersion: GROUP, kind: 'MutatingAdmissionPolicyBinding', metadata, spec: { policyName: namespace } },
  );
  for (const resource of ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'])
    room.atEnd(() => cluster.api.call('DELETE', `/apis/${GROUP}/${resource}/${namespace}`));
});
afterAll(() => room.end());

test('an image change lands together with the pause, starts nothing, and rolls out when resumed', async () => {
  const { namespace, kubectl } = cluster;
  const replicaSets = () => cluster.list('apps/v1', 'replicasets');
  const gated = (version: string, replicas: number) =>
    workload(namespace, { name: 'web', version, replicas, labels: { gated: namespace } });
  await cluster.apply(...gated('v1', 2));
  await untilRolledOut(cluster, 'web');

  // The apiserver takes a moment to know a new policy; a dry run shows when it does.
  const template = (version: string) => ({ spec: { containers: [{ name: 'app', image: `app:${version}` }] } });
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`;
  await until('the policy is in force', async () => {
    const probe = await cluster.api.patch(`${path}?dryRun=All`, 'strategic', { spec: { template: template('dry') } });
    return probe['spec'].paused === true;
  });
  const changed = await cluster.api.patch(path, 'strategic', { spec: { template: template('v2') } });
  expect(changed['spec']).toMatchObject({ paused: true, template: { spec: { containers: [{ image: 'app:v2' }] } } });

  await kubectl('scale', 'deployment/web', '--replicas=3');
  await until(
    'scaling goes on',
    async () => (await cluster.get('apps/v1', 'deployments/web'))['status'].readyReplicas === 3,
  );
  expect(await replicaSets()).toHaveLength(1);
  for (const { spec } of await cluster.list('v1', 'pods')) expect(spec.containers[0].image).toBe('app:v1');

  await kubectl('rollout', 'resume', 'deployment/web');
  await untilRolledOut(cluster, 'web');
  expect(await replicaSets()).toHaveLength(2);
});
