/** The rights that the chart gives the server, for an account of a test: the suite runs under them, never as administrator. */
import { RIGHTS } from '../../../src/kubernetes/rights.ts';
import type { KubeObject } from '../client/objects.ts';

const rbac = 'rbac.authorization.k8s.io';

export function rightsOfChart(namespace: string, account: string): KubeObject[] {
  const name = `${namespace}-${account}`;
  const rules = RIGHTS.map(({ why: _, ...rule }) => rule);
  return [
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    },
  ];
}
