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

/** Kubeconfigs that are named come first, then the pod, then the kubeconfig at home. @throws SpillwayError as access.ts */
export function kubeAccess({ context, namespace }: KubeWhere): KubeAccess {
  const { variable, forPrograms } = readEnvironment();
  const named = variable('KUBECONFIG')?.split(delimiter).filter(Boolean) ?? [];
  const pod = named.length === 0 ? accessOfPod({ ...podVariables(variable) }) : undefined;
  if (pod) return { access: pod, namespace: namespace ?? namespaceOfPod() };
  const files = named.length > 0 ? named : [join(homedir(), '.kube/config')];
  const access = accessOfKubeconfig(files, { context, environment: forPrograms() });
  return { access, namespace: namespace ?? namespaceOfKubeconfig(files, context) };
}

function podVariables(variable: (name: string) => string | undefined) {
  const names = ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'];
  return Object.fromEntries(names.map(name => [name, variable(name)]));
}
