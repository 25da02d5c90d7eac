/** What every object of the API has, and where it lives. Only the kinds that the test cluster meets are known here. */

export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: Metadata;
  // biome-ignore lint/suspicious/noExplicitAny: objects are looked into field by field
  [field: string]: any;
}

export interface KubeList<T = KubeObject> {
  metadata: { resourceVersion: string };
  items: T[];
}

const WITHOUT_NAMESPACE = new Set([
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'GatewayClass',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'Namespace',
  'Node',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
]);

export interface Reference {
  apiVersion?: string;
  kind?: string;
  metadata: { name: string; namespace?: string };
}

/** `/apis/apps/v1/namespaces/shop/deployments/web` */
export function pathOf({ apiVersion = 'v1', kind = '', metadata }: Reference): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = WITHOUT_NAMESPACE.has(kind) ? '' : `/namespaces/${metadata.namespace ?? 'default'}`;
  return `${root}${within}/${pluralOf(kind)}/${metadata.name}`;
}

function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (/(s|x|ch)$/.test(name)) return name === 'endpoints' ? name : `${name}es`;
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}
