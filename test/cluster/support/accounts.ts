/** Service accounts of a test's namespace, as whom it then speaks to the API server. */
import type { Room } from '../../support/room.ts';
import { until } from '../../support/until.ts';
import { type Api, openApi } from '../client/api.ts';
import { accessFor } from '../client/kubeconfig.ts';
import type { Cluster } from './cluster.ts';

export const usernameOf = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`;

/** An account that may change everything in the namespace, as a person of a team may. */
export async function openAccount(room: Room, cluster: Cluster, name: string): Promise<Api> {
  const { namespace, api } = cluster;
  const metadata = { name, namespace };
  await cluster.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  );
  const account = openApi(await accessFor(api, metadata));
  room.atEnd(() => account.close());
  await until(`${name} may look`, () => account.call('GET', `/apis/apps/v1/namespaces/${namespace}/deployments`));
  return account;
}
