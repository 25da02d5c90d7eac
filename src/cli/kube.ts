/**
 * Where `--kube` leads: the cluster of the kubeconfig, or the one that this process runs in. The only place that looks for
 * either.
 */
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { readEnvironment } from '../config/environment.ts';
import { type Access, accessOfKubeconfig, accessOfPod, namespaceOfKubeconfig, namespaceOfPod } from '../kube/access.ts';

export interface KubeWhere {
  /** Of the kubeconfig; its current one by default. */
  context?: string;
  /** That of the context by default, else `default`. */
  namespace?: string;
}

export interface KubeAccess {
  access: Access;
  namespace: string;
}

/** A kubeconfig that is named comes first, then the pod, then the kubeconfig at home. @throws SpillwayError as access.ts */
export function kubeAccess({ context, namespace }: KubeWhere): KubeAccess {
  const { variable } = readEnvironment();
  const named = variable('KUBECONFIG')?.split(delimiter).find(Boolean);
  const pod = named === undefined ? accessOfPod({ ...podVariables(variable) }) : undefined;
  if (pod) return { access: pod, namespace: namespace ?? namespaceOfPod() };
  const file = named ?? join(homedir(), '.kube/config');
  const access = accessOfKubeconfig(file, context);
  return { access, namespace: namespace ?? namespaceOfKubeconfig(file, context) };
}

function podVariables(variable: (name: string) => string | undefined) {
  const names = ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'];
  return Object.fromEntries(names.map(name => [name, variable(name)]));
}
