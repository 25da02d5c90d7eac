/** The gate, installed in the cluster of a test for a controller of its own, and taken out at its end. */
import { BREAK_GLASS, GATE_LABEL, gatePolicies, HELD } from '../../../src/kubernetes/gate-policy.ts';
import type { Room } from '../../support/room.ts';
import { until } from '../../support/until.ts';
import { type KubeObject, pathOf } from '../client/objects.ts';
import { usernameOf } from './accounts.ts';
import type { Cluster } from './cluster.ts';
import { workload } from './workloads.ts';

/** Returns when both rules are in force, which the API server takes a moment for. */
export async function installGate(room: Room, cluster: Cluster, controller: string): Promise<void> {
  const { api, namespace } = cluster;
  const objects = gatePolicies(usernameOf(namespace, controller)) as KubeObject[];
  room.atEnd(() => Promise.all(objects.map(object => api.call('DELETE', pathOf(object)))));
  await cluster.apply(...objects);
  const [probe] = workload(namespace, { name: 'probe', version: 'v1', replicas: 0, labels: { [GATE_LABEL]: 'probe' } });
  await cluster.apply(probe!);
  const path = pathOf(probe!);
  const dryRun = (change: object) => api.patch(`${path}?dryRun=All`, 'merge', change);
  await until('changed templates are held', async () => {
    const labels = { app: 'probe', changed: 'yes' };
    return (await dryRun({ spec: { template: { metadata: { labels } } } }))['spec'].paused === true;
  });
  await api.patch(path, 'merge', { metadata: { annotations: { [HELD]: 'true' } }, spec: { paused: true } });
  await until('held templates stay held', () =>
    dryRun({ spec: { paused: false } }).then(
      () => false,
      () => true,
    ),
  );
  const letGo = { metadata: { annotations: { [BREAK_GLASS]: 'the probe ends' } }, spec: { paused: false } };
  await api.patch(path, 'merge', letGo);
  await api.call('DELETE', path);
}
