/**
 * The programs of the test cluster and their exact versions. Each Go program is a `tool` of the go.mod in the folder named
 * here, whose go.sum holds the sums: a version changes there, and here the words that name it. Order is the order of building.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const KUBERNETES = 'v1.36.3';
export const GATEWAY_API = 'v1.3.0';

export type Name =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'traefik'
  | 'helm'
  | 'gateway-api.json'
  | 'gateway-api-named-rules.json'
  | 'prometheus';

export interface Tool {
  name: Name;
  version: string;
  how: 'go build' | 'custom resource definitions' | 'debian package';
  /** Folder beside this file that holds go.mod and go.sum. */
  module?: string;
  package?: string;
  /** Set at link time: the programs do not know their version otherwise. */
  variables?: Readonly<Record<string, string>>;
  /** Of definitions: which of the two channels, and whose; all of it by default. */
  channel?: 'standard' | 'experimental';
  plurals?: readonly string[];
  /** A like one on the machine serves as well: it is not what is under test. */
  mayBeOnPath?: boolean;
  /** envtest's folder of binaries has it under the same name. */
  isAsset?: boolean;
}

const kubernetesVersion = Object.fromEntries(
  ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap(package_ => [
    [`${package_}.gitVersion`, KUBERNETES],
    [`${package_}.gitMajor`, '1'],
    [`${package_}.gitMinor`, '36'],
    [`${package_}.gitTreeState`, 'clean'],
  ]),
);

function kubernetes(name: Name, more: Partial<Tool> = {}): Tool {
  return {
    name,
    version: KUBERNETES,
    how: 'go build',
    module: 'kubernetes',
    package: `k8s.io/kubernetes/cmd/${name}`,
    variables: kubernetesVersion,
    ...more,
  };
}

export const TOOLS: readonly Tool[] = [
  { name: 'prometheus', version: 'of Debian', how: 'debian package', mayBeOnPath: true },
  {
    name: 'etcd',
    version: 'v3.6.16',
    how: 'go build',
    module: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    isAsset: true,
  },
  kubernetes('kube-apiserver', { isAsset: true }),
  kubernetes('kube-controller-manager'),
  kubernetes('kubectl', { isAsset: true, mayBeOnPath: true }),
  {
    name: 'traefik',
    version: 'v3.5.4',
    how: 'go build',
    module: 'traefik',
    package: 'github.com/traefik/traefik/v3/cmd/traefik',
    variables: { 'github.com/traefik/traefik/v3/pkg/version.Version': '3.5.4' },
  },
  { name: 'gateway-api.json', version: GATEWAY_API, how: 'custom resource definitions', module: 'traefik' },
  {
    // Rules have names in the standard channel from v1.4 on; until then in this one, in the same field.
    name: 'gateway-api-named-rules.json',
    version: GATEWAY_API,
    how: 'custom resource definitions',
    module: 'traefik',
    channel: 'experimental',
    plurals: ['httproutes', 'grpcroutes'],
  },
  {
    name: 'helm',
    version: 'v4.3.1',
    how: 'go build',
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    variables: { 'helm.sh/helm/v4/internal/version.version': 'v4.3.1' },
  },
];

export function moduleFolder(tool: Tool): string {
  if (tool.module === undefined) throw new Error(`${tool.name} is not built from a Go module`);
  return join(import.meta.dirname, tool.module);
}

/** What a cached file was made from; another stamp means that it is made again. */
export function stampOf(tool: Tool): string {
  const hash = createHash('sha256').update(JSON.stringify([tool.package ?? '', tool.variables ?? {}]));
  if (tool.module !== undefined)
    for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder(tool), file)));
  return `${tool.name} ${tool.version} ${hash.digest('hex')}\n`;
}
